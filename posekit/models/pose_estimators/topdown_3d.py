"""One instance per input, cropped by its box, with its keypoints in the camera's space."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.codecs.simcc_3d_label import MEAN_ROOT_DEPTH
from posekit.models.heads.base import to_numpy
from posekit.models.pose_estimators.base import ComposedPoseEstimator, copy_boxes, input_to_image
from posekit.registry import MODELS
from posekit.structures import InstanceData, PoseDataSample

FOCAL_LENGTH = (1145.04940459, 1143.78109572)
"""Of Human3.6M's first camera, in pixels: where a sample does not tell its camera."""
MODES = ("3d", "2d", "vis")


@MODELS.register_module()
class TopdownPoseEstimator3D(ComposedPoseEstimator):
    """Finds the keypoints of the one instance that each input shows, and their depth.

    ``test_cfg`` takes ``mode`` as well, which says what ``pred_instances.keypoints`` are: with "3d", the default, in
    metres in the camera's space (x right, y down, z away from it), with "2d" in image pixels, with "vis" in the
    network's input with the depth in its pixels. ``transformed_keypoints`` are in image pixels in any case. The camera
    and the root's depth are those of the sample, by default one of Human3.6M and the mean of its people.

    Args:
        settings: settings of ComposedPoseEstimator.

    Raises:
        ValueError: for another mode.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.mode = self.test_cfg.get("mode", "3d")
        if self.mode not in MODES:
            raise ValueError(f"{type(self).__name__}.test_cfg.mode: {self.mode!r}; allowed are {', '.join(MODES)}")

    def place(self, instances: InstanceData, sample: PoseDataSample) -> None:
        """Bring a sample's keypoints to the space that the mode names."""
        keypoints = instances.keypoints  # (N, K, 3)
        in_image = input_to_image(sample).points(keypoints[..., :2])
        if self.mode == "3d":
            instances.keypoints = to_camera(in_image, keypoints[..., 2], sample)
        else:
            instances.keypoints = in_image if self.mode == "2d" else instances.keypoints_simcc
        instances.transformed_keypoints = in_image
        copy_boxes(instances, sample)


def to_camera(points: np.ndarray, depth: np.ndarray, sample: PoseDataSample) -> np.ndarray:
    """Return keypoints (N, K, 3) in metres in the camera's space.

    Args:
        points: (N, K, 2) in image pixels.
        depth: (N, K) in metres relative to the root.
        sample: tells the camera, the root's depth and the image's size where it knows them.
    """
    known = sample.get("gt_instances") or InstanceData()
    cameras = known.get("camera_params")
    if cameras is None:
        focal, center = FOCAL_LENGTH, [side / 2 for side in reversed(sample.metainfo["ori_shape"][:2])]
    else:
        focal, center = cameras[0]["f"], cameras[0]["c"]
    root_z = np.asarray(to_numpy(known.get("root_z", MEAN_ROOT_DEPTH)), dtype=np.float32).reshape(-1, 1)
    z = (depth + root_z)[..., None]
    rays = (points - np.reshape(center, 2)) / np.reshape(focal, 2)
    return np.concatenate([rays * z, z], axis=-1).astype(np.float32)
