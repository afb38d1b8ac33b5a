"""Four images around one point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.mix_image import CachedMix, MixImageTransform, merge_annotations, moved_annotations
from posekit.datasets.transforms.results import Results
from posekit.geometry import Affine
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Mosaic(MixImageTransform):
    """Put this image and three others around a random point of a canvas twice as wide and high as ``img_scale``.

    Each image is resized to fit ``img_scale``; what reaches beyond the canvas is cut off. The canvas becomes the
    image: ``ori_shape`` and ``affine`` start anew. Unannotated regions given as run lengths are left out.

    Args:
        img_scale: (w, h) of a quarter of the canvas.
        center_range: smallest and largest place of the point, as a fraction of ``img_scale``.
        pad_val: grey level where no image is.
        pre_transform: pipeline for the other samples.
        prob: chance of a mosaic.

    Source: Bochkovskiy et al., YOLOv4, arXiv 2004.10934.
    """

    provides = ("img", "img_shape", "ori_shape")
    num_others = 3

    def __init__(
        self,
        img_scale: tuple[int, int] = (640, 640),
        center_range: tuple[float, float] = (0.5, 1.5),
        pad_val: float = 114.0,
        pre_transform: Sequence[BaseTransform] | None = None,
        prob: float = 1.0,
    ) -> None:
        super().__init__(pre_transform, prob)
        self.img_scale = (int(img_scale[0]), int(img_scale[1]))
        self.center_range = (center_range[0], center_range[1])
        self.pad_val = pad_val

    def mix(self, results: Results, others: list[Results], rng: np.random.Generator) -> Results:
        width, height = self.img_scale
        center = (rng.uniform(*self.center_range, 2) * self.img_scale).astype(int).tolist()
        canvas = np.full((2 * height, 2 * width, 3), self.pad_val, results["img"].dtype)
        parts, regions = [], []
        for index, sample in enumerate([results, *others]):
            step = self.paste(canvas, sample["img"], center, right=index % 2, below=index // 2)
            parts.append(moved_annotations(sample, step))
            regions += moved_polygons(sample.get("invalid_segs") or (), step)
        merge_annotations(results, parts, (2 * width, 2 * height))
        results["img"] = canvas
        results["img_shape"] = results["ori_shape"] = (2 * height, 2 * width)
        results["invalid_segs"] = regions
        results.pop("affine", None)  # pyright: ignore[reportCallIssue, reportArgumentType]
        return results

    def paste(self, canvas: np.ndarray, img: np.ndarray, center: list[int], *, right: int, below: int) -> Affine:
        """Draw ``img`` into its quarter of the canvas; return the map that took it there."""
        import cv2

        factor = min(self.img_scale[0] / img.shape[1], self.img_scale[1] / img.shape[0])
        width, height = max(int(img.shape[1] * factor), 1), max(int(img.shape[0] * factor), 1)
        resized = cv2.resize(img, (width, height), interpolation=cv2.INTER_LINEAR)
        left, top = center[0] - (0 if right else width), center[1] - (0 if below else height)
        x1, y1 = max(left, 0), max(top, 0)
        x2, y2 = min(left + width, canvas.shape[1]), min(top + height, canvas.shape[0])
        canvas[y1:y2, x1:x2] = resized[y1 - top : y2 - top, x1 - left : x2 - left]
        sx, sy = width / img.shape[1], height / img.shape[0]
        return Affine(np.array([[sx, 0, left + (sx - 1) / 2], [0, sy, top + (sy - 1) / 2]]), "image", "image")


@TRANSFORMS.register_module()
class CachedMosaic(CachedMix, Mosaic):
    """A mosaic with images that lately passed by, in place of freshly loaded ones: a fourth of the decoding.

    Arguments are those of CachedMix and Mosaic. Source: Lyu et al., RTMDet, arXiv 2212.07784, section 3.4.
    """

    provides = ("img",)


def moved_polygons(segmentations: Sequence[Any], step: Affine) -> list[list[list[float]]]:
    """Return the polygons among COCO segmentations as they lie after ``step``."""
    # polygon coordinates have pixel centres at 0.5
    return [
        [(step.points(np.asarray(polygon, float).reshape(-1, 2) - 0.5) + 0.5).ravel().tolist() for polygon in polygons]
        for polygons in segmentations
        if not isinstance(polygons, dict)
    ]
