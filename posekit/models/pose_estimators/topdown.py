"""One instance per input, cropped by its box."""

from __future__ import annotations

from posekit.models.pose_estimators.base import BasePoseEstimator, copy_boxes, input_to_image
from posekit.registry import MODELS
from posekit.structures import InstanceData, PoseDataSample


@MODELS.register_module()
class TopdownPoseEstimator(BasePoseEstimator):
    """Finds the keypoints of the one instance that each input shows; arguments as for BasePoseEstimator."""

    def place(self, instances: InstanceData, sample: PoseDataSample) -> None:
        instances.keypoints = input_to_image(sample).points(instances.keypoints)
        copy_boxes(instances, sample)
