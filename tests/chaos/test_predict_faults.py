"""``posekit predict`` on a disk that fails at any moment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from corner_model import BOX_SET, Corners, call
from faults import KINDS, Disk, faulty, files_of, leftovers, told_once

from posekit.cli import predict_models
from posekit.inference.top_down import TopDownPredictor
from posekit.media.video import VideoWriter

FORMATS = ("json", "jsonl", "csv", "openpose", "dlc")
PARTIAL = "predictions.partial.jsonl"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    for name in ("a.jpg", "b.png"):
        cv2.imwrite(str(folder / name), np.full((40, 60, 3), 200, np.uint8))
    with VideoWriter(folder / "walk.mp4", fps=10) as writer:
        for number in range(3):
            writer.write(np.full((48, 64, 3), 40 * number, np.uint8))
    return folder


@pytest.fixture(autouse=True)
def corner_model(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("posekit.inference.people.PEOPLE", "whole")
    monkeypatch.setattr(
        predict_models, "open_predictor", lambda *_, **__: TopDownPredictor(Corners(), Corners(), metainfo=BOX_SET)
    )


def predicted(inputs: Path, *options: str) -> int:
    return call(inputs / "a.jpg", inputs / "walk.mp4", inputs / "b.png", "--out", "o", *options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [("--no-draw", *(f"--format={name}" for name in FORMATS)), ()])
def test_new_folder(inputs, tmp_path, capsys, count_fault, long, options, kind):
    """What a failed run leaves is a beginning of the right results, and the same command with --resume completes it."""
    out, sources = tmp_path / "o", files_of(inputs)
    with faulty(Disk(tmp_path)) as disk:
        assert predicted(inputs, *options) == 0
    whole = files_of(out)
    for number in range(0, len(disk.operations), 1 if long else 3):
        shutil.rmtree(out)
        capsys.readouterr()
        with faulty(Disk(tmp_path, number, **KINDS[kind])):
            code = predicted(inputs, *options)
        count_fault()
        where = f"{kind} fault at {number}: {disk.operations[number]}"
        err = capsys.readouterr().err
        assert code, where
        assert told_once(err), f"{where}\n{err}"
        assert "error: o" in err, f"{where}\n{err}"
        left = files_of(out) if out.exists() else {}
        assert not leftovers(tmp_path), where
        for name, content in left.items():
            if name == PARTIAL:
                for line in content.splitlines()[:-1]:
                    json.loads(line)
            elif name != "predictions.json":  # that of a drawing that failed has all poses, with less of them drawn
                assert content == whole[name], f"{where}: {name}"
        assert predicted(inputs, *options, *(["--resume"] if left else [])) == 0, f"{where}\n{capsys.readouterr().err}"
        after = files_of(out)
        assert after.keys() == whole.keys(), where
        assert {name for name in whole if after[name] != whole[name]} <= {"predictions.json"}, where
        assert poses_of(after) == poses_of(whole), where
    assert files_of(inputs) == sources


def poses_of(files: dict[str, bytes]) -> list:
    """Return file, frame and keypoints of each annotation, in a fixed order; resumed jobs number images anew."""
    content = json.loads(files["predictions.json"])
    images = {image["id"]: image for image in content["images"]}
    rows = [(images[row["image_id"]], row) for row in content["annotations"]]
    return sorted((image["file_name"], image.get("frame_id", 0), row["keypoints"]) for image, row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_with_results(inputs, tmp_path, capsys, count_fault, long, kind):
    """With --overwrite each file is the earlier one or the new one, whole."""
    out, options = tmp_path / "o", ("--overwrite", "--no-draw", "--format=csv,json")
    assert call(inputs / "b.png", "--out", "o", *options) == 0
    (out / "mine.txt").write_text("my notes")
    earlier = files_of(out)
    shutil.copytree(out, tmp_path / "earlier")
    with faulty(Disk(tmp_path)) as disk:
        assert predicted(inputs, *options) == 0
    whole = files_of(out)
    for number in range(0, len(disk.operations), 1 if long else 3):
        shutil.rmtree(out)
        shutil.copytree(tmp_path / "earlier", out)
        capsys.readouterr()
        with faulty(Disk(tmp_path, number, **KINDS[kind])):
            code = predicted(inputs, *options)
        count_fault()
        where, err = f"{kind} fault at {number}: {disk.operations[number]}", capsys.readouterr().err
        assert code, where
        assert told_once(err), f"{where}\n{err}"
        assert not leftovers(out), where
        left = files_of(out)
        assert left["mine.txt"] == b"my notes"
        for name, content in earlier.items():
            assert left[name] in (content, whole[name]), f"{where}: {name}"
