"""Moving pixels and coordinates of ``results`` by an affine map, the pixels only once.

A geometric transform moves coordinates at once and *pends* its map for the
pixels; :func:`render` applies the composed map to the image and its masks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from posekit.datasets.transforms.results import Results
from posekit.geometry import Affine, warp_image

Border = float | Sequence[float]


class Warp(NamedTuple):
    """A map from the pixels of ``results["img"]`` to a frame of ``size_wh`` pixels."""

    affine: Affine
    size_wh: tuple[int, int]
    border_value: Border = 0


def current_space(results: Results) -> str:
    """Name the space in which the image is now: ``image`` until a crop or resize."""
    affine = results.get("affine")
    return "image" if affine is None else affine.target


def frame_size(results: Results) -> tuple[int, int]:
    """Return (w, h) of the image, pending warps included."""
    pending = results.get("pending")
    if pending is not None:
        return pending.size_wh
    img = results["img"]
    height, width = (img[0] if isinstance(img, list) else img).shape[:2]
    return width, height


def pend(results: Results, step: Affine, size_wh: tuple[int, int], border_value: Border | None = None) -> None:
    """Record that the image moves by ``step`` into a frame of ``size_wh`` pixels.

    Without a ``border_value`` that of the steps it folds with stays, else it is 0.
    """
    whole, pending = results.get("affine"), results.get("pending")
    if border_value is None:
        border_value = 0 if pending is None else pending.border_value
    moved = step if whole is None else step @ whole
    results["affine"] = moved
    if pending is None:
        warp = step
    else:
        warp = moved if pending.affine is whole else step @ pending.affine
    results["pending"] = Warp(warp, size_wh, border_value)


def render(results: Results) -> Results:
    """Apply the pending warp, if any, to the image, or list of images, and to its mask."""
    warp = results.pop("pending", None)
    if warp is None:
        return results
    img = results["img"]
    results["img"] = [apply_warp(frame, warp) for frame in img] if isinstance(img, list) else apply_warp(img, warp)
    if "img_mask" in results:
        results["img_mask"] = apply_warp(results["img_mask"], warp._replace(border_value=0))
    return results


def apply_warp(img: np.ndarray, warp: Warp) -> np.ndarray:
    """Return ``img`` moved by ``warp``; a plain mirror image takes the short way."""
    (a, b, x), (c, d, y) = warp.affine.matrix.tolist()
    width, height = warp.size_wh
    corner = (width - 1 if a < 0 else 0, height - 1 if d < 0 else 0)
    if (b, c, abs(a), abs(d), x, y) == (0, 0, 1, 1, *corner) and img.shape[:2] == (height, width):
        return mirror(img, a < 0, d < 0)
    return warp_image(img, warp.affine, warp.size_wh, border_value=warp.border_value)


def mirror(img: np.ndarray, horizontal: bool, vertical: bool) -> np.ndarray:
    import cv2

    if not (horizontal or vertical):
        return img
    code = -1 if horizontal and vertical else int(horizontal)
    return cv2.flip(img, code)


def move_points(affine: Affine, points: np.ndarray) -> np.ndarray:
    """Return ``affine.points(points)``; for floating points (..., 2) in a third of the time."""
    if points.shape[-1] != 2 or points.dtype.kind != "f":
        return affine.points(points)
    matrix = affine.matrix
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(points.dtype, copy=False)


def move_boxes(affine: Affine, boxes_xyxy: np.ndarray) -> np.ndarray:
    """Return the upright boxes (N, 4) around the moved corners of boxes (N, 4)."""
    low, high = boxes_xyxy[..., :2], boxes_xyxy[..., 2:4]
    center = (low + high) / 2 @ affine.matrix[:, :2].T + affine.matrix[:, 2]
    half = (high - low) / 2 @ np.abs(affine.matrix[:, :2]).T
    return np.concatenate([center - half, center + half], axis=-1).astype(boxes_xyxy.dtype, copy=False)
