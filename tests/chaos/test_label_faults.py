"""``posekit data convert``, ``track`` and ``smooth`` on a disk that fails at any moment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from faults import KINDS, Disk, faulty, files_of, leftovers, told_once

from posekit.cli import main as cli

FORMATS = ("coco", "yolo", "deeplabcut", "labelme", "cvat", "labelstudio", "openpose")


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main([*map(str, arguments)])
    return int(done.value.code or 0)


@pytest.fixture
def labels(tmp_path, monkeypatch) -> Path:
    """A COCO file of mice, and the earlier result of a conversion of fewer of them."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir()
    write_labels(folder / "few.json", 1)
    return write_labels(folder / "labels.json", 3)


def write_labels(path: Path, count: int) -> Path:
    """Write images of two mice each and their COCO annotations."""
    images, mice = [], []
    for number in range(count):
        cv2.imwrite(str(path.parent / f"{number}.png"), np.full((48, 64, 3), 40 * number, np.uint8))
        images.append({"id": number, "file_name": f"{number}.png", "width": 64, "height": 48})
        for mouse in range(2):
            box = {"bbox": [1, 2, 12.5, 13], "area": 80.5, "category_id": 1}
            points = [1.5, 2, 2, 3, 4.25 + number, 1, 10 + mouse, 11, 2]
            mice.append({"id": len(mice), "image_id": number, "keypoints": points, "num_keypoints": 3, **box})
    category = {"id": 1, "name": "mouse", "keypoints": ["nose", "left ear", "right ear"], "skeleton": [[1, 2]]}
    path.write_text(json.dumps({"images": images, "annotations": mice, "categories": [category]}))
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FORMATS)
def test_convert(labels, tmp_path, capsys, count_fault, long, name, kind):
    """Each file is the earlier or the new one, whole; the same command completes what is missing."""
    options = ("--to", name, "--yes", "--copy-images", "--overwrite", "--split", "none")
    if name in ("deeplabcut", "labelstudio", "labelme", "cvat", "openpose"):
        options = options[:-2]
    out = tmp_path / "o"
    assert call("data", "convert", labels.with_name("few.json"), out, *options) == 0
    shutil.copytree(out, tmp_path / "earlier")
    earlier, sources = files_of(out), files_of(labels.parent)
    with faulty(Disk(tmp_path)) as disk:
        assert call("data", "convert", labels, out, *options) == 0
    whole = files_of(out)
    for number in range(0, len(disk.operations), 1 if long else 4):
        shutil.rmtree(out)
        shutil.copytree(tmp_path / "earlier", out)
        capsys.readouterr()
        with faulty(Disk(tmp_path, number, **KINDS[kind])):
            code = call("data", "convert", labels, out, *options)
        count_fault()
        where, err = f"{kind} fault at {number}: {disk.operations[number]}", capsys.readouterr().err
        assert code == 2, where
        assert told_once(err), f"{where}\n{err}"
        assert str(out) in err, f"{where}\n{err}"
        assert not leftovers(out), where
        left = files_of(out)
        assert earlier.keys() <= left.keys(), where
        for file, content in left.items():
            assert content in (earlier.get(file), whole[file]), f"{where}: {file}"
        assert call("data", "convert", labels, out, *options) == 0
        assert files_of(out) == whole, where
    assert files_of(labels.parent) == sources


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", [("track",), ("smooth", "--filter", "median")])
def test_saved_poses(tmp_path, monkeypatch, capsys, count_fault, command, kind):
    """In place: the file is as it was, or tracked and smoothed."""
    monkeypatch.chdir(tmp_path)
    images = [{"id": t, "file_name": "a.mp4", "frame_id": t} for t in range(3)]
    rows = [
        {"id": t, "image_id": t, "keypoints": [x, 0, 1, x + 90, 90, 1], "bbox": [x, 0, 90, 90]}
        for t, x in enumerate([0, 4, 2])
    ]
    file = tmp_path / "p.json"
    text = json.dumps({"images": images, "annotations": rows})
    file.write_text(text)
    with faulty(Disk(tmp_path)) as disk:
        assert call(*command, "p.json", "-o", "p.json") == 0
    whole = file.read_text()
    for number, operation in enumerate(disk.operations):
        file.write_text(text)
        capsys.readouterr()
        with faulty(Disk(tmp_path, number, **KINDS[kind])):
            assert call(*command, "p.json", "-o", "p.json") == 2, operation
        count_fault()
        err = capsys.readouterr().err
        assert told_once(err), f"{operation}\n{err}"
        assert err.startswith("error: p.json: "), f"{operation}\n{err}"
        assert files_of(tmp_path) == {"p.json": text.encode()}, operation
        assert call(*command, "p.json", "-o", "p.json") == 0
        assert file.read_text() == whole
