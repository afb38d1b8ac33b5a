"""PCKh as the MPII benchmark reports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from posekit.evaluation.metrics.keypoint_pairs import KeypointPairs
from posekit.evaluation.metrics.pck_accuracy import PartPCKAccuracy
from posekit.evaluation.pck import fraction_within
from posekit.registry import METRICS

NOT_COUNTED = ("pelvis", "thorax")
MATLAB_ORIGIN = 1.0
"""MPII's annotations count pixels from 1."""


@METRICS.register_module()
class MpiiPCKAccuracy(PartPCKAccuracy):
    """PCKh in percent, by parts, as a mean weighted by labels, and at threshold 0.1.

    Pelvis and thorax do not count, as in the benchmark's own evaluation.
    """

    parts: ClassVar[dict[str, tuple[str, ...]]] = {
        "Head": ("head_top",),
        "Shoulder": ("right_shoulder", "left_shoulder"),
        "Elbow": ("right_elbow", "left_elbow"),
        "Wrist": ("right_wrist", "left_wrist"),
        "Hip": ("right_hip", "left_hip"),
        "Knee": ("right_knee", "left_knee"),
        "Ankle": ("right_ankle", "left_ankle"),
    }

    def __init__(
        self,
        thr: float = 0.5,
        norm_item: str | Sequence[str] = "head",
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(thr=thr, norm_item=norm_item, collect_device=collect_device, prefix=prefix)
        if self.norm_item != ["head"]:
            raise ValueError(
                f"MpiiPCKAccuracy: norm_item {norm_item!r}; MPII normalises by 'head' alone, see PCKAccuracy"
            )

    def compute(self, pairs: KeypointPairs) -> dict[str, float]:
        """Compute with the predictions moved to MPII's origin."""
        return super().compute(KeypointPairs(pairs.pred + MATLAB_ORIGIN, pairs.gt, pairs.mask, pairs.sizes))

    def summary(self, name: str, distances: np.ndarray) -> dict[str, float]:
        """Return percentages of the parts and of the counted keypoints together."""
        ids = self.meta("keypoint_name2id")
        counted = np.delete(distances, [ids[n] for n in NOT_COUNTED if n in ids], axis=1)
        valid = max(int((~np.isnan(counted)).sum()), 1)
        parts = self.part_values("PCK", 100 * fraction_within(distances, self.thr))
        together = {"PCK": self.thr, "PCK@0.1": 0.1}
        return {**parts, **{n: 100 * float((counted < thr).sum()) / valid for n, thr in together.items()}}
