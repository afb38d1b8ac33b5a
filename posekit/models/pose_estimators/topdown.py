"""One instance per input, cropped by its box."""

from __future__ import annotations

from posekit.models.pose_estimators.base import ComposedPoseEstimator
from posekit.registry import MODELS


@MODELS.register_module()
class TopdownPoseEstimator(ComposedPoseEstimator):
    """Finds the keypoints of the one instance that each input shows; arguments as for ComposedPoseEstimator."""
