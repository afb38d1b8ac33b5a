"""Random windows of images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posekit.datasets.transforms.base import BaseTransform, random_generator
from posekit.datasets.transforms.filter_annotations import box_sizes
from posekit.datasets.transforms.instances import keep_instances
from posekit.datasets.transforms.resize import follow
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import current_space
from posekit.geometry import Affine
from posekit.registry import TRANSFORMS

TRIES = 10


@TRANSFORMS.register_module()
class RandomCrop(BaseTransform):
    """Cut a random window out of the image; boxes are cut at its border, and those outside are dropped.

    Windows without a box are drawn anew, a few times; then the sample shows background alone.

    Args:
        crop_size: (w, h) of the window, smaller where the image is.
        allow_negative_crop: take the first window, with boxes or without.
    """

    requires = ("img",)
    provides = ("img", "img_shape", "affine")

    def __init__(self, crop_size: Sequence[int], allow_negative_crop: bool = False) -> None:
        self.crop_size = (int(crop_size[0]), int(crop_size[1]))
        self.allow_negative_crop = allow_negative_crop

    def transform(self, results: Results) -> Results:
        height, width = results["img"].shape[:2]
        size = min(self.crop_size[0], width), min(self.crop_size[1], height)
        left, top = self.draw(results, (width - size[0], height - size[1]), size)
        results["img"] = np.ascontiguousarray(results["img"][top : top + size[1], left : left + size[0]])
        results["img_shape"] = results["img"].shape[:2]
        follow(results, Affine.translate((-left, -top), current_space(results), "input"), size)
        if results.get("bbox") is not None:
            keep_instances(results, np.asarray((box_sizes(results["bbox"]) > 0).all(axis=1)))
        return results

    def draw(self, results: Results, room: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
        """Return left and top of a window."""
        rng, boxes = random_generator(results), results.get("bbox")
        left = top = 0
        for _ in range(TRIES):
            left, top = int(rng.integers(room[0] + 1)), int(rng.integers(room[1] + 1))
            if self.allow_negative_crop or boxes is None or not len(boxes):
                break
            low = np.maximum(boxes[:, :2], (left, top))
            high = np.minimum(boxes[:, 2:], (left + size[0], top + size[1]))
            if (high > low).all(axis=1).any():
                break
        return left, top
