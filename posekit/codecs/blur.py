"""Gaussian blurs as matrix products, the same on every device."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from posekit.array import Array, asarray_like

# Short kernels are binomial, as in OpenCV; the formula for sigma is meant for longer ones.
_BINOMIAL = {1: (1,), 3: (1, 2, 1), 5: (1, 4, 6, 4, 1), 7: (2, 7, 14, 18, 14, 7, 2)}


@functools.cache
def gaussian_kernel(size: int) -> np.ndarray:
    """Return the kernel (size,) whose sigma is 0.3 * ((size - 1) / 2 - 1) + 0.8, of sum 1.

    Raises:
        ValueError: if ``size`` is even or below one.

    Source: the rule of OpenCV's GaussianBlur for sigma = 0, which DARK (arXiv 1910.06278) builds on.
    """
    if size < 1 or size % 2 == 0:
        raise ValueError(f"blur kernel size {size}: a kernel has a middle, so its size must be odd and positive")
    if size in _BINOMIAL:
        kernel = np.array(_BINOMIAL[size], dtype=np.float64)
    else:
        sigma = 0.3 * ((size - 1) * 0.5 - 1) + 0.8
        kernel = np.exp(-((np.arange(size) - size // 2) ** 2) / (2 * sigma**2))
    return kernel / kernel.sum()


@functools.lru_cache(maxsize=64)
def blur_matrix(length: int, size: int, mirror: bool = False) -> np.ndarray:
    """Return the matrix (length, length) that blurs a row: ``row @ matrix``.

    Outside of the row are zeros, or with ``mirror`` its mirror image about the first and last cell.
    """
    kernel, reach = gaussian_kernel(size), size // 2
    cells = np.arange(length)[:, None] + np.arange(-reach, reach + 1)
    if mirror and length > 1:
        cells = np.abs(cells) % (2 * length - 2)
        cells = np.minimum(cells, 2 * length - 2 - cells)
    matrix = np.zeros((length, length))
    target = np.broadcast_to(np.arange(length)[:, None], cells.shape)
    inside = (cells >= 0) & (cells < length)
    np.add.at(matrix, (cells[inside], target[inside]), np.broadcast_to(kernel, cells.shape)[inside])
    return matrix


def blur_maps(maps: Array, size: int, mirror: bool = False) -> Array:
    """Blur maps (..., H, W) in both directions."""
    height, width = maps.shape[-2:]
    rows = maps @ asarray_like(blur_matrix(width, size, mirror), maps)
    return asarray_like(blur_matrix(height, size, mirror).T, maps) @ rows


@functools.lru_cache(maxsize=64)
def window_blur_matrix(size: int, at: Sequence[tuple[int, int]]) -> np.ndarray:
    """Return the matrix that blurs a window only where it is asked for.

    Args:
        size: size of the kernel.
        at: places (x, y) relative to the window's centre.

    Returns:
        ((size + 2 * reach) ** 2, len(at)), where reach is the largest |x| or |y|; a window
        flattened row by row, times this matrix, gives the blurred values at the places.
    """
    reach = max(max(abs(x), abs(y)) for x, y in at)
    side, kernel = size + 2 * reach, gaussian_kernel(size)
    columns: list[np.ndarray] = []
    for x, y in at:
        window = np.zeros((side, side))
        window[reach + y : reach + y + size, reach + x : reach + x + size] = np.outer(kernel, kernel)
        columns.append(window.reshape(-1))
    return np.stack(columns, axis=1)
