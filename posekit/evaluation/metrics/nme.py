"""NME: the mean distance to the ground truth in units of a size of the face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from posekit.evaluation.metrics.keypoint_pairs import KeypointPairs, KeypointPairsMetric
from posekit.evaluation.pck import mean_of_valid, normalized_distances
from posekit.registry import METRICS

EYE_CORNERS = {
    "horse10": (0, 1),
    "300w": (36, 45),
    "coco_wholebody_face": (36, 45),
    "cofw": (8, 9),
    "wflw": (60, 72),
    "lapa": (66, 79),
}
"""The two keypoints whose distance normalises, by dataset: outer eye corners; for horse10 nose and eye."""


@METRICS.register_module()
class NME(KeypointPairsMetric):
    """Normalized mean error over all labelled keypoints.

    Args:
        norm_mode: "use_norm_item" divides by a size that the ground truth carries,
            "keypoint_distance" by the distance between two of its keypoints.
        norm_item: the size's name for "use_norm_item", e.g. "bbox_size" or "box_size".
        keypoint_indices: the two keypoints for "keypoint_distance"; known for some datasets.
    """

    def __init__(
        self,
        norm_mode: str,
        norm_item: str | None = None,
        keypoint_indices: Sequence[int] | None = None,
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if norm_mode not in ("use_norm_item", "keypoint_distance"):
            raise ValueError(f"NME: norm_mode is {norm_mode!r}; use 'use_norm_item' or 'keypoint_distance'")
        if norm_mode == "use_norm_item" and not norm_item:
            raise ValueError("NME: norm_mode 'use_norm_item' needs norm_item, e.g. 'bbox_size'")
        if keypoint_indices is not None and len(keypoint_indices) != 2:
            raise ValueError(f"NME: keypoint_indices {list(keypoint_indices)}; give exactly two keypoints")
        self.norm_item = norm_item if norm_mode == "use_norm_item" else None
        self.keypoint_indices = keypoint_indices

    def sizes(self, sample: Any, gt: np.ndarray, mask: np.ndarray) -> dict[str, np.ndarray]:
        """Return the size that normalises one sample."""
        if self.norm_item:
            return {"size": self.gt_size(sample, self.norm_item)}
        first, second = self.eye_corners(gt.shape[1])
        return {"size": np.linalg.norm(gt[:, first].astype(np.float64) - gt[:, second], axis=-1)}

    def eye_corners(self, num_keypoints: int) -> Sequence[int]:
        """Return the two keypoints whose distance normalises.

        Raises:
            ValueError: if none are given or known, or if the set has fewer keypoints.
        """
        name = (self.dataset_meta or {}).get("dataset_name")
        indices = self.keypoint_indices or EYE_CORNERS.get(str(name))
        if indices is None:
            raise ValueError(
                f"NME: no default keypoint_indices for dataset {name!r}, only for {', '.join(EYE_CORNERS)}; give two"
            )
        if max(indices) >= num_keypoints or min(indices) < 0:
            raise ValueError(f"NME: keypoint_indices {list(indices)} are not all among the {num_keypoints} keypoints")
        return indices

    def compute(self, pairs: KeypointPairs) -> dict[str, float]:
        """Compute the NME."""
        return {"NME": mean_of_valid(normalized_distances(pairs.pred, pairs.gt, pairs.mask, pairs.sizes["size"]))}
