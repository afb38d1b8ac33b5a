"""PCK as the JHMDB benchmark reports it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from posekit.evaluation.metrics.pck_accuracy import PartPCKAccuracy
from posekit.evaluation.pck import keypoint_pck
from posekit.registry import METRICS


@METRICS.register_module()
class JhmdbPCKAccuracy(PartPCKAccuracy):
    """PCK and tPCK of seven parts of the body and of all keypoints."""

    parts: ClassVar[dict[str, tuple[str, ...]]] = {
        "Head": ("head",),
        "Sho": ("right_shoulder", "left_shoulder"),
        "Elb": ("right_elbow", "left_elbow"),
        "Wri": ("right_wrist", "left_wrist"),
        "Hip": ("right_hip", "left_hip"),
        "Knee": ("right_knee", "left_knee"),
        "Ank": ("right_ankle", "left_ankle"),
    }

    def summary(self, name: str, distances: np.ndarray) -> dict[str, float]:
        """Return the PCK of the parts and their whole."""
        per_keypoint, mean = keypoint_pck(distances, self.thr)
        return {**self.part_values(name, per_keypoint), name: mean}
