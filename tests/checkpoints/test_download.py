"""Downloads from a server in this process that serves files, drops connections, lies about lengths, and more."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from posekit.checkpoints import download as downloads
from posekit.checkpoints import transfer
from posekit.checkpoints.download import DownloadError, download

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = f"model-{SHA256[:8]}_20230504.pth"


class Server:
    """A server on 127.0.0.1 with what it is to serve, how, and what it was asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.resumes = True
        self.drops: list[int] = []
        """After how many bytes the next connections break."""
        self.extra_length = 0
        """By how much the length that it tells is wrong."""
        self.statuses: list[int] = []
        """Answers to the next requests in place of the file."""
        self.ranges: list[str | None] = []
        """The Range header of each request."""
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"

    def handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - there is another self inside
        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                server.ranges.append(self.headers.get("Range"))
                content = server.files.get(self.path)
                status = server.statuses.pop(0) if server.statuses else 200 if content is not None else 404
                if status != 200 or content is None:
                    self.send_error(status)
                    return
                start = 0
                if server.resumes and (spot := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))):
                    start, status = int(spot[1]), 206
                if start and start >= len(content):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(content)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(status)
                if status == 206:
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                self.send_header("Content-Length", str(len(content) - start + server.extra_length))
                self.end_headers()
                end = start + server.drops.pop(0) if server.drops else len(content)
                self.wfile.write(content[start:end])

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv(downloads.CACHE_VARIABLE, str(tmp_path / "cache"))
    for variable in (downloads.MIRROR_VARIABLE, downloads.OFFLINE_VARIABLE, "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(transfer, "PAUSE_S", 0.0)
    monkeypatch.setattr(transfer, "TIMEOUT_S", 10.0)
    running = Server()
    running.files[f"/a/{NAME}"] = CONTENT
    thread = threading.Thread(target=running.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield running
    running.http.shutdown()
    running.http.server_close()
    thread.join(10)


@pytest.fixture
def url(server: Server) -> str:
    return f"{server.address}/a/{NAME}"


def leftovers(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def test_a_file_is_downloaded_once_and_pinned(server: Server, url: str) -> None:
    path = download(url)
    assert path.read_bytes() == CONTENT
    assert download(url) == path
    assert server.ranges == [None]
    assert downloads.read_record(path)["sha256"] == SHA256
    assert leftovers(path) == [NAME, f"{NAME}.json"]


def test_keeps_files_of_one_name_apart(server: Server) -> None:
    server.files |= {"/a/model.pth": b"a", "/b/model.pth": b"b"}
    first, second = (download(f"{server.address}/{folder}/model.pth") for folder in "ab")
    assert (first.read_bytes(), second.read_bytes(), first.name) == (b"a", b"b", second.name)


def test_a_broken_connection_is_resumed(server: Server, url: str) -> None:
    server.drops = [3000, 10, 2000]
    assert download(url).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=3000-", "bytes=3010-", "bytes=5010-"]


def test_a_server_that_does_not_resume_is_asked_from_the_start(server: Server, url: str) -> None:
    server.resumes, server.drops = False, [3000, 2000]
    assert download(url).read_bytes() == CONTENT
    assert len(server.ranges) == 3


def test_connections_that_bring_nothing_end_and_the_beginning_stays(server: Server, url: str) -> None:
    server.drops = [3000, 0, 0, 0]
    with pytest.raises(DownloadError, match=r"broke at 3000 of 10240 bytes; 4 connections in a row"):
        download(url)
    assert leftovers(downloads.cached_path(url)) == [f"{NAME}.part"]
    server.ranges.clear()
    path = download(url)
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=3000-"]
    assert leftovers(path) == [NAME, f"{NAME}.json"]


@pytest.mark.parametrize("begun", [b"other bytes", CONTENT + b"more", b"x" * len(CONTENT)], ids=["some", "more", "all"])
def test_the_beginning_of_another_file_is_dropped(server: Server, url: str, begun: bytes) -> None:
    path = downloads.cached_path(url)
    path.parent.mkdir(parents=True)
    path.with_name(f"{NAME}.part").write_bytes(begun)
    assert download(url).read_bytes() == CONTENT


def test_what_came_before_an_interruption_stays(server: Server, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(transfer, "CHUNK", 3000)
        patch.setattr(transfer.ProgressBar, "advance", lambda bar, steps=1: steps and interrupt())
        with pytest.raises(KeyboardInterrupt):
            download(url)
    assert leftovers(downloads.cached_path(url)) == [f"{NAME}.part"]
    server.ranges.clear()
    assert download(url).read_bytes() == CONTENT
    assert server.ranges == ["bytes=3000-"]


def test_a_full_disk_is_told_with_the_file(server: Server, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(transfer, "_copy", fail)
    with pytest.raises(OSError, match="No space left") as error:
        download(url)
    assert error.value.filename == str(downloads.cached_path(url))
    assert not isinstance(error.value, DownloadError)


def test_without_a_digest_no_beginning_is_trusted(server: Server) -> None:
    server.files["/a/model.pth"], server.drops = CONTENT, [3000, 0, 0, 0]
    with pytest.raises(DownloadError, match="not published"):
        download(f"{server.address}/a/model.pth")
    assert leftovers(downloads.cached_path(f"{server.address}/a/model.pth")) == []


def test_a_length_that_is_too_long_is_a_broken_connection(server: Server, url: str) -> None:
    server.extra_length = 100
    server.files[f"/a/{NAME}"] = CONTENT[:-100]
    with pytest.raises(DownloadError, match=r"cannot be downloaded\n.*(broke|other bytes)"):
        download(url)
    server.extra_length = 0
    server.files[f"/a/{NAME}"] = CONTENT
    assert download(url).read_bytes() == CONTENT


def test_a_length_that_is_too_short_gives_no_file(server: Server, url: str) -> None:
    server.extra_length = -100
    with pytest.raises(DownloadError, match=f"other bytes than published: .*, not {SHA256[:8]}"):
        download(url)
    assert leftovers(downloads.cached_path(url)) == []


def test_other_bytes_are_refused_and_the_next_address_is_tried(server: Server, url: str) -> None:
    server.files |= {f"/a/{NAME}": b"<html>log in</html>", f"/b/{NAME}": CONTENT}
    path = download(url, others=[f"{server.address}/b/{NAME}"])
    assert path.read_bytes() == CONTENT
    assert path == downloads.cached_path(url)


@pytest.mark.parametrize("content", [b"", b"\n<!DOCTYPE html><html>log in</html>"], ids=["empty", "page"])
def test_a_page_in_place_of_a_file_without_a_digest_is_refused(server: Server, content: bytes) -> None:
    server.files["/a/model.zip"] = content
    with pytest.raises(DownloadError, match="an empty file or a web page"):
        download(f"{server.address}/a/model.zip")
    assert leftovers(downloads.cached_path(f"{server.address}/a/model.zip")) == []


def test_mirrors_are_asked_first_in_their_order(server: Server, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Server()
    monkeypatch.setenv(downloads.MIRROR_VARIABLE, f"{server.address}/none/, {server.address}/mirror")
    mirror.http.server_close()
    server.files = {f"/mirror/a/{NAME}": CONTENT}
    assert download(url).read_bytes() == CONTENT
    assert len(server.ranges) == 2
    monkeypatch.setenv(downloads.MIRROR_VARIABLE, "file:///etc")
    with pytest.raises(ValueError, match=r"POSEKIT_MIRROR: 'file:///etc' is no http"):
        download(f"{url}.pth")


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(server: Server, url: str) -> None:
    server.statuses = [503, 429]
    assert download(url).read_bytes() == CONTENT
    server.ranges.clear()
    with pytest.raises(DownloadError, match=r"none\.pth: HTTP 404 Not Found"):
        download(f"{server.address}/none.pth")
    assert len(server.ranges) == 1


def test_the_message_tells_how_to_bring_the_file_by_hand(server: Server, url: str) -> None:
    server.files.clear()
    with pytest.raises(DownloadError) as error:
        download(url)
    path = downloads.cached_path(url)
    for part in (f"file     {NAME}", f"address  {url}", f"starts with {SHA256[:8]}", f"folder   {path.parent}"):
        assert part in str(error.value)
    path.write_bytes(CONTENT)  # the folder is there
    assert download(url) == path
    assert downloads.read_record(path)["sha256"] == SHA256


def test_a_wrong_file_put_there_by_hand_is_refused(server: Server, url: str) -> None:
    path = downloads.cached_path(url)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="other bytes than published"):
        download(url)


def test_a_file_that_changed_after_it_was_pinned_is_refused(server: Server) -> None:
    server.files["/a/model.pth"] = CONTENT
    path = download(f"{server.address}/a/model.pth")
    os.utime(path, ns=(1, 1))
    assert download(f"{server.address}/a/model.pth") == path
    path.write_bytes(CONTENT[::-1])
    with pytest.raises(ValueError, match=f"has changed since it was pinned to SHA-256 {SHA256}"):
        download(f"{server.address}/a/model.pth")


@pytest.mark.parametrize("record", ["", "[]", '{"sha256": 3}'])
def test_a_damaged_record_is_made_anew(server: Server, url: str, record: str) -> None:
    path = download(url)
    path.with_name(f"{NAME}.json").write_text(record)
    assert download(url) == path
    assert json.loads(path.with_name(f"{NAME}.json").read_text())["sha256"] == SHA256


@pytest.mark.parametrize("by_variable", [True, False])
def test_offline_uses_the_cache_alone(
    server: Server, url: str, monkeypatch: pytest.MonkeyPatch, by_variable: bool
) -> None:
    if by_variable:
        monkeypatch.setenv(downloads.OFFLINE_VARIABLE, "1")
    offline = None if by_variable else True
    with pytest.raises(DownloadError, match="offline nothing is downloaded"):
        download(url, offline=offline)
    assert server.ranges == []
    path = download(url, offline=False)
    assert download(url, offline=offline) == path


def test_a_host_that_is_not_there_is_told(server: Server, url: str) -> None:
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(DownloadError, match="refused"):
        download(url)


@pytest.mark.parametrize("url", ["ftp://example.com/a.pth", "file:///etc/passwd"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"http\(s\)"):
        download(url)


def test_an_address_without_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match="names no file"):
        download("https://example.com/")


@pytest.mark.parametrize(
    ("name", "digits"),
    [
        ("rtmpose-m_simcc-ap10k_pt-aic-coco_210e-256x256-7a041aa1_20230206.pth", "7a041aa1"),
        ("cid_hrnet-w32_8xb20-140e_coco-512x512_42b7e6e6-20230207.pth", "42b7e6e6"),
        ("yolo-x_8xb8-300e_coco-face_13274d7c.pth", "13274d7c"),
        ("rtmw-dw-l-m_simcc-cocktail14_270e-256x192-20231122.pth", None),
        ("rtmdet_m_8xb32-300e_coco_20220719_112220-229f527c.pth", "229f527c"),
        ("yolox_m_8xb8-300e_humanart-c2c7a14a.zip", None),
        ("mine-0123abcd.safetensors", "0123abcd"),
        ("model.pth", None),
    ],
)
def test_digests_in_names(name: str, digits: str | None) -> None:
    assert downloads.named_digest(name) == digits
