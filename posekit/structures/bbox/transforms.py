"""Boxes converted, mirrored and cut out of images, without touching the boxes that came in.

Convention: x to the right, y down, in pixels. xyxy is left, top, right, bottom; xywh is left,
top, width, height; cs is a centre (x, y) and a scale (w, h), the size after padding.
Functions that convert and mirror take numpy arrays and tensors with any leading dimensions. The warp matrices are
plain arrays; inside posekit use ``posekit.geometry.crop_affine``, which also knows the spaces it maps between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from posekit.array import ArrayT, asarray_like, namespace
from posekit.geometry.crop import crop_affine

MIRRORED_AXES = {"horizontal": (0,), "vertical": (1,), "diagonal": (0, 1)}


def bbox_xyxy2xywh(bbox_xyxy: ArrayT) -> ArrayT:
    """Return boxes (..., 4 or 5) as left, top, width, height; a fifth column, such as a score, is kept."""
    xp = namespace(bbox_xyxy)
    return xp.concat([bbox_xyxy[..., :2], bbox_xyxy[..., 2:4] - bbox_xyxy[..., :2], bbox_xyxy[..., 4:]], axis=-1)


def bbox_xywh2xyxy(bbox_xywh: ArrayT) -> ArrayT:
    """Return boxes (..., 4 or 5) as left, top, right, bottom; a fifth column, such as a score, is kept."""
    xp = namespace(bbox_xywh)
    return xp.concat([bbox_xywh[..., :2], bbox_xywh[..., 2:4] + bbox_xywh[..., :2], bbox_xywh[..., 4:]], axis=-1)


def bbox_xyxy2cs(bbox: ArrayT, padding: float = 1.0) -> tuple[ArrayT, ArrayT]:
    """Return centre (..., 2) and scale (..., 2) of boxes (..., 4); ``padding`` multiplies the size."""
    return (bbox[..., :2] + bbox[..., 2:4]) * 0.5, (bbox[..., 2:4] - bbox[..., :2]) * padding


def bbox_xywh2cs(bbox: ArrayT, padding: float = 1.0) -> tuple[ArrayT, ArrayT]:
    """Return centre (..., 2) and scale (..., 2) of boxes (..., 4); ``padding`` multiplies the size."""
    return bbox[..., :2] + bbox[..., 2:4] * 0.5, bbox[..., 2:4] * padding


def bbox_cs2xyxy(center: ArrayT, scale: ArrayT, padding: float = 1.0) -> ArrayT:
    """Return the boxes (..., 4) whose size times ``padding`` is ``scale``."""
    half = scale / (2 * padding)
    return namespace(center, scale).concat([center - half, center + half], axis=-1)


def bbox_cs2xywh(center: ArrayT, scale: ArrayT, padding: float = 1.0) -> ArrayT:
    """Return the boxes (..., 4) as left, top, width, height whose size times ``padding`` is ``scale``."""
    size = scale / padding
    return namespace(center, scale).concat([center - size * 0.5, size], axis=-1)


def bbox_xyxy2corner(bbox: ArrayT) -> ArrayT:
    """Return the corners (..., 4, 2) of boxes (..., 4): left top, left bottom, right top, right bottom."""
    xp = namespace(bbox)
    left, top, right, bottom = (bbox[..., i] for i in range(4))
    return xp.stack([xp.stack([left, left, right, right], axis=-1), xp.stack([top, bottom, top, bottom], axis=-1)], -1)


def bbox_corner2xyxy(bbox: ArrayT) -> ArrayT:
    """Return the smallest upright boxes (..., 4) around corners (..., 4, 2) or (..., 8)."""
    xp = namespace(bbox)
    corners = bbox.reshape((*bbox.shape[:-1], 4, 2)) if bbox.shape[-1] == 8 else bbox
    return xp.concat([xp.min(corners, axis=-2), xp.max(corners, axis=-2)], axis=-1)


def bbox_clip_border(bbox: ArrayT, shape: tuple[int, int]) -> ArrayT:
    """Return boxes (..., 4) or points (..., 2) moved into an image of size ``shape`` = (width, height)."""
    limits = asarray_like(list(shape[:2]) * (bbox.shape[-1] // 2), bbox)
    xp = namespace(bbox)
    return xp.minimum(xp.maximum(bbox, limits * 0), limits)


def flip_bbox(
    bbox: ArrayT, image_size: tuple[int, int], bbox_format: str = "xywh", direction: str = "horizontal"
) -> ArrayT:
    """Return boxes as they lie in the mirrored image.

    Convention: pixel centres at integers, so that x becomes ``width - 1 - x``.

    Args:
        bbox: (..., 4) for "xyxy" and "xywh", (..., 2) for "center".
        image_size: width and height.
        bbox_format: "xywh", "xyxy" or "center". For "xywh" the first two numbers are
            mirrored as a point, which makes them the corner on the other side.
        direction: "horizontal", "vertical" or "diagonal" (both).

    Raises:
        ValueError: for another format or direction.
    """
    if direction not in MIRRORED_AXES:
        raise ValueError(f"flip_bbox: direction {direction!r}; allowed are {', '.join(MIRRORED_AXES)}")
    if bbox_format not in ("xywh", "xyxy", "center"):
        raise ValueError(f"flip_bbox: bbox_format {bbox_format!r}; allowed are xywh, xyxy, center")
    xp = namespace(bbox)
    columns = [bbox[..., i] for i in range(bbox.shape[-1])]
    for axis in MIRRORED_AXES[direction]:
        last = image_size[axis] - 1
        if bbox_format == "xyxy":
            columns[axis], columns[axis + 2] = last - columns[axis + 2], last - columns[axis]
        else:
            columns[axis] = last - columns[axis]
    return xp.stack(columns, axis=-1)


def get_warp_matrix(
    center: np.ndarray,
    scale: np.ndarray,
    rot: float,
    output_size: tuple[int, int],
    shift: tuple[float, float] = (0.0, 0.0),
    inv: bool = False,
    fix_aspect_ratio: bool = True,
) -> np.ndarray:
    """Return the matrix (2, 3) of the plain crop, or its inverse; see ``crop_affine``."""
    affine = crop_affine(center, scale, rot, output_size, shift=shift, keep_aspect=fix_aspect_ratio)
    return affine.inverse().matrix if inv else affine.matrix


def get_udp_warp_matrix(center: np.ndarray, scale: np.ndarray, rot: float, output_size: tuple[int, int]) -> np.ndarray:
    """Return the matrix (2, 3) of the unbiased crop; the rotation turns the same way as the plain crop's."""
    return crop_affine(center, scale, rot, output_size, use_udp=True).matrix


def get_pers_warp_matrix(
    center: np.ndarray, translate: np.ndarray, scale: float, rot: float, shear: Sequence[float]
) -> np.ndarray:
    """Return the matrix (3, 3) that scales, turns and shears about ``center`` and then moves by ``translate``.

    Args:
        center: (x, y) of the fixed point, before the move.
        translate: (x, y) in pixels.
        scale: factor of both axes.
        rot: degrees; positive turns the image clockwise on screen.
        shear: degrees along x and y.
    """
    cos, sin = math.cos(math.radians(rot)), math.sin(math.radians(rot))
    shear_x, shear_y = (math.tan(math.radians(angle)) for angle in shear)
    linear = np.array([[1, shear_x], [shear_y, 1]]) @ (scale * np.array([[cos, -sin], [sin, cos]]))
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = np.asarray(center) + np.asarray(translate) - linear @ np.asarray(center)
    return matrix
