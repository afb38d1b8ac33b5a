"""Files of released models: brought from a folder by name or digest, unpacked, and loaded by an alias."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from posekit.apis import init_model
from posekit.checkpoints import download as downloads
from posekit.checkpoints.download import DownloadError
from posekit.zoo import model_index, weights
from posekit.zoo.model_index import ModelEntry, find
from posekit.zoo.weights import import_folder, local_file, pinned_sha256, weights_file

CONFIG = "body_2d_keypoint/topdown_heatmap/lspet/resnet-18-c4_lspet-96x96.py"


def archive_of(*names: str, content: bytes = b"network") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """Weights of a small model."""
    torch.manual_seed(0)
    torch.save({"state_dict": init_model(f"posekit::{CONFIG}").state_dict()}, tmp_path / "small.pth")
    return (tmp_path / "small.pth").read_bytes()


@pytest.fixture
def entry(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelEntry]:
    """A released model beside the others, whose file no server has."""
    monkeypatch.setenv(downloads.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(downloads.OFFLINE_VARIABLE, "1")
    digits = hashlib.sha256(content).hexdigest()[:8]
    pose = find("human")._replace(
        name="small-pose",
        aliases=("small",),
        config=CONFIG,
        urls=(f"https://example.com/small-{digits}.pth",),
        sha256=digits,
    )
    onnx = pose._replace(name="small-onnx", aliases=(), urls=("https://example.com/small.zip",), sha256="")
    entries = (*model_index.model_entries()[:3], pose, onnx)
    model_index._by_name.cache_clear()
    for module in (model_index, weights):
        monkeypatch.setattr(module, "model_entries", lambda: entries)
    yield pose
    model_index._by_name.cache_clear()


def test_a_file_is_recognised_by_its_name(entry: ModelEntry, content: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "usb" / "stick"
    folder.mkdir(parents=True)
    (folder / entry.file).write_bytes(content)
    (folder / "readme.txt").write_text("no model")
    [item] = import_folder(tmp_path / "usb")
    assert (item.entries, item.problem) == ((entry,), "")
    assert weights_file(entry).read_bytes() == content
    assert pinned_sha256(entry) == hashlib.sha256(content).hexdigest()


def test_a_file_is_recognised_by_its_digest(entry: ModelEntry, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "checkpoint (1).pth").write_bytes(content)
    [item] = import_folder(tmp_path / "checkpoint (1).pth")
    assert item.entries == (entry,)
    assert local_file(entry) == weights_file(entry)


def test_a_file_of_that_name_with_other_bytes_is_refused(entry: ModelEntry, tmp_path: Path) -> None:
    (tmp_path / entry.file).write_bytes(b"other")
    [item] = import_folder(tmp_path / entry.file)
    assert "other bytes than published" in item.problem
    assert local_file(entry) is None


def test_a_file_that_nobody_knows_is_left_out(entry: ModelEntry, tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(b"mine")
    [item] = import_folder(tmp_path / "mine.pth")
    assert (item.entries, item.problem) == ((), "")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder"):
        list(import_folder(tmp_path / "none"))


def test_an_exported_model_is_unpacked(entry: ModelEntry, tmp_path: Path) -> None:
    (tmp_path / "small.zip").write_bytes(archive_of("sdk/end2end.onnx", "sdk/deploy.json", "../../evil.txt"))
    [_] = import_folder(tmp_path / "small.zip")
    path = weights_file(find("small-onnx"))
    assert (path.name, path.read_bytes()) == ("small.onnx", b"network")
    assert weights_file(find("small-onnx")) == path
    assert not list(tmp_path.rglob("evil.txt"))
    (tmp_path / "small.zip").write_bytes(archive_of("end2end.onnx", content=b"newer network"))
    [_] = import_folder(tmp_path / "small.zip")
    assert weights_file(find("small-onnx")).read_bytes() == b"newer network"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (archive_of("readme.md"), "holds 0 ONNX files"),
        (archive_of("a.onnx", "b.onnx"), "holds 2 ONNX files"),
        (b"<html>", "cannot be unpacked"),
    ],
    ids=["none", "two", "damaged"],
)
def test_an_archive_without_one_model(entry: ModelEntry, tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "small.zip").write_bytes(data)
    [_] = import_folder(tmp_path / "small.zip")
    with pytest.raises(ValueError, match=message):
        weights_file(find("small-onnx"))


def test_an_alias_opens_a_model_with_its_weights(entry: ModelEntry, content: bytes, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="posekit zoo import"):
        init_model("small")
    (tmp_path / "any.pth").write_bytes(content)
    [_] = import_folder(tmp_path / "any.pth")
    model = init_model("small")
    expected = torch.load(tmp_path / "any.pth", weights_only=True)["state_dict"]
    assert all(torch.equal(value, expected[key]) for key, value in model.state_dict().items())
