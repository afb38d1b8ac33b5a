"""Gaussians around keypoints, made of one row and one column per keypoint.

Shapes: K keypoints, W H the map's columns and rows; all functions take leading dimensions.
Convention: points are (x, y) in output space, cells at integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from posekit.array import Array, asarray_like, is_tensor, namespace, on_cpu

# exp() below this power is a number that processors handle slowly, and the product of two such is 1e-35.
LOWEST_POWER = -40.0


def gaussian_rows(mean: Array, length: int, sigma: float, *, center: Array | None = None) -> Array:
    """Return exp(-(i - mean)^2 / 2 sigma^2) for the cells i of a row.

    Args:
        mean: (...).
        length: number of cells.
        sigma: standard deviation in cells.
        center: (...) whole numbers; cells further than 3 sigma from it are zero. None keeps all.

    Returns:
        (..., length), float32.
    """
    xp = namespace(mean)
    cells = xp.arange(length, dtype=xp.float32, **({"device": mean.device} if is_tensor(mean) else {}))
    distance = cells - xp.astype(mean, xp.float32)[..., None]
    distance *= distance
    distance *= -0.5 / sigma**2
    row = xp.exp(distance.clip(LOWEST_POWER, None))
    if center is None:
        return row
    window = window_of(cells - xp.astype(center, xp.float32)[..., None], sigma)
    return row * window


def gaussian_profile(sigma: float, *, cut: bool) -> Callable[[np.ndarray], np.ndarray]:
    """Return exp(-d^2 / 2 sigma^2) as a function of whole distances d, with ``cut`` zero beyond 3 sigma."""

    def profile(distance: np.ndarray) -> np.ndarray:
        row = np.exp(np.maximum(distance.astype(np.float64) ** 2 * (-0.5 / sigma**2), LOWEST_POWER))
        return row * window_of(distance, sigma) if cut else row

    return profile


def window_of(distance: Array, sigma: float) -> Array:
    """Whether cells at these distances belong to a Gaussian that is cut off at 3 sigma."""
    # The window of a fractional radius reaches one cell further to the left and to the top.
    return (distance >= -math.ceil(3 * sigma)) & (distance <= math.floor(3 * sigma))


def outer_maps(rows_y: Array, rows_x: Array) -> Array:
    """Return maps (..., H, W) as products of columns (..., H) and rows (..., W)."""
    if not is_tensor(rows_x):
        return np.einsum("...h,...w->...hw", rows_y, rows_x)
    out = empty_like((*rows_y.shape, rows_x.shape[-1]), rows_x)
    namespace(rows_x).multiply(rows_y[..., :, None], rows_x[..., None, :], out=out)
    return out


def empty_like(shape: tuple[int, ...], like: Array) -> Array:
    """Return memory for float32 values on the device of ``like``."""
    if is_tensor(like) and not on_cpu(like):
        return like.new_empty(shape, dtype=namespace(like).float32)
    memory = np.empty(shape, np.float32)
    # numpy's memory was mostly in use before; torch's comes fresh from the system, at ten times the arithmetic's price.
    return namespace(like).asarray(memory) if is_tensor(like) else memory


def in_reach(center: Array, size_wh: tuple[int, int], radius: float) -> Array:
    """Whether Gaussians around ``center`` (..., 2), of this radius in cells, touch the map: (...)."""
    xp = namespace(center)
    size = asarray_like(np.asarray(size_wh), center)
    return xp.all((center + (radius + 1) >= 0) & (center - radius < size), axis=-1)


def kept_weights(visible: Array, inside: Array) -> Array:
    """Return the visibility, zero for labelled keypoints that are not ``inside``."""
    return visible * namespace(visible).astype(inside | (visible < 0.5), visible.dtype)


def nearest_cell(points: Array) -> Array:
    """Round points to whole cells; halves go up, and points up to 1.5 cells below zero to cell 0.

    The second is what released models were trained with. It concerns keypoints outside of the input.
    """
    return namespace(points).trunc(points + 0.5)
