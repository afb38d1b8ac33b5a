"""Poses in one call."""

from __future__ import annotations

import numpy as np
import pytest

from posekit import Pose, PoseResult
from posekit.inference.pose_model import DEFAULT_MODEL, PoseModel
from posekit.media.image_file import read_image, write_image
from posekit.media.video import VideoWriter


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return read_image(DEFAULT_MODEL.with_name("demo.jpg"))


@pytest.fixture(scope="module")
def pose() -> Pose:
    return Pose(device="cpu")


def test_the_default_finds_the_keypoints_of_the_demo(pose, image):
    result = pose(image, [[40, 10, 380, 510]])
    assert isinstance(result, PoseResult)
    assert len(result) == 1
    nose = result.keypoints[0, result.skeleton["keypoint_name2id"]["nose"]]
    np.testing.assert_allclose(nose, (225, 120), atol=15)  # measured in the photograph


def test_it_is_the_same_model_as_an_exported_file(pose, image):
    box = [[40, 10, 380, 510]]
    opened = Pose(DEFAULT_MODEL, device="cpu")(image, box)
    np.testing.assert_array_equal(opened.keypoints, pose(image, box).keypoints)
    np.testing.assert_allclose(opened.keypoints, PoseModel.default().predict(image, box).keypoints)


def test_sources(pose, image, tmp_path):
    small = image[::4, ::4].copy()
    for name in ("b.png", "a.png"):
        write_image(tmp_path / name, small)
    with VideoWriter(tmp_path / "video.mp4", 10) as video:
        for _ in range(3):
            video.write(small)
    counts = [len(list(pose.stream(source))) for source in (small, [small, small], tmp_path, tmp_path / "video.mp4")]
    assert counts == [1, 2, 2 + 3, 3]
    assert len(list(pose.stream(np.stack([small] * 3)))) == 3
    assert len(list(pose.stream(str(tmp_path / "*.png")))) == 2
    assert [result.image_size_wh for result in pose.stream(tmp_path / "a.png")] == [(128, 128)]
    assert [result.frame for result in pose.stream(tmp_path / "a.png")] == [None]
    frames = list(pose.stream(tmp_path / "video.mp4"))
    assert [(result.frame, result.time) for result in frames[:2]] == [(0, 0), (1, pytest.approx(0.1))]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(checkpoint="a.pth"), "checkpoint a.pth: belongs to a config"),
        (dict(name_or_config="a.py"), "a.py: a config needs weights"),
        (dict(device="tpu"), "device 'tpu'"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(ValueError, match=message):
        Pose(**arguments)
