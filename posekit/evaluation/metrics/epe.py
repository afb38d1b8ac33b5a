"""EPE: the mean distance to the ground truth."""

from __future__ import annotations

from posekit.evaluation.metrics.keypoint_pairs import KeypointPairs, KeypointPairsMetric
from posekit.evaluation.pck import mean_of_valid, normalized_distances
from posekit.registry import METRICS


@METRICS.register_module()
class EPE(KeypointPairsMetric):
    """Mean end-point error over all labelled keypoints, in pixels."""

    def compute(self, pairs: KeypointPairs) -> dict[str, float]:
        """Compute the EPE."""
        return {"EPE": mean_of_valid(normalized_distances(pairs.pred, pairs.gt, pairs.mask, 1.0))}
