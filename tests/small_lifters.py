"""Lifters that are small enough to run in tests, and poses that they lift."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from posekit.apis.inference import keypoint_set_of
from posekit.inference.results import PoseResult

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


def lifter_config(kind: str) -> dict[str, Any]:
    parts = copy.deepcopy(LIFTERS[kind])
    steps = [
        dict(type="GenerateTarget", encoder=parts["head"]["decoder"]),
        dict(type="PackPoseInputs", meta_keys=META_KEYS),
    ]
    return dict(
        model=dict(type="PoseLifter", backbone=parts["backbone"], head=parts["head"]),
        test_dataloader=dict(dataset=dict(type="Human36mDataset", pipeline=steps, **parts["data"])),
    )


def walking_persons(
    frames: int = 11, persons: int = 2, skeleton: str = "HumanArtDataset", track_ids=None
) -> list[PoseResult]:
    """Persons who walk to the right."""
    skeleton_of = keypoint_set_of({"test_dataloader": {"dataset": {"type": skeleton}}})
    start = np.random.default_rng(0).uniform(100, 400, (persons, 17, 2)).astype(np.float32)
    return [
        PoseResult(
            start + np.float32([3 * frame, 0]), np.full((persons, 17), 0.8), skeleton_of, SIZE, track_ids=track_ids
        )
        for frame in range(frames)
    ]
