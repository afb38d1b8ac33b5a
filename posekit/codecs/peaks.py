"""Maxima of heatmaps and rows, with sub-cell refinement from a small window around each.

Shapes: K keypoints, W H the map's columns and rows; all functions take leading dimensions.
Convention: points are (x, y) in output space, cells at integers; a map without a positive
value has its keypoint at (-1, -1), and it stays there.
"""

from __future__ import annotations

import math

import numpy as np

from posekit.array import Array, ArrayT, asarray_like, is_tensor, namespace, on_cpu, to_numpy
from posekit.codecs.blur import blur_maps, blur_matrix, gaussian_kernel, window_blur_matrix

_SQUARE = tuple((x, y) for y in (-1, 0, 1) for x in (-1, 0, 1))
_STAR = (*_SQUARE, (-2, 0), (2, 0), (0, -2), (0, 2))
_LIMITS = 1e-3, 50.0
"""Between what the blurred values are held before their logarithm is taken."""
_TINY = 2.0**-23
"""Keeps the equations of flat maps solvable."""


def argmax_last(values: Array) -> tuple[Array, Array]:
    """Return index and value of the (first) maximum along the last axis."""
    if is_tensor(values) and not on_cpu(values):
        best, index = values.max(-1)
        return index, best
    # numpy's search is vectorised and ten times as fast as torch's on a CPU.
    index = namespace(values).asarray(to_numpy(values).argmax(-1))
    return index, take_cells(values, index[..., None])[..., 0]


def take_cells(rows: Array, index: Array) -> Array:
    """Read rows (..., L) at ``index`` (..., M), or (..., N, M) for several points on each row."""
    xp, lead = namespace(rows), rows.shape[:-1]
    # One list of places in all rows is found several times faster than places along an axis.
    first = asarray_like(np.arange(math.prod(lead)) * rows.shape[-1], index)
    index = index + first.reshape((*lead, *(1,) * (index.ndim - len(lead))))
    return xp.take(rows.reshape((-1,)), index.reshape((-1,)), axis=0).reshape(index.shape)


def heatmap_maximum(heatmaps: Array) -> tuple[Array, Array]:
    """Return place (..., 2), as whole numbers, and value (...) of the maxima of maps (..., H, W)."""
    xp = namespace(heatmaps)
    height, width = heatmaps.shape[-2:]
    index, best = argmax_last(heatmaps.reshape((*heatmaps.shape[:-2], height * width)))
    points = xp.stack([index % width, index // width], axis=-1)
    return xp.where((best > 0)[..., None], points, xp.full_like(points, -1)), best


def windows_at(maps: Array, points: Array, reach: int) -> Array:
    """Cut windows of side 2 * reach + 1 out of maps around whole-numbered points.

    Args:
        maps: (..., H, W).
        points: (..., 2), or (..., N, 2) for several points on each map.
        reach: cells to each side.

    Returns:
        Windows, flattened row by row, in place of the points' last axis; zero outside of the map.
    """
    xp = namespace(maps)
    *lead, height, width = maps.shape
    steps = asarray_like(np.arange(-reach, reach + 1), points)
    columns, rows = points[..., 0, None] + steps, points[..., 1, None] + steps
    inside_x, inside_y = (columns >= 0) & (columns < width), (rows >= 0) & (rows < height)
    index = rows.clip(0, height - 1)[..., :, None] * width + columns.clip(0, width - 1)[..., None, :]
    inside = inside_y[..., :, None] & inside_x[..., None, :]
    values = take_cells(maps.reshape((*lead, height * width)), index) * xp.astype(inside, maps.dtype)
    return values.reshape((*points.shape[:-1], (2 * reach + 1) ** 2))


def quarter_steps(maps: ArrayT, points: ArrayT) -> ArrayT:
    """Return steps (..., 2) of a quarter cell from the maxima ``points`` towards the higher neighbour.

    On the map's rim, two cells wide at the left and the top, there is no step along that axis.

    Source: Newell et al., arXiv 1603.06937, section 3.3.
    """
    xp = namespace(maps)
    height, width = maps.shape[-2:]
    x, y = points[..., 0], points[..., 1]
    free_x = (x > 1) & (x < width - 1) & (y > 0)
    free_y = (y > 1) & (y < height - 1) & (x > 0)
    neighbors = (y * width + x)[..., None] + asarray_like(np.array([1, width, -1, -width]), points)
    # Cells beyond the map are never free, no matter what is read there.
    flat = maps.reshape((*maps.shape[:-2], height * width))
    near = take_cells(flat, neighbors.clip(0, height * width - 1))
    after, before, free = near[..., :2], near[..., 2:], xp.stack([free_x, free_y], axis=-1)
    up, down = (xp.astype(side & free, near.dtype) for side in (after > before, after < before))
    return 0.25 * (up - down)


def newton_steps(gradient: tuple[Array, Array], second: tuple[Array, Array, Array]) -> Array:
    """Return the steps (..., 2) to the maxima of parabolas, zero where the second derivatives are singular.

    Args:
        gradient: d/dx and d/dy.
        second: d2/dx2, d2/dxdy and d2/dy2.
    """
    (dx, dy), (dxx, dxy, dyy) = gradient, second
    xp = namespace(dx)
    det = dxx * dyy - dxy * dxy
    solvable = det != 0
    det = xp.where(solvable, det, xp.ones_like(det))
    steps = xp.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], axis=-1) / det[..., None]
    return xp.where(solvable[..., None], steps, xp.zeros_like(steps))


