"""The average of two images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.mix_image import (
    CachedMix,
    MixImageTransform,
    merge_annotations,
    moved_annotations,
    num_instances,
)
from posekit.datasets.transforms.random_flip import flip_annotations
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import Warp, apply_warp, current_space
from posekit.geometry import Affine
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module("MixUp")
@TRANSFORMS.register_module()
class YOLOXMixUp(MixImageTransform):
    """Average the image with a random part of another one, which brings its instances along.

    Args:
        img_scale: (w, h) that the other image is fitted into before it is resized at random.
        ratio_range: smallest and largest factor of that.
        flip_ratio: chance that the other image is *not* mirrored.
        pad_val: grey level where the other image is not.
        bbox_clip_border: accepted from older configs; boxes are cut at the border.
        pre_transform: pipeline for the other sample.
        prob: chance of a mix.

    Source: Ge et al., YOLOX, arXiv 2107.08430.
    """

    provides = ("img",)
    num_others = 1

    def __init__(
        self,
        img_scale: tuple[int, int] = (640, 640),
        ratio_range: tuple[float, float] = (0.5, 1.5),
        flip_ratio: float = 0.5,
        pad_val: float = 114.0,
        bbox_clip_border: bool = True,
        pre_transform: Sequence[BaseTransform] | None = None,
        prob: float = 1.0,
    ) -> None:
        super().__init__(pre_transform, prob)
        self.img_scale = (int(img_scale[0]), int(img_scale[1]))
        self.ratio_range = (ratio_range[0], ratio_range[1])
        self.flip_ratio = flip_ratio
        self.pad_val = pad_val

    def mix(self, results: Results, others: list[Results], rng: np.random.Generator) -> Results:
        import cv2

        other = others[0]
        if num_instances(other) == 0:
            return results
        size = (results["img"].shape[1], results["img"].shape[0])
        step = self.draw(other, size, results.get("flip_indices", []), rng)
        warped = apply_warp(other["img"], Warp(step, size, self.pad_val))
        results["img"] = cv2.addWeighted(results["img"], 0.5, warped, 0.5, 0.0)
        annotations = moved_annotations(results, Affine.identity(current_space(results)))
        merge_annotations(results, [annotations, moved_annotations(other, step)], size)
        return results

    def draw(self, other: Results, size: tuple[int, int], flip_indices: list[int], rng: np.random.Generator) -> Affine:
        """Draw the map from the other image to one of ``size``, and mirror its annotations if it mirrors."""
        height, width = other["img"].shape[:2]
        ratio = rng.uniform(*self.ratio_range)
        factor = ratio * min(self.img_scale[0] / width, self.img_scale[1] / height)
        canvas = (int(self.img_scale[0] * ratio), int(self.img_scale[1] * ratio))
        step = Affine(np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2]]), "image", "image")
        if rng.random() > self.flip_ratio:
            mirrored = Affine.flip((width, height))
            other.setdefault("flip_indices", flip_indices)
            flip_annotations(other, mirrored)
            other["img"] = np.ascontiguousarray(other["img"][:, ::-1])
            step = Affine.translate((canvas[0] - factor * width, 0)) @ step
        offset = [int(rng.integers(max(0, whole - side) + 1)) for whole, side in zip(canvas, size, strict=True)]
        return Affine.translate((-offset[0], -offset[1])) @ step


@TRANSFORMS.register_module()
class CachedMixUp(CachedMix, YOLOXMixUp):
    """The average with an image that lately passed by, in place of a freshly loaded one.

    Arguments are those of CachedMix and YOLOXMixUp. Source: Lyu et al., RTMDet, arXiv 2212.07784, section 3.4.
    """
