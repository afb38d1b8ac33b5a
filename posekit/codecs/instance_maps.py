"""Maps that all instances of an image share, and what is known of each instance.

Shapes: N instances, K keypoints, W H the map's columns and rows.
Convention: points are (x, y) in output space, cells at integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.array import Array, asarray_like, is_tensor, namespace
from posekit.codecs.gaussian import LOWEST_POWER, kept_weights, nearest_cell


def instance_maps(
    points: Array, visible: Array, size_wh: tuple[int, int], sigma: Any, *, exact: bool = False
) -> tuple[Array, Array]:
    """Draw the Gaussians of all instances into one map per keypoint; where they meet, the higher one counts.

    Args:
        points: (N, K, 2).
        visible: (N, K); keypoints below 0.5 are not drawn.
        size_wh: columns and rows.
        sigma: standard deviation in cells, one or (N,).
        exact: centre the Gaussians on the points (UDP) instead of on the nearest cell.

    Returns:
        Maps (K, H, W), float32, and weights (N, K): the visibility, zero for Gaussians outside of the map.
    """
    xp = namespace(points)
    sigmas = asarray_like(np.zeros(points.shape[0]), points, xp.float32) + asarray_like(sigma, points, xp.float32)
    radius = (3 * sigmas)[:, None, None]
    nearest = nearest_cell(points)
    low, high = xp.trunc(nearest - radius), xp.trunc(nearest + radius + 1)
    inside = xp.all((low < asarray_like(np.asarray(size_wh), points)) & (high >= 0), axis=-1)
    drawn = inside & (visible >= 0.5)
    # For a radius whose fraction is below a half, the middle is one cell left of the nearest cell:
    # so were the targets of released models.
    mean = low + xp.floor(radius + 0.5) + (points - nearest if exact else 0 * points)
    rows = [_cut_rows(mean[..., i], low[..., i], high[..., i], size_wh[i], sigmas) for i in (0, 1)]
    rows_y = rows[1] * xp.astype(drawn, xp.float32)[..., None]
    if is_tensor(points) and points.device.type != "cpu":
        return _highest_products(rows_y, rows[0]), kept_weights(visible, inside)
    spans = [_spans(low[..., i], high[..., i], size_wh[i]) for i in (0, 1)]
    maps = _paste(np.asarray(rows_y), np.asarray(rows[0]), np.asarray(drawn), spans)
    return xp.asarray(maps), kept_weights(visible, inside)


def _cut_rows(mean: Array, low: Array, high: Array, length: int, sigmas: Array) -> Array:
    """Return rows (N, K, length) of Gaussians, zero outside of low <= cell < high."""
    xp = namespace(mean)
    cells = asarray_like(np.arange(length), mean)
    distance = cells - mean[..., None]
    # An instance without a visible point has no size; it is not drawn either.
    power = distance * distance * (-0.5 / (sigmas * sigmas).clip(1e-6, None))[:, None, None]
    window = (cells >= low[..., None]) & (cells < high[..., None])
    return xp.astype(xp.exp(power.clip(LOWEST_POWER, None)) * window, xp.float32)


def _spans(low: Array, high: Array, length: int) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(low).clip(0, length).astype(int), np.asarray(high).clip(0, length).astype(int)


def _paste(rows_y: np.ndarray, rows_x: np.ndarray, drawn: np.ndarray, spans: Any) -> np.ndarray:
    """Return the highest products (K, H, W), touching each Gaussian's window only."""
    (x_low, x_high), (y_low, y_high) = spans
    maps = np.zeros((drawn.shape[1], rows_y.shape[-1], rows_x.shape[-1]), np.float32)
    for n, k in zip(*np.nonzero(drawn), strict=True):
        rows, columns = slice(y_low[n, k], y_high[n, k]), slice(x_low[n, k], x_high[n, k])
        window = maps[k, rows, columns]
        np.maximum(window, np.outer(rows_y[n, k, rows], rows_x[n, k, columns]), out=window)
    return maps


def _highest_products(rows_y: Array, rows_x: Array) -> Array:
    xp = namespace(rows_x)
    maps = xp.zeros_like(rows_y[:1].sum(0)[..., None] * rows_x[:1].sum(0)[..., None, :])
    for n in range(rows_x.shape[0]):
        maps = xp.maximum(maps, rows_y[n][..., :, None] * rows_x[n][..., None, :])
    return maps


def instance_boxes(points: Array, visible: Array) -> Array:
    """Return the boxes (N, 4), xyxy, around the visible points (N, K, 2), zero where none is visible."""
    xp = namespace(points)
    seen = (visible > 0)[..., None]
    far = xp.full_like(points, 1e9)
    low = xp.min(xp.where(seen, points, far), axis=1)
    high = xp.max(xp.where(seen, points, -far), axis=1)
    return xp.concat([low, high], axis=-1) * xp.astype(xp.any(visible > 0, axis=1), points.dtype)[:, None]


def instance_diagonals(points: Array, visible: Array) -> Array:
    """Return the lengths (N,) of the boxes' diagonals."""
    boxes = instance_boxes(points, visible)
    return ((boxes[:, 2:] - boxes[:, :2]) ** 2).sum(-1) ** 0.5


def instance_roots(points: Array, visible: Array, root_type: str) -> tuple[Array, Array]:
    """Return the roots (N, 2) of the instances and whether they have one (N,).

    Args:
        points: (N, K, 2).
        visible: (N, K); points above zero count.
        root_type: "kpt_center" for the mean of the points, "bbox_center" for the middle of their box.

    Raises:
        ValueError: for another type.
    """
    xp = namespace(points)
    seen = xp.astype(visible > 0, points.dtype)
    exists = xp.astype(xp.any(visible > 0, axis=1), points.dtype)
    if root_type == "kpt_center":
        return (points * seen[..., None]).sum(1) / seen.sum(1).clip(1, None)[:, None], exists
    if root_type == "bbox_center":
        boxes = instance_boxes(points, visible)
        return (boxes[:, :2] + boxes[:, 2:]) / 2, exists
    raise ValueError(f"root_type {root_type!r}; allowed are kpt_center, bbox_center")
