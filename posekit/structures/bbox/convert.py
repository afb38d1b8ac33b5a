"""Box formats, converted without touching the boxes that came in.

Convention: x to the right, y down, in pixels. xyxy is left, top, right, bottom; xywh is left,
top, width, height; cs is a centre (x, y) and a scale (w, h), the size after padding.
All functions take numpy arrays and tensors with any leading dimensions.
"""

from __future__ import annotations

from posekit.array import Array, asarray_like, namespace


def bbox_xyxy2xywh(bbox_xyxy: Array) -> Array:
    """Return boxes (..., 4 or 5) as left, top, width, height; a fifth column, such as a score, is kept."""
    xp = namespace(bbox_xyxy)
    return xp.concat([bbox_xyxy[..., :2], bbox_xyxy[..., 2:4] - bbox_xyxy[..., :2], bbox_xyxy[..., 4:]], axis=-1)


def bbox_xywh2xyxy(bbox_xywh: Array) -> Array:
    """Return boxes (..., 4 or 5) as left, top, right, bottom; a fifth column, such as a score, is kept."""
    xp = namespace(bbox_xywh)
    return xp.concat([bbox_xywh[..., :2], bbox_xywh[..., 2:4] + bbox_xywh[..., :2], bbox_xywh[..., 4:]], axis=-1)


def bbox_xyxy2cs(bbox: Array, padding: float = 1.0) -> tuple[Array, Array]:
    """Return centre (..., 2) and scale (..., 2) of boxes (..., 4); ``padding`` multiplies the size."""
    return (bbox[..., :2] + bbox[..., 2:4]) * 0.5, (bbox[..., 2:4] - bbox[..., :2]) * padding


def bbox_xywh2cs(bbox: Array, padding: float = 1.0) -> tuple[Array, Array]:
    """Return centre (..., 2) and scale (..., 2) of boxes (..., 4); ``padding`` multiplies the size."""
    return bbox[..., :2] + bbox[..., 2:4] * 0.5, bbox[..., 2:4] * padding


def bbox_cs2xyxy(center: Array, scale: Array, padding: float = 1.0) -> Array:
    """Return the boxes (..., 4) whose size times ``padding`` is ``scale``."""
    half = scale / (2 * padding)
    return namespace(center, scale).concat([center - half, center + half], axis=-1)


def bbox_cs2xywh(center: Array, scale: Array, padding: float = 1.0) -> Array:
    """Return the boxes (..., 4) as left, top, width, height whose size times ``padding`` is ``scale``."""
    size = scale / padding
    return namespace(center, scale).concat([center - size * 0.5, size], axis=-1)


def bbox_xyxy2corner(bbox: Array) -> Array:
    """Return the corners (..., 4, 2) of boxes (..., 4): left top, left bottom, right top, right bottom."""
    xp = namespace(bbox)
    left, top, right, bottom = (bbox[..., i] for i in range(4))
    return xp.stack([xp.stack([left, left, right, right], axis=-1), xp.stack([top, bottom, top, bottom], axis=-1)], -1)


def bbox_corner2xyxy(bbox: Array) -> Array:
    """Return the smallest upright boxes (..., 4) around corners (..., 4, 2) or (..., 8)."""
    xp = namespace(bbox)
    corners = bbox.reshape((*bbox.shape[:-1], 4, 2)) if bbox.shape[-1] == 8 else bbox
    return xp.concat([xp.min(corners, axis=-2), xp.max(corners, axis=-2)], axis=-1)


def bbox_clip_border(bbox: Array, shape: tuple[int, int]) -> Array:
    """Return boxes (..., 4) or points (..., 2) moved into an image of size ``shape`` = (width, height)."""
    limits = asarray_like(list(shape[:2]) * (bbox.shape[-1] // 2), bbox)
    xp = namespace(bbox)
    return xp.minimum(xp.maximum(bbox, limits * 0), limits)
