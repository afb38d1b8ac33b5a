"""Keypoints in pixels and depth, brought to the camera's space."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from posekit.codecs.camera_space import FOCAL_LENGTH, to_camera
from posekit.geometry import Affine
from posekit.registry import MODELS
from posekit.structures import InstanceData, PoseDataSample

CODEC = dict(type="SimCC3DLabel", input_size=(48, 64, 48), sigma=2.0)
MODEL = dict(
    type="TopdownPoseEstimator3D",
    backbone=dict(type="CSPNeXt", deepen_factor=0.33, widen_factor=0.125, out_indices=(3, 4)),
    head=dict(
        type="RTMW3DHead", in_channels=128, out_channels=5, input_size=(48, 64, 48), in_featuremap_size=(2, 2),
        gau_cfg=dict(hidden_dims=8, s=4), decoder=CODEC,
    ),
)  # fmt: skip


def sample(**instances: Any) -> PoseDataSample:
    affine = Affine(np.array([[0.5, 0, -10], [0, 0.5, -20]]), "image", "input")
    return PoseDataSample(metainfo=dict(affine=affine, ori_shape=(200, 240)), gt_instances=InstanceData(**instances))


def predictions() -> InstanceData:
    points = np.array([[[10.0, 20, 0], [0, 0, -0.5], [5, 5, 0.5], [1, 2, 0], [3, 4, 0]]], np.float32)
    return InstanceData(keypoints=points, keypoints_simcc=points + 1, keypoint_scores=np.ones((1, 5)))


def test_a_pose_projects_back_to_its_pixels() -> None:
    points, depth = np.array([[[40.0, 80], [100, 20]]]), np.array([[0.0, 0.5]])
    camera = dict(f=(900.0, 800.0), c=(120.0, 90.0))
    pose = to_camera(points, depth, sample(camera_params=[camera], root_z=np.array([4.0])))
    np.testing.assert_allclose(pose[..., 2], [[4.0, 4.5]])
    np.testing.assert_allclose(pose[..., :2] / pose[..., 2:] * camera["f"] + camera["c"], points, rtol=1e-5)


def test_an_unknown_camera_looks_at_the_middle_of_the_image() -> None:
    pose = to_camera(np.array([[[120.0 + FOCAL_LENGTH[0], 100.0]]]), np.zeros((1, 1)), sample())
    np.testing.assert_allclose(pose[0, 0], [5.14388, 0, 5.14388], rtol=1e-5)


@pytest.mark.parametrize("mode", ["3d", "2d", "vis"])
def test_modes_choose_the_space_of_keypoints(mode: str) -> None:
    model: Any = MODELS.build({**MODEL, "test_cfg": dict(mode=mode)})
    instances = predictions()
    model.place(instances, sample(bboxes=np.zeros((1, 4))))
    np.testing.assert_allclose(instances.transformed_keypoints[0, 0], [40, 80])
    if mode == "2d":
        np.testing.assert_array_equal(instances.keypoints, instances.transformed_keypoints)
    elif mode == "vis":
        np.testing.assert_array_equal(instances.keypoints, predictions().keypoints_simcc)
    else:
        np.testing.assert_allclose(instances.keypoints[0, :3, 2], [5.14388, 4.64388, 5.64388], rtol=1e-5)
    assert instances.bboxes.shape == (1, 4)


def test_another_mode_is_refused() -> None:
    with pytest.raises(ValueError, match=r"test_cfg.mode: '4d'; allowed are 3d, 2d, vis"):
        MODELS.construct({**MODEL, "test_cfg": dict(mode="4d")})
