"""Leaving out instances that are too small or unseen."""

from __future__ import annotations

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.instances import keep_instances, visibility
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FilterAnnotations(BaseTransform):
    """Keep the instances that pass every chosen test.

    Args:
        min_gt_bbox_wh: width and height that a box must exceed, in pixels.
        min_gt_area: smallest area, in square pixels.
        min_kpt_vis: smallest number of visible keypoints.
        by_box: test the box.
        by_area: test the area.
        by_kpt: test the keypoints.
        keep_empty: skip the sample when no instance is left; False passes it on without instances.

    Raises:
        ValueError: if no test is chosen.
    """

    def __init__(
        self,
        min_gt_bbox_wh: tuple[float, float] = (1, 1),
        min_gt_area: float = 1,
        min_kpt_vis: int = 1,
        by_box: bool = False,
        by_area: bool = False,
        by_kpt: bool = True,
        keep_empty: bool = True,
    ) -> None:
        if not (by_box or by_area or by_kpt):
            raise ValueError("FilterAnnotations: choose at least one of by_box, by_area and by_kpt")
        self.min_gt_bbox_wh = tuple(min_gt_bbox_wh)
        self.min_gt_area = min_gt_area
        self.min_kpt_vis = min_kpt_vis
        self.by_box = by_box
        self.by_area = by_area
        self.by_kpt = by_kpt
        self.keep_empty = keep_empty
        self.requires = ("keypoints", "keypoints_visible") if by_kpt else ("bbox",)  # pyright: ignore

    def transform(self, results: Results) -> Results | None:
        count = len(results["keypoints" if self.by_kpt else "bbox"])
        if count == 0:
            return results
        keep = np.ones(count, bool)
        if self.by_box and "bbox" in results:
            keep &= (box_sizes(results["bbox"]) > self.min_gt_bbox_wh).all(axis=-1)
        if self.by_area and "area" in results:
            keep &= np.asarray(results["area"]) >= self.min_gt_area
        if self.by_kpt:
            keep &= visibility(results).sum(axis=1) >= self.min_kpt_vis
        if self.keep_empty and not keep.any():
            return None
        keep_instances(results, keep)
        return results


def box_sizes(boxes: np.ndarray) -> np.ndarray:
    """Return width and height (N, 2) of boxes (N, 4), or of their corners (N, 4, 2)."""
    if boxes.ndim == 3:
        return boxes.max(axis=1) - boxes.min(axis=1)
    return boxes[:, 2:4] - boxes[:, :2]
