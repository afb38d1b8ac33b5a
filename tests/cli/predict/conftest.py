from __future__ import annotations

import cv2
import numpy as np
import pytest
from corner_model import BOX_SET, Corners

from posekit.cli import predict_models
from posekit.inference.top_down import TopDownPredictor
from posekit.media.video import VideoWriter


@pytest.fixture(autouse=True)
def corner_model(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("posekit.inference.people.PEOPLE", "whole")  # these images show nobody
    monkeypatch.setattr(
        predict_models, "open_predictor", lambda *_, **__: TopDownPredictor(Corners(), Corners(), metainfo=BOX_SET)
    )


@pytest.fixture
def images(tmp_path):
    for name in ("a.jpg", "b.png", "sub/a.jpg"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "in" / name), np.full((40, 60, 3), 200, np.uint8))
    return tmp_path / "in"


@pytest.fixture
def video(tmp_path):
    with VideoWriter(tmp_path / "walk.mp4", fps=10) as writer:
        for number in range(6):
            writer.write(np.full((48, 64, 3), 40 * number, np.uint8))
    return tmp_path / "walk.mp4"
