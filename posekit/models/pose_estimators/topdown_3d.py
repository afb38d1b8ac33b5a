"""One instance per input, cropped by its box, with its keypoints in the camera's space."""

from __future__ import annotations

from typing import Any

from posekit.codecs.camera_space import to_camera
from posekit.models.pose_estimators.base import ComposedPoseEstimator, copy_boxes, input_to_image
from posekit.registry import MODELS
from posekit.structures import InstanceData, PoseDataSample

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
