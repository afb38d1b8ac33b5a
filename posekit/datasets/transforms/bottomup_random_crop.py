"""Random crops of the whole image."""

from __future__ import annotations

import numpy as np

from posekit.datasets.transforms.base import random_generator
from posekit.datasets.transforms.geometric import GeometricTransform
from posekit.datasets.transforms.instances import hide_outside, keep_instances
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import current_space, frame_size, move_points, pend
from posekit.geometry import Affine
from posekit.registry import TRANSFORMS
from posekit.structures.bbox import bbox_clip_border

CROP_TYPES = ("absolute", "absolute_range", "relative", "relative_range")


@TRANSFORMS.register_module()
class BottomupRandomCrop(GeometricTransform):
    """Cut out a rectangle at a random place, and keep the instances whose boxes reach into it.

    Args:
        crop_size: (width, height), as ``crop_type`` says.
        crop_type: ``absolute``: in pixels, at most the image; ``absolute_range``: sides between the two numbers,
            in pixels; ``relative``: as fractions; ``relative_range``: fractions between these and 1.
        allow_negative_crop: keep crops without any instance; otherwise the sample is skipped.
        recompute_bbox: boxes from instance masks, which posekit's samples do not carry: only False.
        bbox_clip_border: cut boxes at the border and hide keypoints beyond it.

    Raises:
        ValueError: for sizes that do not suit ``crop_type``.
    """

    requires = ("img",)
    provides = ("img_shape", "affine")

    def __init__(
        self,
        crop_size: tuple[float, float],
        crop_type: str = "absolute",
        allow_negative_crop: bool = False,
        recompute_bbox: bool = False,
        bbox_clip_border: bool = True,
    ) -> None:
        first, second = crop_size
        if crop_type not in CROP_TYPES:
            raise ValueError(f"BottomupRandomCrop.crop_type: {crop_type!r} is not one of {', '.join(CROP_TYPES)}")
        if recompute_bbox:
            raise ValueError("BottomupRandomCrop.recompute_bbox: needs instance masks; use False")
        fractions = crop_type.startswith("relative")
        fine = min(crop_size) > 0 and (
            max(crop_size) <= 1 if fractions else first == int(first) and second == int(second)
        )
        if not fine or (crop_type == "absolute_range" and first > second):
            want = "fractions above 0 and up to 1" if fractions else "whole numbers of pixels, a range in rising order"
            raise ValueError(f"BottomupRandomCrop.crop_size: {crop_size} for crop_type={crop_type!r}; give {want}")
        self.crop_size = (first, second)
        self.crop_type = crop_type
        self.allow_negative_crop = allow_negative_crop
        self.bbox_clip_border = bbox_clip_border

    def draw_size(self, rng: np.random.Generator, frame: tuple[int, int]) -> tuple[int, int]:
        """Return the (w, h) of the crop in pixels."""
        first, second = self.crop_size
        sides: list[float] = []
        for side, wanted in zip(frame, self.crop_size, strict=True):
            if self.crop_type == "absolute":
                sides.append(min(wanted, side))
            elif self.crop_type == "absolute_range":
                sides.append(int(rng.integers(int(min(side, first)), int(min(side, second)) + 1)))
            elif self.crop_type == "relative":
                sides.append(side * wanted + 0.5)
            else:
                sides.append(side * rng.uniform(wanted, 1) + 0.5)
        return max(int(sides[0]), 1), max(int(sides[1]), 1)

    def place(self, results: Results) -> Results | None:
        rng = random_generator(results)
        frame = frame_size(results)
        size = self.draw_size(rng, frame)
        left, top = (int(rng.integers(whole - side + 1)) for whole, side in zip(frame, size, strict=True))
        step = Affine.translate((-left, -top), current_space(results))
        if not self.move_annotations(results, step, size):
            return None
        results["img_shape"] = (size[1], size[0])
        pend(results, step, size)
        return results

    def move_annotations(self, results: Results, step: Affine, size: tuple[int, int]) -> bool:
        """Move boxes and keypoints; False if no instance is left and one has to be."""
        if results.get("keypoints") is not None:
            results["keypoints"] = move_points(step, results["keypoints"])
            if self.bbox_clip_border:
                hide_outside(results, size)
        if results.get("bbox") is None:
            return True
        boxes = move_points(step, results["bbox"].reshape(-1, 2, 2)).reshape(-1, 4)
        inside = ((boxes[:, :2] < size) & (boxes[:, 2:] > 0)).all(axis=-1)
        results["bbox"] = bbox_clip_border(boxes, size) if self.bbox_clip_border else boxes
        if not (self.allow_negative_crop or inside.any()):
            return False
        keep_instances(results, np.asarray(inside))
        return True
