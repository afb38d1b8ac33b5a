from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from posekit.apis import inference_pose_lifter_model, inference_topdown, init_model
from posekit.apis.inference import keypoint_set_of, lifter_of
from posekit.inference.lifted_keypoints import lifted_keypoints
from posekit.inference.lifting import Windows, tracks
from posekit.inference.results import PoseResult
from posekit.structures import InstanceData, PoseDataSample

SIZE = (640, 480)
META_KEYS = ["id", "category_id", "target_img_path", "flip_indices", "target_root", "camera_param", "factor"]
TCN = dict(type="TCN", in_channels=34, stem_channels=16, num_blocks=1, dropout=0.0, kernel_sizes=(1, 1))
HEAD = dict(type="TemporalRegressionHead", in_channels=16, num_joints=17)
VIDEO = dict(type="VideoPoseLifting", num_keypoints=17, zero_center=True)
MEAN = np.full((1, 17, 2), 200.0).tolist()
IMAGE = dict(type="ImagePoseLifting", num_keypoints=17, remove_root=True, keypoints_mean=MEAN, keypoints_std=MEAN)
LIFTERS: dict[str, dict[str, Any]] = {
    "image": dict(backbone=TCN, head={**HEAD, "num_joints": 16, "decoder": IMAGE}, data=dict(seq_len=1)),
    "video": dict(
        backbone={**TCN, "kernel_sizes": (3, 3), "use_stride_conv": True}, head={**HEAD, "decoder": VIDEO},
        data=dict(seq_len=9, causal=False),
    ),
    "motionbert": dict(
        backbone=dict(type="DSTFormer", in_channels=3, feat_size=16, depth=1, num_heads=2, mlp_ratio=2, seq_len=8),
        head=dict(
            type="MotionRegressionHead", in_channels=16, embedding_size=16,
            decoder=dict(type="MotionBERTLabel", num_keypoints=17, concat_vis=True, rootrel=True),
        ),
        data=dict(seq_len=1, multiple_target=8),
    ),
}  # fmt: skip


def config_of(kind: str) -> dict[str, Any]:
    parts = copy.deepcopy(LIFTERS[kind])
    steps = [
        dict(type="GenerateTarget", encoder=parts["head"]["decoder"]),
        dict(type="PackPoseInputs", meta_keys=META_KEYS),
    ]
    return dict(
        model=dict(type="PoseLifter", backbone=parts["backbone"], head=parts["head"]),
        test_dataloader=dict(dataset=dict(type="Human36mDataset", pipeline=steps, **parts["data"])),
    )


@pytest.fixture(scope="module", params=LIFTERS)
def lifter(request) -> Any:
    return init_model(config_of(request.param))


def poses(frames: int = 11, persons: int = 2, skeleton: str = "HumanArtDataset", track_ids=None) -> list[PoseResult]:
    """Persons who walk to the right."""
    skeleton_of = keypoint_set_of({"test_dataloader": {"dataset": {"type": skeleton}}})
    start = np.random.default_rng(0).uniform(100, 400, (persons, 17, 2)).astype(np.float32)
    return [
        PoseResult(
            start + np.float32([3 * frame, 0]), np.full((persons, 17), 0.8), skeleton_of, SIZE, track_ids=track_ids
        )
        for frame in range(frames)
    ]


def test_every_person_of_every_frame_is_lifted(lifter):
    lifted = lifter_of(lifter).predict(poses())
    assert [frame.keypoints.shape for frame in lifted] == [(2, 17, 3)] * 11
    assert all(np.isfinite(frame.keypoints).all() for frame in lifted)
    assert np.abs(lifted[3].keypoints).max() > 0
    assert lifted[0].skeleton["dataset_name"] == "h36m"
    np.testing.assert_allclose(lifted[0].scores, 0.8)


def test_persons_do_not_mix_and_may_change_places(lifter):
    """The second person's joints are the same whether it is alone or its row changes."""
    both = poses(track_ids=np.array([7, 3]))
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
    return poses(frames, skeleton="Human36mDataset")


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
    model = init_model(config_of("video"))
    with pytest.raises(ValueError, match=message):
        inference_pose_lifter_model(model, change(samples(h36m(2))), image_size=SIZE, **options)


def test_a_lifter_takes_no_images_and_others_lift_nothing():
    with pytest.raises(ValueError, match=r"takes no images; find 2D poses first"):
        inference_topdown(init_model(config_of("image")), np.zeros((4, 4, 3), np.uint8))
    config = config_of("image")
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


def test_tracks_by_name_and_by_place():
    frames = poses(2, track_ids=np.array([5, 9]))
    frames[1] = frames[1][[1]]
    assert tracks(frames) == [[(0, 0)], [(0, 1), (1, 0)]]
    assert tracks(poses(2, persons=1)) == [[(0, 0), (1, 0)]]


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
