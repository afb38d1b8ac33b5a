"""Other sizes for whole images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform, random_generator
from posekit.datasets.transforms.instances import move_instances
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import current_space
from posekit.geometry import Affine
from posekit.registry import TRANSFORMS

Scale = tuple[int, int]


@TRANSFORMS.register_module()
class Resize(BaseTransform):
    """Resize the image, with its boxes and keypoints.

    Args:
        scale: (w, h) of the result; with ``keep_ratio`` what the longer and the shorter side must fit into.
        keep_ratio: whether the aspect ratio stays.
        scale_factor: factor of both sides, in place of ``scale``.
        clip_object_border: whether boxes are cut at the border.
        interpolation: accepted from configs; only ``bilinear``.
        backend: accepted from configs; only ``cv2``.

    Raises:
        ValueError: for both or none of ``scale`` and ``scale_factor``, or another interpolation or backend.
    """

    requires = ("img",)
    provides = ("img", "img_shape", "scale_factor", "affine")

    def __init__(
        self,
        scale: int | Sequence[int] | None = None,
        keep_ratio: bool = False,
        scale_factor: float | None = None,
        clip_object_border: bool = True,
        interpolation: str = "bilinear",
        backend: str = "cv2",
    ) -> None:
        name = type(self).__name__
        if (scale is None) == (scale_factor is None):
            raise ValueError(f"{name}: give either scale=(width, height) or scale_factor")
        if interpolation != "bilinear" or backend != "cv2":
            raise ValueError(f"{name}: found {interpolation!r} of {backend!r}; only 'bilinear' of 'cv2' is supported")
        self.scale = (scale, scale) if isinstance(scale, int) else None if scale is None else tuple(scale)
        self.keep_ratio = keep_ratio
        self.scale_factor = scale_factor
        self.clip_object_border = clip_object_border

    def transform(self, results: Results) -> Results:
        height, width = results["img"].shape[:2]
        return self.resize(results, self.size(width, height))

    def size(self, width: int, height: int) -> Scale:
        """Return the new size (w, h) of an image."""
        if self.scale is None:
            return rounded(width, height, float(self.scale_factor or 1))
        return fitted(width, height, self.scale) if self.keep_ratio else (int(self.scale[0]), int(self.scale[1]))

    def resize(self, results: Results, size_wh: Scale) -> Results:
        """Bring image and boxes to a size (w, h)."""
        import cv2

        height, width = results["img"].shape[:2]
        factors = (size_wh[0] / width, size_wh[1] / height)
        if size_wh != (width, height):
            results["img"] = cv2.resize(results["img"], size_wh, interpolation=cv2.INTER_LINEAR)
        results["img_shape"] = results["img"].shape[:2]
        results["scale_factor"] = factors
        offset = (np.array(factors) - 1) / 2  # the corner stays in place, not the first pixel's centre
        step = Affine(np.column_stack([np.diag(factors), offset]), current_space(results), "input")
        follow(results, step, size_wh if self.clip_object_border else None)
        return results


@TRANSFORMS.register_module()
class RandomResize(Resize):
    """Resize the image to a random multiple of a scale.

    Args:
        scale: (w, h) to multiply, or two of them: the smallest and the largest.
        ratio_range: smallest and largest factor of ``scale``.
        resize_type: accepted from configs; only ``Resize`` or ``mmdet.Resize``.
        resize_kwargs: further arguments of Resize.
    """

    def __init__(
        self,
        scale: Sequence[Any],
        ratio_range: tuple[float, float] | None = None,
        resize_type: str = "Resize",
        **resize_kwargs: Any,
    ) -> None:
        if resize_type.rpartition(".")[2] != "Resize":
            raise ValueError(f"RandomResize.resize_type: {resize_type!r} is not supported; use 'Resize'")
        several = isinstance(scale[0], Sequence)
        if several == (ratio_range is not None):
            raise ValueError("RandomResize: give one scale with ratio_range, or a smallest and a largest scale")
        super().__init__(scale[0] if several else scale, **resize_kwargs)
        self.limits = [tuple(limit) for limit in scale] if several else None
        self.ratio_range = ratio_range or (1.0, 1.0)

    def transform(self, results: Results) -> Results:
        rng = random_generator(results)
        height, width = results["img"].shape[:2]
        if self.limits:
            sides = [sorted(side(scale) for scale in self.limits) for side in (max, min)]  # the long ones, the short
            drawn = [int(rng.integers(low, high + 1)) for low, high in sides]
        else:
            ratio = rng.uniform(*self.ratio_range)
            drawn = [int(side * ratio) for side in self.scale or ()]
        return self.resize(results, fitted(width, height, drawn) if self.keep_ratio else (drawn[0], drawn[1]))


def fitted(width: int, height: int, scale: Sequence[float]) -> Scale:
    """Return the largest size of an image's aspect ratio whose sides fit into those of ``scale``, long into long."""
    factor = min(max(scale) / max(width, height), min(scale) / min(width, height))
    return rounded(width, height, factor)


def rounded(width: int, height: int, factor: float) -> Scale:
    return max(int(width * factor + 0.5), 1), max(int(height * factor + 0.5), 1)


def follow(results: Results, step: Affine, clip_wh: Scale | None = None) -> None:
    """Move boxes, areas and keypoints by a step that the image has made, cut them at a border, and note the step."""
    affine = results.get("affine")
    results["affine"] = step if affine is None else step @ affine
    move_instances(results, step, clip_wh)
