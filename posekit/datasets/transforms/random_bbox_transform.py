"""Random shift, size and rotation of the crop."""

from __future__ import annotations

import numpy as np

from posekit.datasets.transforms.base import BaseTransform, random_generator, truncated_normal
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomBBoxTransform(BaseTransform):
    """Shift, resize and turn boxes, each by a standard normal value cut off at -1 and 1.

    Args:
        shift_factor: largest shift, as a fraction of the box's scale.
        shift_prob: chance of a shift.
        scale_factor: smallest and largest factor of the scale.
        scale_prob: chance of another scale.
        rotate_factor: largest angle in degrees.
        rotate_prob: chance of a rotation.
    """

    requires = ("bbox_center", "bbox_scale")
    provides = ("bbox_center", "bbox_scale", "bbox_rotation")

    def __init__(
        self,
        shift_factor: float = 0.16,
        shift_prob: float = 0.3,
        scale_factor: tuple[float, float] = (0.5, 1.5),
        scale_prob: float = 1.0,
        rotate_factor: float = 80.0,
        rotate_prob: float = 0.6,
    ) -> None:
        self.shift_factor = shift_factor
        self.shift_prob = shift_prob
        self.scale_factor = scale_factor
        self.scale_prob = scale_prob
        self.rotate_factor = rotate_factor
        self.rotate_prob = rotate_prob

    def transform(self, results: Results) -> Results:
        scale = results["bbox_scale"]
        draws = random_generator(results).random((len(scale), 7)).tolist()
        shifts, factors, angles = zip(*map(self.amounts, draws), strict=True) if draws else ([], [], [])
        shift = np.array(shifts, np.float32).reshape(-1, 2)
        results["bbox_center"] = results["bbox_center"] + shift * scale
        results["bbox_scale"] = scale * np.array(factors, np.float32)[:, None]
        results["bbox_rotation"] = np.array(angles, np.float32)
        return results

    def amounts(self, draws: list[float]) -> tuple[tuple[float, float], float, float]:
        """Turn seven uniform numbers into a shift (x, y) as fraction of the scale, a factor and an angle."""
        x, y, size, turn = truncated_normal(draws[:4])
        shifted, scaled, turned = draws[4:]
        low, high = self.scale_factor
        return (
            (x * self.shift_factor, y * self.shift_factor) if shifted < self.shift_prob else (0.0, 0.0),
            (low + high) / 2 + size * (high - low) / 2 if scaled < self.scale_prob else 1.0,
            turn * self.rotate_factor if turned < self.rotate_prob else 0.0,
        )
