"""Random brightness, contrast, saturation, hue and channel order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posekit.datasets.transforms.base import BaseTransform, random_generator
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS

LEVELS = np.arange(256, dtype=np.float64)


@TRANSFORMS.register_module()
class PhotometricDistortion(BaseTransform):
    """Change brightness, contrast, saturation, hue and the order of channels, each in one of two images.

    Contrast comes right after brightness or after the colours, with equal chance.

    Args:
        brightness_delta: largest change of brightness, in grey levels.
        contrast_range: smallest and largest factor of contrast.
        saturation_range: smallest and largest factor of saturation.
        hue_delta: largest shift of the hue, in steps of two degrees.

    Source: Liu et al., SSD, arXiv 1512.02325, section 3.6 in the form of its code.
    """

    requires = ("img",)
    provides = ("img",)

    def __init__(
        self,
        brightness_delta: int = 32,
        contrast_range: Sequence[float] = (0.5, 1.5),
        saturation_range: Sequence[float] = (0.5, 1.5),
        hue_delta: int = 18,
    ) -> None:
        self.brightness_delta = brightness_delta
        self.contrast_range = (contrast_range[0], contrast_range[1])
        self.saturation_range = (saturation_range[0], saturation_range[1])
        self.hue_delta = hue_delta

    def transform(self, results: Results) -> Results:
        rng = random_generator(results)
        bright, contrasted, saturated, hued, swapped, contrast_last = rng.random(6) < 0.5
        brightness = rng.uniform(-self.brightness_delta, self.brightness_delta) if bright else 0.0
        contrast = rng.uniform(*self.contrast_range) if contrasted else 1.0
        saturation = rng.uniform(*self.saturation_range) if saturated else 1.0
        hue = int(rng.integers(-self.hue_delta, self.hue_delta + 1)) if hued else 0
        order = rng.permutation(3) if swapped else None

        first = clip_levels(LEVELS + brightness)
        last = clip_levels(LEVELS * contrast)
        img = results["img"]
        img = apply_curve(img, first if contrast_last else last[first])
        img = change_colors(img, saturation, hue)
        img = apply_curve(img, last if contrast_last else clip_levels(LEVELS))
        results["img"] = img if order is None else np.ascontiguousarray(img[..., order])
        return results


def clip_levels(levels: np.ndarray) -> np.ndarray:
    return np.clip(levels, 0, 255).astype(np.uint8)


def apply_curve(img: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Replace each grey level of a uint8 image by that of ``curve`` (256,)."""
    import cv2

    return img if np.array_equal(curve, LEVELS) else cv2.LUT(img, curve)


def change_colors(img: np.ndarray, saturation: float, hue: int) -> np.ndarray:
    """Multiply the saturation of a BGR uint8 image, and add to its hue."""
    import cv2

    if saturation == 1.0 and hue == 0:
        return img
    curves = np.stack([(LEVELS + hue) % 180, np.clip(LEVELS * saturation, 0, 255), LEVELS], axis=-1)
    hsv = cv2.LUT(cv2.cvtColor(img, cv2.COLOR_BGR2HSV), curves.astype(np.uint8)[None])
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR, dst=hsv)
