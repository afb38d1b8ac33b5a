"""All instances of an image at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from posekit.models.heads.base import SampleBatch
from posekit.models.pose_estimators.base import ComposedPoseEstimator, input_to_image
from posekit.registry import MODELS
from posekit.structures import InstanceData, PoseDataSample


@MODELS.register_module()
class BottomupPoseEstimator(ComposedPoseEstimator):
    """Predicts all instances in each image; the arguments are those of ComposedPoseEstimator.

    With ``test_cfg.multiscale_test`` the inputs are a list of one batch per scale, in any order except that the
    first has the scale of the predictions.
    """

    def features(self, inputs: Any, samples: SampleBatch) -> Any:
        if not self.test_cfg.get("multiscale_test"):
            return super().features(inputs, samples)
        if isinstance(inputs, Tensor) or not isinstance(inputs, Sequence):
            raise ValueError("multiscale_test takes a list of inputs, one for each scale; got a single one")
        return [super(BottomupPoseEstimator, self).features(scaled, samples) for scaled in inputs]

    def place(self, instances: InstanceData, sample: PoseDataSample) -> None:
        back = input_to_image(sample)
        instances.keypoints = back.points(instances.keypoints)
        if "bboxes" in instances:
            corners = instances.bboxes.reshape(-1, 2, 2)  # (N, two corners, xy)
            instances.bboxes = back.points(corners).reshape(-1, 4)
