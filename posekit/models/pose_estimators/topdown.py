"""One instance per input, cropped by its box."""

from __future__ import annotations

from posekit.models.pose_estimators.base import ComposedPoseEstimator
from posekit.registry import MODELS


@MODELS.register_module()
class TopdownPoseEstimator(ComposedPoseEstimator):
    """Predicts the keypoints of the one instance in each input; the arguments are those of ComposedPoseEstimator."""
