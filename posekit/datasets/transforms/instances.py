"""Choosing some of the instances of a sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import move_boxes, move_points
from posekit.geometry import Affine
from posekit.geometry.affine import EDGE
from posekit.structures.bbox import bbox_clip_border
from posekit.structures.keypoint import keypoint_clip_border

INSTANCE_KEYS = (
    "bbox",
    "bbox_score",
    "bbox_center",
    "bbox_scale",
    "bbox_rotation",
    "keypoints",
    "keypoints_visible",
    "keypoints_visible_weights",
    "transformed_keypoints",
    "area",
    "id",
    "category_id",
    "num_keypoints",
    "iscrowd",
    "labels",
    "ignored",
    "raw_ann_info",
)


def keep_instances(results: Results, keep: np.ndarray) -> None:
    """Drop from every per-instance value the instances where ``keep`` (N,) is False."""
    values: dict[str, Any] = results  # pyright: ignore[reportAssignmentType]
    for key in INSTANCE_KEYS:
        value = values.get(key)
        if isinstance(value, np.ndarray) and value.ndim and len(value) == len(keep):
            values[key] = value[keep]
        elif isinstance(value, (list, tuple)) and len(value) == len(keep):
            values[key] = [item for item, stays in zip(value, keep, strict=True) if stays]


def visibility(results: Results) -> np.ndarray:
    """Return the visibility (N, K), without the weights that may come with it."""
    visible = results["keypoints_visible"]
    return visible[..., 0] if visible.ndim == 3 else visible


def hide_outside(results: Results, size_wh: tuple[int, int]) -> None:
    """Mark the keypoints outside of an image of ``size_wh`` as invisible."""
    keypoints = results["keypoints"]
    visible = results.get("keypoints_visible")
    if visible is None:
        visible = np.ones(keypoints.shape[:2], np.float32)
    results["keypoints_visible"] = keypoint_clip_border(keypoints, visible, size_wh)[1]


def move_instances(results: Results, step: Affine, clip_wh: tuple[int, int] | None = None) -> None:
    """Move boxes, keypoints and areas by ``step``; cut boxes, and hide keypoints, at the border of an image (w, h)."""
    if results.get("bbox") is not None:
        boxes = move_boxes(step, results["bbox"])
        results["bbox"] = boxes if clip_wh is None else bbox_clip_border(boxes + EDGE, clip_wh) - EDGE
    if results.get("keypoints") is not None:
        results["keypoints"] = move_points(step, results["keypoints"])
        if clip_wh is not None:
            hide_outside(results, clip_wh)
    if results.get("area") is not None:
        results["area"] = results["area"] * abs(np.linalg.det(step.matrix[:, :2]))
