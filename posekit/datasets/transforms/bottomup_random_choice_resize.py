"""Resizing the whole image to one of several sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from posekit.datasets.transforms.base import random_generator
from posekit.datasets.transforms.geometric import GeometricTransform
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import current_space, frame_size, move_boxes, move_points, pend
from posekit.geometry import Affine
from posekit.registry import TRANSFORMS

Scale = float | tuple[int, int]
MAX_FACTOR = 16
"""Larger ones are half of a size that was meant."""


@TRANSFORMS.register_module()
class BottomupRandomChoiceResize(GeometricTransform):
    """Resize the image, with everything in it, to a size drawn from a list.

    Args:
        scales: sizes (w, h), or factors; one of them, or a list to draw from.
        keep_ratio: keep the aspect ratio; a size then bounds the longer and the shorter side.
        clip_object_border: cut boxes, and move keypoints, to the border.
        backend: accepted from older configs; OpenCV does the work.
        resize_kwargs: accepted from older configs, without effect.

    Raises:
        ValueError: for what is neither a size nor a factor.
    """

    requires = ("img",)
    provides = ("img_shape", "input_size", "input_center", "input_scale", "affine")

    def __init__(
        self,
        scales: Scale | list[Scale],
        keep_ratio: bool = False,
        clip_object_border: bool = True,
        backend: str = "cv2",
        **resize_kwargs: Any,
    ) -> None:
        self.scales = list(scales) if isinstance(scales, list) else [scales]
        if not self.scales or not all(map(is_scale, self.scales)):
            raise ValueError(
                f"BottomupRandomChoiceResize.scales: {scales!r}; give sizes as [(640, 640), ...], or factors above 0 "
                f"and at most {MAX_FACTOR}"
            )
        self.keep_ratio = keep_ratio
        self.clip_object_border = clip_object_border

    def place(self, results: Results) -> Results | None:
        scale = self.scales[int(random_generator(results).integers(len(self.scales)))]
        frame = frame_size(results)
        size = self.target_size(frame, scale)
        factors = np.array(size) / frame
        # the outer edges of the image, half a pixel from its outer pixel centres, stay edges
        matrix = np.column_stack([np.diag(factors), (factors - 1) / 2])
        step = Affine(matrix, current_space(results), "input")
        if results.get("bbox") is not None:
            results["bbox"] = self.clip(move_boxes(step, results["bbox"]), size)
        if results.get("keypoints") is not None:
            results["keypoints"] = self.clip(move_points(step, results["keypoints"]), size)
        if results.get("area") is not None:
            results["area"] = results["area"] * float(factors.prod())
        results["img_shape"] = (size[1], size[0])
        results["input_size"] = size
        results["input_scale"] = np.array(frame, np.float32)
        results["input_center"] = results["input_scale"] / 2
        pend(results, step, size)
        return results

    def target_size(self, frame: tuple[int, int], scale: Scale | Sequence[int]) -> tuple[int, int]:
        """Return the new (w, h)."""
        if isinstance(scale, (int, float)):
            factor = float(scale)
        elif self.keep_ratio:
            factor = min(max(scale) / max(frame), min(scale) / min(frame))
        else:
            return int(scale[0]), int(scale[1])
        return int(frame[0] * factor + 0.5), int(frame[1] * factor + 0.5)

    def clip(self, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Move boxes (N, 4) or points (..., 2) to inside of ``size``, if so wished."""
        if not self.clip_object_border:
            return points
        return np.clip(points, 0, np.tile(size, points.shape[-1] // 2)).astype(points.dtype)


@TRANSFORMS.register_module()
class RandomChoiceResize(BottomupRandomChoiceResize):
    """BottomupRandomChoiceResize, as older configs name it."""


def is_scale(value: Any) -> bool:
    """Whether a value is a size (w, h) or a factor."""
    if isinstance(value, (list, tuple)):
        return len(value) == 2 and all(isinstance(side, int) and side > 0 for side in value)
    return isinstance(value, (int, float)) and 0 < value <= MAX_FACTOR