def dark_steps(maps: Array, points: Array, blur_kernel_size: int) -> Array:
    """Return steps (..., 2) from maxima to the means of the Gaussians around them (DARK).

    Only the window that reaches the thirteen cells of the stencil is blurred. Maxima within
    two cells of the border keep their place.

    Source: Zhang et al., arXiv 1910.06278, eq. 5-9, with differences over two cells for the second derivatives.
    """
    xp = namespace(maps)
    height, width = maps.shape[-2:]
    windows = _precise(windows_at(maps, points, blur_kernel_size // 2 + 2))
    near = windows @ asarray_like(window_blur_matrix(blur_kernel_size, _STAR), windows)
    near = _log_at_height(near, maps, blur_kernel_size, (1e-10, math.inf))
    here = near[..., 4]
    gradient = 0.5 * (near[..., 5] - near[..., 3]), 0.5 * (near[..., 7] - near[..., 1])
    second = (
        0.25 * (near[..., 10] - 2 * here + near[..., 9]),
        0.25 * (near[..., 8] - near[..., 2] - near[..., 6] + near[..., 0]),
        0.25 * (near[..., 12] - 2 * here + near[..., 11]),
    )
    x, y = points[..., 0], points[..., 1]
    free = (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2)
    return xp.astype(newton_steps(gradient, second) * xp.astype(free, near.dtype)[..., None], maps.dtype)


def dark_udp_steps(maps: ArrayT, points: ArrayT, blur_kernel_size: int) -> ArrayT:
    """Return steps (..., 2) from maxima to the means of the Gaussians around them, up to the border.

    Only the window that reaches the nine cells of the stencil is blurred; beyond the border the
    blurred map goes on with its outermost cells. Empty maps have no step.

    Source: Huang et al., arXiv 1911.07524, section 4.2.
    """
    xp = namespace(maps)
    height, width = maps.shape[-2:]
    windows = _precise(windows_at(maps, points, blur_kernel_size // 2 + 1))
    near = windows @ asarray_like(window_blur_matrix(blur_kernel_size, _SQUARE), windows)
    has_peak = points[..., 0] >= 0
    near = _log_at_height(near, maps, blur_kernel_size, _LIMITS)
    near = xp.take_along_axis(near, _cells_within(points, width, height), axis=-1)
    here = near[..., 4]
    gradient = 0.5 * (near[..., 5] - near[..., 3]), 0.5 * (near[..., 7] - near[..., 1])
    diagonal = near[..., 8] + near[..., 0] + 2 * here - near[..., 5] - near[..., 7] - near[..., 3] - near[..., 1]
    second = (
        near[..., 5] - 2 * here + near[..., 3] + _TINY,
        0.5 * diagonal,
        near[..., 7] - 2 * here + near[..., 1] + _TINY,
    )
    return xp.astype(newton_steps(gradient, second) * xp.astype(has_peak, near.dtype)[..., None], maps.dtype)


def empty_map_steps(maps: Array, blur_kernel_size: int) -> Array:
    """Return the steps (..., K, 2) that published models take from (-1, -1) on maps (..., K, H, W) without a peak.

    Their arithmetic sees the map's first cell in all directions but left and up, where it meets the last row
    of the keypoint before. Such a point means nothing, its score says so; yet recorded predictions hold it.
    """
    xp = namespace(maps)
    logs = log_blurred(_precise(maps), blur_kernel_size)
    here, last_row = logs[..., 0, 0], xp.roll(logs[..., -1, :], 1, axis=-2)
    left, above = last_row[..., -1] - here, last_row[..., 0] - here
    steps = newton_steps((-0.5 * left, -0.5 * above), (left + _TINY, -0.5 * above, above + _TINY))
    return xp.astype(steps, maps.dtype)


def log_blurred(maps: ArrayT, blur_kernel_size: int) -> ArrayT:
    """Return the logarithm of whole blurred maps (..., H, W), scaled back to their height before the blur."""
    blurred = blur_maps(maps, blur_kernel_size)
    return namespace(maps).log((blurred * _lost_height(maps, blurred, axes=2)[..., None, None]).clip(*_LIMITS))


def _log_at_height(
    near: Array, maps: Array, blur_kernel_size: int, limits: tuple[float, float], axes: int = 2
) -> Array:
    """Return logarithms of some blurred values of each map, after the blurred map is scaled back to its height.

    Scaling adds a constant to all logarithms, which derivatives do not see, unless values are held to the
    limits. Only maps where that may happen, those without a clear maximum, are blurred as a whole.

    Args:
        near: (..., M), or (..., N, M) for several points on each map.
        maps: before the blur, (..., H, W), or (..., L) with one of the ``axes``.
        blur_kernel_size: kernel size of the blur.
        limits: limits of the scaled values.
        axes: number of axes of ``maps`` were blurred.
    """
    xp = namespace(near)
    lead = maps.shape[:-axes]
    # The height after the blur lies between the height before it and what one lone cell would keep of that.
    height = float(gaussian_kernel(blur_kernel_size).max()) ** axes
    held = (xp.min(near, axis=-1) < limits[0]) | (xp.max(near, axis=-1) > limits[1] * height)
    doubtful = xp.any(held.reshape((math.prod(lead), -1)), axis=-1)
    if doubtful.any():
        chosen = maps.reshape((math.prod(lead), *maps.shape[-axes:]))[doubtful]
        blurred = blur_maps(chosen, blur_kernel_size) if axes == 2 else _blurred_rows(chosen, blur_kernel_size)
        scale = xp.ones_like(doubtful, dtype=near.dtype)
        scale[doubtful] = xp.astype(_lost_height(chosen, blurred, axes), near.dtype)
        near = near * scale.reshape((*lead, *(1,) * (near.ndim - len(lead))))
    return xp.log(near.clip(*limits))


def _lost_height(maps: Array, blurred: Array, axes: int) -> Array:
    """Return each map's maximum as a multiple of the blurred map's; where that is zero, one."""
    xp = namespace(maps)
    over = tuple(range(-axes, 0))
    before, after = xp.max(maps, axis=over), xp.max(blurred, axis=over)
    return xp.where(after != 0, before, xp.ones_like(before)) / xp.where(after != 0, after, xp.ones_like(after))


def _blurred_rows(rows: Array, blur_kernel_size: int) -> Array:
    """Blur rows (..., L)."""
    return rows @ asarray_like(blur_matrix(rows.shape[-1], blur_kernel_size), rows)


def _precise(values: Array) -> Array:
    """Return float64, in which differences of nearly equal logarithms keep their digits, where there is one."""
    if is_tensor(values) and values.device.type == "mps":
        return values
    return namespace(values).astype(values, namespace(values).float64)


def _cells_within(points: Array, width: int, height: int) -> Array:
    """Return for the cells of a 3 x 3 window their index (..., 9), those beyond the border moved onto it."""
    steps = asarray_like(np.array([-1, 0, 1]), points)
    x, y = points[..., 0, None], points[..., 1, None]
    columns = (x + steps).clip(0, width - 1) - x.clip(0, None) + 1
    rows = (y + steps).clip(0, height - 1) - y.clip(0, None) + 1
    return (rows[..., :, None] * 3 + columns[..., None, :]).reshape((*points.shape[:-1], 9))


def row_dark_steps(rows: Array, index: Array, blur_kernel_size: int) -> Array:
    """Return steps (...) from the maxima ``index`` (...) of rows (..., L) to the means of the Gaussians there.

    Source: Zhang et al., arXiv 1910.06278, eq. 5-9, along one axis.
    """
    xp = namespace(rows)
    length, reach = rows.shape[-1], blur_kernel_size // 2 + 2
    cells = index[..., None] + asarray_like(np.arange(-reach, reach + 1), index)
    inside = (cells >= 0) & (cells < length)
    window = xp.take_along_axis(rows, cells.clip(0, length - 1), axis=-1) * xp.astype(inside, rows.dtype)
    window = _precise(window)
    near = window @ asarray_like(_row_blur(blur_kernel_size), window)
    has_peak = index >= 0
    near = _log_at_height(near, rows, blur_kernel_size, _LIMITS, axes=1)
    offsets = asarray_like(np.arange(-2, 3), index)
    within = (index[..., None] + offsets).clip(0, length - 1) - index[..., None].clip(0, None) + 2
    near = xp.take_along_axis(near, within, axis=-1)
    first = 0.5 * (near[..., 3] - near[..., 1])
    second = 1e-9 + 0.25 * (near[..., 4] - 2 * near[..., 2] + near[..., 0])
    return xp.astype(-first / second * xp.astype(has_peak, near.dtype), rows.dtype)


def _row_blur(size: int) -> np.ndarray:
    """Return the matrix (size + 4, 5) that blurs a window at its five middle cells."""
    matrix = np.zeros((size + 4, 5))
    for column in range(5):
        matrix[column : column + size, column] = gaussian_kernel(size)
    return matrix
