"""Functions that arrange 2D poses for lifters, follow people and draw, as MMPose 1.x has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import posekit.apis as apis
from posekit.apis import (
    _compute_iou,
    _track_by_iou,
    _track_by_oks,
    collate_pose_sequence,
    collect_multi_frames,
    convert_keypoint_definition,
    extract_pose_sequence,
    visualize,
)
from posekit.inference.pose_model import DEFAULT_MODEL
from posekit.structures import InstanceData, PoseDataSample

NAMES = (
    "init_model", "inference_topdown", "inference_bottomup", "collect_multi_frames", "Pose2DInferencer",
    "MMPoseInferencer", "_track_by_iou", "_track_by_oks", "_compute_iou", "inference_pose_lifter_model",
    "extract_pose_sequence", "convert_keypoint_definition", "collate_pose_sequence", "visualize",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_mmpose_are_there(name: str) -> None:
    assert callable(getattr(apis, name))
    assert name in apis.__all__


def person(value: float, identity: int = 0) -> PoseDataSample:
    keypoints = np.full((1, 17, 2), value) + np.arange(17)[:, None]
    found = InstanceData(
        keypoints=keypoints,
        keypoint_scores=np.ones((1, 17)),
        bboxes=np.array([[value, value, value + 20, value + 20]]),
        areas=np.array([400.0]),
    )
    return PoseDataSample(metainfo={"track_id": identity}, pred_instances=found)


def test_frames_around_one() -> None:
    assert collect_multi_frames(list(range(10)), 1, [-2, -1, 0, 1, 2]) == [1, 0, 0, 2, 3]
    assert collect_multi_frames(list(range(10)), 5, [-1, 0, 1], online=True) == [5, 4, 5]
    assert collect_multi_frames(list(range(10)), 9, [1]) == [9, 9]


@pytest.mark.parametrize(
    ("frame", "causal", "length", "step", "wanted"),
    [
        (0, False, 5, 1, [0, 0, 0, 1, 2]),
        (5, False, 3, 2, [3, 5, 5]),
        (3, True, 3, 1, [1, 2, 3]),
        (1, True, 3, 2, [0, 0, 1]),
        (2, False, 1, 1, [2]),
    ],
)
def test_the_frames_that_a_lifter_sees(frame: int, causal: bool, length: int, step: int, wanted: list[int]) -> None:
    results: Any = list(range(6))
    assert extract_pose_sequence(results, frame, causal, length, step) == wanted


def test_people_are_gathered_over_frames() -> None:
    frames = [[person(0, 1)], [person(10, 2), person(20, 1)], [person(30, 2)]]
    second, first = collate_pose_sequence(frames, target_frame=1)
    assert second.pred_instances.keypoints[0, :, 0, 0].tolist() == [10, 10, 30]
    assert first.pred_instances.keypoints[0, :, 0, 0].tolist() == [0, 20, 20]
    with pytest.raises(ValueError, match="is empty"):
        collate_pose_sequence([])


def test_keypoints_in_a_lifter_s_order() -> None:
    keypoints = np.random.default_rng(0).uniform(0, 9, (2, 17, 3))
    converted = convert_keypoint_definition(keypoints, "coco", "h36m")
    np.testing.assert_allclose(converted[:, 0], (keypoints[:, 11] + keypoints[:, 12]) / 2)
    np.testing.assert_allclose(converted[:, 10], (keypoints[:, 1] + keypoints[:, 2]) / 2)
    np.testing.assert_allclose(converted[:, 9], keypoints[:, 0])
    np.testing.assert_allclose(convert_keypoint_definition(converted, "h36m", "h36m"), converted)
    with pytest.raises(ValueError, match="'coco' has 17"):
        convert_keypoint_definition(keypoints[:, :5], "coco", "h36m")


def test_greedy_tracking() -> None:
    assert _compute_iou([0, 0, 10, 10, 0.9], [5, 0, 15, 10, 0.8]) == pytest.approx(1 / 3)
    for track in (_track_by_iou, _track_by_oks):
        last = [person(100, 4), person(1, 7)]
        identity, others, match = track(person(0), last, 0.3)
        assert (identity, len(others), match.get("track_id")) == (7, 1, 7)
        assert track(person(0), others, 0.3) == (-1, others, {})
        assert track(person(0), [], 0.3) == (-1, [], {})


def test_keypoints_are_drawn() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    keypoints = np.random.default_rng(0).uniform(0, 60, (17, 2))
    drawn = visualize(image, keypoints, metainfo="coco")
    assert drawn.shape == image.shape
    assert drawn.any()
    assert not visualize(image, keypoints, np.zeros(17)).any()
    assert (visualize(image, keypoints, skeleton_style="openpose") != drawn).any()
    assert visualize(DEFAULT_MODEL.with_name("demo.jpg"), keypoints[None]).shape == (512, 512, 3)
