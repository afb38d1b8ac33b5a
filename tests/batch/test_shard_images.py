"""Each kind of source gives its images in order, and tells what it cannot read."""

from __future__ import annotations

import functools
import http.server
import io
import tarfile
import threading
from collections import Counter
from typing import ClassVar

import numpy as np
import pytest

from posekit.batch import shard_images
from posekit.batch.shard import plan_of
from posekit.batch.shard_images import images_of
from posekit.media.video import VideoWriter

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def read(*sources, shard_size=1000, column=None):
    plan = plan_of([str(source) for source in sources], shard_size=shard_size, column=column)
    return [image for shard in plan.shards for image in images_of(shard)]


def heights(found):
    return [None if image.pixels is None else image.pixels.shape[0] for image in found]


HEIGHTS = [40, 41, 42, None, 43, 44]


def test_a_folder(images):
    found = read(images)
    assert heights(found) == HEIGHTS
    assert str(images / "2b.jpg") in found[3].error
    assert found[0].image == str(images / "0.png")


def test_a_file_that_went_away(images):
    plan = plan_of([str(images)])
    (images / "1.png").unlink()
    assert "no such file" in list(images_of(plan.shards[0]))[1].error


def test_a_video_and_one_that_is_damaged(tmp_path):
    with VideoWriter(tmp_path / "walk.mp4", fps=10) as writer:
        for number in range(6):
            writer.write(np.full((48, 64, 3), 40 * number, np.uint8))
    found = read(tmp_path / "walk.mp4")
    assert [image.frame for image in found] == list(range(6))
    assert found[5].time == pytest.approx(0.5)
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    (image,) = read(tmp_path / "bad.mp4")
    assert "bad.mp4" in image.error


@pytest.mark.parametrize("kind", ["bytes", "struct", "path"])
def test_a_table(images, encoded, kind):
    cells = {
        "bytes": list(encoded.values()),
        "struct": [{"bytes": data, "path": name} for name, data in encoded.items()],
        "path": [f"in/{name}" for name in encoded],
    }
    path = images.parent / "t.parquet"
    parquet.write_table(pa.table({"image": [*cells[kind], None]}), path, row_group_size=2)
    found = read(path, shard_size=3)
    assert heights(found) == [*HEIGHTS, None]
    assert found[-1].error == "the cell is empty"
    if kind == "bytes":
        assert found[4].image == f"{path}#4"


def test_a_tar(tmp_path, encoded):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        for name, data in [*encoded.items(), ("0.json", b"{}")]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    found = read(path)
    assert heights(found) == HEIGHTS
    assert found[0].image == f"{path}/0.png"
    path.write_bytes(path.read_bytes()[:2200])
    *whole, last = read(path)
    assert heights(whole) == [40, 41]
    assert "is damaged, and ends here" in last.error


class Handler(http.server.SimpleHTTPRequestHandler):
    asked: ClassVar[Counter] = Counter()

    def do_GET(self):
        self.asked[self.path] += 1
        if self.path == "/busy.png" and self.asked[self.path] == 1:
            self.send_error(503)
            return
        self.path = self.path.replace("busy", "0")
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def site(images, monkeypatch):
    monkeypatch.setattr(shard_images.time, "sleep", lambda seconds: None)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    Handler.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(images)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_urls(site, tmp_path):
    urls = [
        f"{site}/0.png",
        f"{site}/busy.png",
        f"{site}/none.png",
        f"{site}/2b.jpg",
        "file:///etc/passwd",
        f"{site}/a b",
    ]
    parquet.write_table(pa.table({"url": urls}), tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet")
    assert heights(found) == [40, 40, None, None, None, None]
    assert Handler.asked["/busy.png"] == 2
    assert Handler.asked["/none.png"] == 1
    assert "404" in found[2].error
    assert "control characters" in found[5].error
    assert "only URLs that begin with http" in found[4].error
