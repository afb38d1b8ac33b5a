"""COCO-WholeBody's average precision."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from posekit.evaluation.metrics.coco_metric import CocoMetric, Predictions, extents
from posekit.keypoints.oks import FoundPoses, TruePoses
from posekit.registry import METRICS

PARTS = {"body": 17, "foot": 6, "face": 68, "lefthand": 21, "righthand": 21}
CUTS = np.cumsum([0, *PARTS.values()])


@METRICS.register_module()
class CocoWholeBodyMetric(CocoMetric):
    """AP and AR of all 133 keypoints, and each part's AP and AR by its name.

    Predictions count in the ranges of sizes by the extent of their body keypoints.
    """

    default_prefix = "coco-wholebody"
    parts: ClassVar[tuple[str, ...]] = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")

    def summary(self, truth: TruePoses, found: FoundPoses, crowd_indices: dict[Any, float]) -> dict[str, float]:
        """Return the scores of the whole and of the parts."""
        found = found._replace(area=extents(found.keypoints[:, : PARTS["body"]]))
        values = self.scores(truth, found).named()
        for name, (start, stop) in zip(PARTS, pairwise(CUTS), strict=True):
            scores = self.scores(truth, found, slice(start, stop))
            values |= {f"{name} AP": scores.ap(), f"{name} AR": scores.ar()}
        return values

    def split_parts(self, numbers: list[float]) -> dict[str, list[float]]:
        """Name the fields of a result that hold each part's numbers."""
        return {field: numbers[3 * a : 3 * b] for field, (a, b) in zip(self.parts, pairwise(CUTS), strict=True)}

    def result_rows(self, predictions: Predictions) -> list[dict[str, Any]]:
        """Return the predictions as COCO-WholeBody writes results, which have no boxes."""
        return [{key: value for key, value in row.items() if key != "bbox"} for row in super().result_rows(predictions)]
