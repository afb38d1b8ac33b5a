"""What a sample without 3D labels hands to the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from posekit.datasets.transforms.pack_pose_inputs import PackPoseInputs
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.datasets.transforms.unlabeled_pose import UnlabeledPose

CAMERA = dict(w=100, h=80, f=np.array([[90.0], [91.0]]), c=np.array([[50.0], [40.0]]))
DISTORTION = dict(k=np.array([0.1, 0.2, 0.3]), p=np.array([0.4, 0.5]))


def results(**changes: Any) -> Any:
    points = np.arange(36.0).reshape(3, 6, 2)
    whole = dict(keypoints=points, keypoints_visible=np.ones((3, 6)), target_idx=[1], camera_param=CAMERA)
    return {**whole, "lifting_target": np.ones((1, 6, 3)), **changes}


@pytest.mark.parametrize(
    ("camera", "intrinsics"),
    [
        (CAMERA, [90, 91, 50, 40]),
        ({**CAMERA, **DISTORTION}, [90, 91, 50, 40, 0.1, 0.2, 0.3, 0.4, 0.5]),
    ],
)
@pytest.mark.parametrize("normalize_camera", [False, True])
def test_pixels_of_the_target_frame_and_the_camera_are_packed(
    camera: Any, intrinsics: list[float], normalize_camera: bool
) -> None:
    codec = dict(type="VideoPoseLifting", num_keypoints=6, normalize_camera=normalize_camera)
    steps = [dict(type="GenerateTarget", encoder=codec), PackPoseInputs(meta_keys=())]
    labels = Pipeline([UnlabeledPose(), *steps])(results(camera_param=camera))["data_samples"].gt_instance_labels
    np.testing.assert_allclose(labels.unlabeled_target_2d, np.arange(12.0, 24).reshape(1, 6, 2))
    np.testing.assert_allclose(labels.intrinsics, [intrinsics], rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(target_idx=[0, 1]), "needs one target frame in a sample, found 2"),
        (dict(camera_param=dict(w=1, h=1, c=[0, 0])), "camera_param lacks f, in pixels"),
    ],
)
def test_what_it_cannot_use_is_named(changes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"UnlabeledPose: {message}"):
        UnlabeledPose()(results(**changes))
