from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from small_lifters import LIFTERS, SIZE, lifter_config, walking_persons

from posekit.apis import inference_pose_lifter_model, inference_topdown, init_model
from posekit.apis.inference import lifter_of
from posekit.inference.lifted_keypoints import lifted_keypoints
from posekit.inference.lifter_recipe import Windows
from posekit.inference.results import PoseResult
from posekit.structures import InstanceData, PoseDataSample


@pytest.fixture(scope="module", params=LIFTERS)
def lifter(request) -> Any:
    return init_model(lifter_config(request.param))


def test_every_person_of_every_frame_is_lifted(lifter):
    lifted = lifter_of(lifter).predict(walking_persons())
    assert [frame.keypoints.shape for frame in lifted] == [(2, 17, 3)] * 11
    assert all(np.isfinite(frame.keypoints).all() for frame in lifted)
    assert np.abs(lifted[3].keypoints).max() > 0
    assert lifted[0].skeleton["dataset_name"] == "h36m"
    np.testing.assert_allclose(lifted[0].scores, 0.8)


def test_persons_do_not_mix_and_may_change_places(lifter):
    """The second person's joints are the same whether it is alone or its row changes."""
    both = walking_persons(track_ids=np.array([7, 3]))
    swapped = [frame[[1, 0]] if number % 2 else frame for number, frame in enumerate(both)]
    wanted, found = (lifter_of(lifter).predict(frames) for frames in ([frame[1] for frame in both], swapped))
    for number, (alone, frame) in enumerate(zip(wanted, found, strict=True)):
        np.testing.assert_allclose(frame.keypoints[0 if number % 2 else 1], alone.keypoints[0], atol=1e-5)


def samples(results: list[PoseResult]) -> list[list[PoseDataSample]]:
    return [
        [
            PoseDataSample(
                metainfo={"track_id": row},
                pred_instances=InstanceData(
                    keypoints=person.keypoints, keypoint_scores=person.scores,
                    bboxes=np.array([[100.0, 100, 200, 300]], np.float32),
                ),
            )
            for row, person in enumerate(result)
        ]
        for result in results
    ]  # fmt: skip


def h36m(frames: int) -> list[PoseResult]:
    return walking_persons(frames, skeleton="Human36mDataset")


def window_length(lifter: Any) -> int:
    return lifter_of(lifter).windows.length


def test_the_face_lifts_the_middle_of_a_window(lifter):
    results = h36m(window_length(lifter))
    found = inference_pose_lifter_model(lifter, samples(results), image_size=SIZE)
    wanted = lifter_of(lifter).predict(results)
    middle = len(results) // 2
    assert [sample.track_id for sample in found] == [0, 1]
    for row, sample in enumerate(found):
        joints = sample.pred_instances.keypoints
        joints = joints[middle] if len(joints) > 1 else joints[0]
        np.testing.assert_allclose(joints, wanted[middle].keypoints[row], atol=1e-5)


def test_a_person_that_is_missing_keeps_its_nearest_pose(lifter):
    frames = samples(h36m(window_length(lifter)))
    frames[0] = frames[0][: 1 if len(frames) > 1 else 2]
    assert len(inference_pose_lifter_model(lifter, frames, image_size=SIZE, norm_pose_2d=True)) == 2


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda frames: [], {}, "pose_results_2d: is empty"),
        (lambda frames: [[PoseDataSample(pred_instances=frames[0][0].pred_instances)]], {}, "has no track_id"),
        (lambda frames: [frames[0], frames[1][:1]], dict(with_track_id=False), r"the frames have \[2, 1\]"),
    ],
)
def test_wrong_windows(change, options, message):
    model = init_model(lifter_config("video"))
    with pytest.raises(ValueError, match=message):
        inference_pose_lifter_model(model, change(samples(h36m(2))), image_size=SIZE, **options)


def test_a_lifter_takes_no_images_and_others_lift_nothing():
    with pytest.raises(ValueError, match=r"takes no images; find 2D poses first"):
        inference_topdown(init_model(lifter_config("image")), np.zeros((4, 4, 3), np.uint8))
    config = lifter_config("image")
    config["model"] = dict(type="TopdownPoseEstimator", backbone=dict(type="ResNet", depth=18))
    with pytest.raises(ValueError, match="is no PoseLifter"):
        lifter_of(init_model(config))


@pytest.mark.parametrize(
    ("windows", "count", "wanted"),
    [
        (Windows(3), 3, [([0, 0, 0], [0]), ([0, 0, 1], [1]), ([0, 1, 2], [2])]),
        (Windows(3, step=2, causal=False), 3, [([0, 0, 2], [0]), ([0, 1, 2], [1]), ([0, 2, 2], [2])]),
        (Windows(4, whole=True), 9, [([0, 1, 2, 3], [0, 1, 2, 3]), ([4, 5, 6, 7], [4, 5, 6, 7]), ([5, 6, 7, 8], [8])]),
        (Windows(4, whole=True), 2, [([0, 1], [0, 1])]),
    ],
)
def test_windows(windows, count, wanted):
    assert [(seen.tolist(), targets.tolist()) for seen, targets in windows.of_track(count)] == wanted


def set_of(*names: str) -> dict[str, Any]:
    return dict(keypoint_name2id={n: i for i, n in enumerate(names)}, keypoint_id2name=dict(enumerate(names)))


def test_joints_are_made_of_the_keypoints_there_are():
    source = set_of("left_hip", "right_hip", "right_ankle", "neck", "head_top")
    points = np.array([[[0, 0], [10, 20], [4, 4], [0, 40], [0, 80]]], np.float32)
    target = set_of("right_foot", "root", "neck_base")
    found, scores = lifted_keypoints(points, np.array([[0.2, 0.4, 1.0, 0.5, 0.5]]), source, target)
    np.testing.assert_allclose(found, [[[4, 4], [5, 10], [0, 50]]])
    np.testing.assert_allclose(scores, [[1, 0.3, 0.5]])
    with pytest.raises(ValueError, match=r"joints left_wrist cannot be made of the keypoints"):
        lifted_keypoints(points, scores, source, set_of("left_wrist"))
