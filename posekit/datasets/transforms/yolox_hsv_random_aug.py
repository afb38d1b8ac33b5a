"""Random shifts of hue, saturation and value."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform, random_generator
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS

HUES = 180
"""OpenCV's 8-bit hue counts in steps of two degrees."""


@TRANSFORMS.register_module()
class YOLOXHSVRandomAug(BaseTransform):
    """Add random numbers to hue, saturation and value, each in one of two pictures.

    Args:
        hue_delta: largest shift of the hue, in steps of two degrees.
        saturation_delta: largest shift of the saturation, in grey levels.
        value_delta: largest shift of the value, in grey levels.

    Source: Ge et al., YOLOX, arXiv 2107.08430 (its data augmentation).
    """

    requires = ("img",)
    provides = ("img",)

    def __init__(self, hue_delta: int = 5, saturation_delta: int = 30, value_delta: int = 30) -> None:
        self.hue_delta = hue_delta
        self.saturation_delta = saturation_delta
        self.value_delta = value_delta

    def transform(self, results: Results) -> Results:
        draws = random_generator(results).random(6)
        limits = (self.hue_delta, self.saturation_delta, self.value_delta)
        hue, saturation, value = (
            int((2 * draw - 1) * limit) if coin < 0.5 else 0
            for draw, coin, limit in zip(draws[:3], draws[3:], limits, strict=True)
        )
        if hue or saturation or value:
            results["img"] = shift_hsv(results["img"], hue, saturation, value)
        return results


def shift_hsv(img: np.ndarray, hue: int, saturation: int, value: int) -> np.ndarray:
    """Return a BGR uint8 image with hue (cyclic), saturation and value (clipped) shifted."""
    import cv2

    hsv = cv2.cvtColor(img, cv2.COLOR_BGR2HSV)
    operations: Any = ((cv2.add, 1), (cv2.subtract, -1))  # OpenCV's types know of no number for each channel
    for operation, sign in operations:  # adding a negative number would take five times as long
        amounts = (0, max(sign * saturation, 0), max(sign * value, 0), 0)
        if any(amounts):
            hsv = operation(hsv, amounts, dst=hsv)
    if hue:
        plane = cv2.extractChannel(hsv, 0)
        cv2.insertChannel(turn_hue(plane, hue), hsv, 0)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR, dst=hsv)


def turn_hue(plane: np.ndarray, shift: int) -> np.ndarray:
    """Add ``shift`` to uint8 hues below 180, modulo 180.

    uint8 arithmetic wraps at 256, so after a shift of up to 76 all values that
    left the circle, on either side, are 180 or above, and one comparison brings
    them back.
    """
    if abs(shift) > 256 - HUES:
        return ((plane.astype(np.int16) + shift) % HUES).astype(np.uint8)
    turned = plane + np.uint8(shift % 256)
    excess = HUES if shift > 0 else 256 - HUES
    turned -= (turned >= HUES).view(np.uint8) * np.uint8(excess)
    return turned
