"""AUC: the area under the curve of PCK over its threshold."""

from __future__ import annotations

from posekit.evaluation.metrics.keypoint_pairs import KeypointPairs, KeypointPairsMetric
from posekit.evaluation.pck import keypoint_auc, normalized_distances
from posekit.registry import METRICS


@METRICS.register_module()
class AUC(KeypointPairsMetric):
    """Mean PCK over thresholds from 0 up to ``norm_factor`` pixels.

    Args:
        norm_factor: the largest distance, in pixels.
        num_thrs: number of thresholds.
    """

    def __init__(
        self, norm_factor: float = 30, num_thrs: int = 20, collect_device: str = "cpu", prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if norm_factor <= 0 or num_thrs < 1:
            raise ValueError(f"AUC: norm_factor {norm_factor} and num_thrs {num_thrs} must be above 0")
        self.norm_factor = norm_factor
        self.num_thrs = num_thrs

    def compute(self, pairs: KeypointPairs) -> dict[str, float]:
        """Compute the AUC."""
        distances = normalized_distances(pairs.pred, pairs.gt, pairs.mask, self.norm_factor)
        return {"AUC": keypoint_auc(distances, self.num_thrs)}
