"""Random shift, size and rotation of the crop."""

from __future__ import annotations

import numpy as np

from posekit.datasets.transforms.base import BaseTransform, random_generator
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.truncated_normal import truncated_normal
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
        box_scale = results["bbox_scale"]
        draws = random_generator(results).random((len(box_scale), 7))
        amounts = truncated_normal(draws[:, :4])
        happens = draws[:, 4:] < (self.shift_prob, self.scale_prob, self.rotate_prob)

        shift = amounts[:, :2] * self.shift_factor * happens[:, :1]
        low, high = self.scale_factor
        factor = np.where(happens[:, 1], (low + high) / 2 + amounts[:, 2] * (high - low) / 2, 1.0)
        results["bbox_center"] = (results["bbox_center"] + shift * box_scale).astype(np.float32)
        results["bbox_scale"] = (box_scale * factor[:, None]).astype(np.float32)
        results["bbox_rotation"] = (amounts[:, 3] * self.rotate_factor * happens[:, 2]).astype(np.float32)
        return results
