"""Random shifts of hue, saturation and value."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform, random_generator
from posekit.datasets.transforms.results import Results
from posekit.geometry.warp import SCRATCH
from posekit.registry import TRANSFORMS

HUES = 180
"""OpenCV's 8-bit hue counts in steps of two degrees."""


@TRANSFORMS.register_module()
class YOLOXHSVRandomAug(BaseTransform):
    """Add random numbers to hue, saturation and value, each in one of two images.

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
    planes = list(SCRATCH.array("hsv", (3, *img.shape[:2])))  # OpenCV takes one out of three in the time of all
    cv2.split(hsv, planes)
    turn_hue(planes[0], hue)
    add_clipped(planes[1], saturation)
    add_clipped(planes[2], value)
    cv2.merge(planes, dst=hsv)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR, dst=hsv)


def add_clipped(plane: np.ndarray, shift: int) -> None:
    """Add ``shift`` to uint8 values in place, within 0 and 255."""
    import cv2

    if shift:  # adding a negative number would take five times as long
        operation: Any = cv2.add if shift > 0 else cv2.subtract  # OpenCV's types know of no plain number
        operation(plane, abs(shift), dst=plane)


def turn_hue(plane: np.ndarray, shift: int) -> None:
    """Add ``shift`` to uint8 hues below 180 in place, modulo 180.

    uint8 arithmetic wraps at 256, so after a shift of up to 76 all values that
    left the circle, on either side, are 180 or above, and one comparison brings
    them back.
    """
    if abs(shift) > 256 - HUES:
        plane[:] = (plane.astype(np.int16) + shift) % HUES
    elif shift:
        plane += np.uint8(shift % 256)
        excess = HUES if shift > 0 else 256 - HUES
        plane -= (plane >= HUES).view(np.uint8) * np.uint8(excess)
