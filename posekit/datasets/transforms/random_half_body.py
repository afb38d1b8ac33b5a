"""Crops of the upper or the lower body."""

from __future__ import annotations

import numpy as np

from posekit.datasets.transforms.base import BaseTransform, random_generator
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomHalfBody(BaseTransform):
    """Shrink the crop of a person to the upper or the lower half of the body, at random.

    Args:
        min_total_keypoints: persons with fewer visible keypoints stay whole.
        min_upper_keypoints: visible keypoints that an upper half needs.
        min_lower_keypoints: visible keypoints that a lower half needs.
        padding: factor from the extent of the keypoints to the new ``bbox_scale``.
        prob: chance that a person is halved.
        upper_prioritized_prob: chance of the upper half where both would do.
    """

    requires = ("keypoints", "keypoints_visible", "upper_body_ids", "lower_body_ids", "bbox_center", "bbox_scale")
    provides = ("bbox_center", "bbox_scale")

    def __init__(
        self,
        min_total_keypoints: int = 9,
        min_upper_keypoints: int = 2,
        min_lower_keypoints: int = 3,
        padding: float = 1.5,
        prob: float = 0.3,
        upper_prioritized_prob: float = 0.7,
    ) -> None:
        self.min_total_keypoints = min_total_keypoints
        self.min_upper_keypoints = min_upper_keypoints
        self.min_lower_keypoints = min_lower_keypoints
        self.padding = padding
        self.prob = prob
        self.upper_prioritized_prob = upper_prioritized_prob

    def transform(self, results: Results) -> Results:
        rng = random_generator(results)
        visible = results["keypoints_visible"]
        visible = visible[..., 0] if visible.ndim == 3 else visible
        chosen = {}
        for index, flags in enumerate(visible):
            half = self.choose(rng, flags, results["upper_body_ids"], results["lower_body_ids"])
            if half:
                chosen[index] = self.extent(results["keypoints"][index, half, :2])
        if chosen:
            center, scale = results["bbox_center"].copy(), results["bbox_scale"].copy()
            for index, (middle, size) in chosen.items():
                center[index], scale[index] = middle, size
            results["bbox_center"], results["bbox_scale"] = center, scale
        return results

    def choose(
        self, rng: np.random.Generator, visible: np.ndarray, upper_ids: list[int], lower_ids: list[int]
    ) -> list[int] | None:
        """Draw the visible keypoints of one half of one person, or None for the whole; visible (K,)."""
        halve, side = rng.random(2).tolist()
        flags = visible.tolist()
        if halve >= self.prob or sum(flags) < self.min_total_keypoints:
            return None
        upper = [i for i in upper_ids if flags[i] > 0]
        lower = [i for i in lower_ids if flags[i] > 0]
        options = [
            half
            for half, least in ((upper, self.min_upper_keypoints), (lower, self.min_lower_keypoints))
            if len(half) >= least
        ]
        if not options:
            return None
        return options[0 if side < self.upper_prioritized_prob else -1]

    def extent(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean of (M, 2) points, and their padded width and height."""
        return points.mean(axis=0), (points.max(axis=0) - points.min(axis=0)) * self.padding
