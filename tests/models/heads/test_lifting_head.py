"""Trajectories are the root's positions in the camera's space."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from posekit.codecs.video_pose_lifting import VideoPoseLifting
from posekit.models.heads.lifting_head import TrajectoryRegressionHead
from posekit.structures import InstanceData, PoseDataSample

ROOT = (0.5, -0.25, 4.0)
"""Metres, z forward."""
CAMERA = {"w": 1000, "h": 1000}


def video_codec(zero_center: bool = True) -> VideoPoseLifting:
    return VideoPoseLifting(num_keypoints=3, zero_center=zero_center)


def encoded_sample(codec: VideoPoseLifting, **metainfo: Any) -> PoseDataSample:
    """Return a sample of one frame whose three joints lie around ``ROOT``, encoded as GenerateTarget does."""
    joints = np.array([[ROOT, (1.0, 1.0, 5.0), (2.0, 0.0, 6.0)]], np.float32)
    encoded = codec.encode(np.zeros((1, 3, 2), np.float32), lifting_target=joints, camera_param=CAMERA)
    if "target_root" in encoded:
        metainfo = {"target_root": encoded["target_root"], **metainfo}
    names = ("lifting_target_label", "trajectory_weights")
    labels = InstanceData(**{name: torch.as_tensor(encoded[name]) for name in names})
    return PoseDataSample(metainfo=metainfo, gt_instance_labels=labels)


def constant_head(position: tuple[float, ...], num_joints: int = 1, **options: Any) -> TrajectoryRegressionHead:
    """Return a head that predicts ``position`` for every joint, whatever the features."""
    head = TrajectoryRegressionHead(2, num_joints, **options)
    torch.nn.init.zeros_(head.conv.weight)
    head.conv.bias.data = torch.tensor(position).repeat(num_joints)
    return head


def feats(batch: int) -> tuple[torch.Tensor]:
    return (torch.ones(batch, 2, 1),)


def test_the_trajectory_is_learned_from_the_root_and_not_from_joints_around_it() -> None:
    samples = [encoded_sample(video_codec())] * 2
    loss = constant_head(ROOT).loss(feats(2), samples)["loss_traj"]
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_errors_of_the_trajectory_count_by_inverse_depth() -> None:
    x, y, z = ROOT
    loss = constant_head((x + 0.3, y, z)).loss(feats(1), [encoded_sample(video_codec())])["loss_traj"]
    assert loss.item() == pytest.approx(0.3 / z, rel=1e-5)


def test_predicted_trajectories_do_not_contain_the_true_root() -> None:
    (prediction,) = constant_head((1.0, 2.0, 3.0), decoder=video_codec()).predict(
        feats(1), [encoded_sample(video_codec())]
    )
    assert prediction.keypoints.squeeze().tolist() == [1.0, 2.0, 3.0]


def test_several_joints_are_learned_where_the_codec_leaves_them_in_the_camera_space() -> None:
    codec = video_codec(zero_center=False)
    loss = constant_head(ROOT, num_joints=3, decoder=codec).loss(feats(1), [encoded_sample(codec)])["loss_traj"]
    distances = np.linalg.norm(np.array([(0.5, 1.25, 1.0), (1.5, 0.25, 2.0)]), axis=-1) / (5, 6)
    assert loss.item() == pytest.approx(distances.sum() / 3, rel=1e-5)


def test_a_missing_root_is_named() -> None:
    head = constant_head(ROOT, decoder=video_codec())
    with pytest.raises(ValueError, match=r"TrajectoryRegressionHead.*'target_root'.*PackPoseInputs.meta_keys"):
        head.loss(feats(1), [encoded_sample(video_codec(), target_root=None)])


def test_several_joints_cannot_learn_one_root() -> None:
    with pytest.raises(ValueError, match=r"num_joints: 3.*use num_joints=1"):
        constant_head(ROOT, num_joints=3).loss(feats(1), [encoded_sample(video_codec())])
