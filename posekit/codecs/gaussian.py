"""Gaussians around keypoints, made of one row and one column per keypoint.

Shapes: K keypoints, W H the map's columns and rows; all functions take leading dimensions.
Convention: points are (x, y) in output space, cells at integers.
"""

from __future__ import annotations

import math

import numpy as np

from posekit.structures.array import Array, is_tensor, namespace

# exp() below this power is a number that processors handle slowly, and the product of two such is 1e-35.
LOWEST_POWER = -40.0


def gaussian_rows(mean: Array, length: int, sigma: float, *, center: Array | None = None) -> Array:
    """Return exp(-(i - mean)^2 / 2 sigma^2) for the cells i of a row.

    Args:
        mean: (...).
        length: number of cells.
        sigma: in cells.
        center: (...) whole numbers; cells further than 3 sigma from it are zero. None keeps all.

    Returns:
        (..., length), float32.
    """
    xp = namespace(mean)
    cells = xp.arange(length, dtype=xp.float32, **({"device": mean.device} if is_tensor(mean) else {}))
    distance = cells - xp.astype(mean, xp.float32)[..., None]
    row = xp.exp(xp.clip(distance * distance * (-0.5 / sigma**2), LOWEST_POWER, None))
    if center is None:
        return row
    steps = cells - xp.astype(center, xp.float32)[..., None]
    # The window of a fractional radius reaches one cell further to the left and to the top.
    radius = 3 * sigma
    return row * xp.astype((steps >= -math.ceil(radius)) & (steps <= math.floor(radius)), xp.float32)


def outer_maps(rows_y: Array, rows_x: Array) -> Array:
    """Return maps (..., H, W) as products of columns (..., H) and rows (..., W)."""
    if is_tensor(rows_x) and rows_x.device.type == "cpu" and not rows_x.requires_grad:
        import torch

        # numpy asks the system for large pages; torch's fresh memory costs five times the arithmetic.
        return torch.from_numpy(outer_maps(rows_y.numpy(), rows_x.numpy()))
    if is_tensor(rows_x):
        return rows_y[..., :, None] * rows_x[..., None, :]
    return np.einsum("...h,...w->...hw", rows_y, rows_x)


def gaussian_maps(
    points: Array, visible: Array, size_wh: tuple[int, int], sigma: float, *, center: Array | None = None
) -> tuple[Array, Array]:
    """Draw one Gaussian of height one per keypoint.

    Args:
        points: (..., K, 2) the Gaussians' means.
        visible: (..., K); keypoints below 0.5 get empty maps.
        size_wh: columns and rows.
        sigma: in cells.
        center: (..., K, 2) the rounded means, to cut each Gaussian off at 3 sigma; None draws all of it.

    Returns:
        Maps (..., K, H, W), float32, and weights (..., K): the visibility, zero where the Gaussian
        lies outside of the map.
    """
    xp = namespace(points)
    anchor = points if center is None else center
    radius = 3 * sigma
    inside = (anchor + (radius + 1) >= 0) & (anchor[..., :2] - radius < _size_like(size_wh, anchor))
    inside = xp.all(inside, axis=-1)
    rows_x = gaussian_rows(points[..., 0], size_wh[0], sigma, center=None if center is None else center[..., 0])
    rows_y = gaussian_rows(points[..., 1], size_wh[1], sigma, center=None if center is None else center[..., 1])
    drawn = xp.astype(inside & (visible >= 0.5), xp.float32)
    maps = outer_maps(rows_y * drawn[..., None], rows_x)
    return maps, visible * xp.astype(inside | (visible < 0.5), visible.dtype)


def nearest_cell(points: Array) -> Array:
    """Round points to whole cells; halves go up, and points up to 1.5 cells below zero to cell 0.

    The second is what released models were trained with. It concerns keypoints outside of the input.
    """
    return namespace(points).trunc(points + 0.5)


def _size_like(size_wh: tuple[int, int], like: Array) -> Array:
    xp = namespace(like)
    return xp.asarray(list(size_wh), dtype=like.dtype, **({"device": like.device} if is_tensor(like) else {}))
