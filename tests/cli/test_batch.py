"""posekit batch tells what is wrong before anything starts, and what it has done."""

from __future__ import annotations

import contextlib
import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from posekit.batch.job_folder import JobFolder
from posekit.batch.projection import measured
from posekit.batch.stages import FindBoxes, FindPoses, read
from posekit.cli import main as cli

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs ray")


@pytest.fixture(autouse=True)
def images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "a.png"), np.zeros((40, 60, 3), np.uint8))
    (tmp_path / "empty").mkdir()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("empty", "--out", "o"), "empty: no images or videos in this folder"),
        (("nothing", "--out", "o"), "nothing: no such image, video or folder"),
        (("in", "--out", "in/o"), "lies in the source in"),
        (("in", "--out", "in/a.png"), "lies in the source in"),
        (("in/a.png", "--out", "in/a.png"), "is a file"),
        (("in/a.png", "--out", "in"), "holds a.png and no batch job"),
        (("in", "--out", "o", "--model", "none.onnx"), "none.onnx"),
        (("in", "--out", "o", "--detector", "whole", "--classes", "cat"), "--classes"),
    ],
)
def test_mistakes(tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit) as done:
        cli.main(["batch", *arguments])
    assert done.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "o").exists()


def in_process(shards, options, workers, *, detects):
    """Do in this process what Ray's workers do."""
    boxes = FindBoxes(options, workers.device) if detects else None
    poses = FindPoses(options, workers.device, detects=detects)
    for shard in shards:
        for table in read(shard):
            yield poses(table if boxes is None else boxes(table))


@pytest.fixture
def without_ray(monkeypatch):
    available = {"CPU": 2.0, "nodes": 1.0}
    monkeypatch.setattr("posekit.batch.workers.cluster", lambda *_: contextlib.nullcontext(available))
    monkeypatch.setattr("posekit.batch.run.pose_stream", in_process)
    monkeypatch.setattr(
        "posekit.batch.projection.measured_by_a_worker",
        lambda shards, options, workers, **stages: measured(shards, options, workers.device, **stages),
    )


def call(*arguments):
    with pytest.raises(SystemExit) as done:
        cli.main(["batch", *arguments])
    return int(done.value.code or 0)


JOB = ("in", "--out", "o", "--detector", "whole", "--shard-size", "2")


def test_a_job_from_beginning_to_end(tmp_path, capsys, without_ray):
    for name in "bcd":
        (tmp_path / "in" / f"{name}.png").write_bytes((tmp_path / "in" / "a.png").read_bytes())
    assert call(*JOB) == 0
    out = capsys.readouterr().out
    assert "about 4 images with 2 workers on 1 machine" in out
    assert "poses of 4 images: o/poses" in out
    assert [Path(result.file_name).name for result in JobFolder(Path("o")).poses()] == [
        "a.png",
        "b.png",
        "c.png",
        "d.png",
    ]
    assert call(*JOB) == 0
    assert capsys.readouterr().out.startswith("2 of 2 shards are committed already\nposes of 4 images")
    assert call(*JOB, "--max-people", "1") == 2
    assert "o: holds another job (max_people was null, is 1)" in capsys.readouterr().err
    (tmp_path / "in" / "e.png").touch()
    assert call(*JOB) == 2
    assert "inputs was" in capsys.readouterr().err


def test_images_that_cannot_be_used_are_told_and_may_be_tried_again(tmp_path, capsys, without_ray):
    (tmp_path / "in" / "b.png").write_bytes(b"no image")
    assert call(*JOB) == 1
    captured = capsys.readouterr()
    assert "poses of 1 images" in captured.out
    assert "1 images could not be used: o/errors" in captured.err
    (tmp_path / "in" / "b.png").write_bytes((tmp_path / "in" / "a.png").read_bytes())
    assert call("o/errors", "--out", "o2", "--detector", "whole") == 0
    assert [Path(result.file_name).name for result in JobFolder(Path("o2")).poses()] == ["b.png"]


def test_a_dry_run_tells_time_and_cost_and_writes_nothing(tmp_path, capsys, without_ray):
    assert call(*JOB, "--dry-run", "--workers", "1", "--price-per-hour", "3") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("each image takes: read ")
    assert "about 1 images with 1 workers" in second
    assert "at 3 per machine and hour" in second
    assert not (tmp_path / "o").exists()
