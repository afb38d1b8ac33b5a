"""posekit batch tells what is wrong before anything starts."""

from __future__ import annotations

import importlib.util

import cv2
import numpy as np
import pytest

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
