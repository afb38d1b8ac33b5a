"""Several maxima per map, for images with several instances."""

from __future__ import annotations

import numpy as np

from posekit.array import Array, is_tensor, namespace, numpy_on_cpu


@numpy_on_cpu  # OpenCV's search takes a fiftieth of the time of torch's pooling
def suppress_neighbors(heatmaps: Array, kernel_size: int) -> Array:
    """Set all cells of maps (..., H, W) to zero that are not the highest within ``kernel_size`` cells.

    Raises:
        ValueError: if ``kernel_size`` is even.
    """
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel size {kernel_size} for the search of maxima: it has a middle, so it must be odd")
    if is_tensor(heatmaps):
        import torch.nn.functional as functional

        highest: Array = functional.max_pool2d(heatmaps, kernel_size, stride=1, padding=kernel_size // 2)
    else:
        import cv2

        highest, window = np.empty_like(heatmaps, order="C"), np.ones((kernel_size, kernel_size), np.uint8)
        for place in np.ndindex(heatmaps.shape[:-2]):
            cv2.dilate(heatmaps[place], window, dst=highest[place])
    return heatmaps * namespace(heatmaps).astype(heatmaps == highest, heatmaps.dtype)


def top_values(values: Array, count: int) -> tuple[Array, Array]:
    """Return the ``count`` highest values of the last axis, highest first, and their indices."""
    count = min(count, values.shape[-1])
    if is_tensor(values):
        best, index = values.topk(count, dim=-1)
        return best, index
    index = np.argsort(-values, axis=-1, kind="stable")[..., :count]
    return namespace(values).take_along_axis(values, index, axis=-1), index


def sample_bilinear(maps: Array, points: Array) -> Array:
    """Read maps (K, H, W) between cells at points (N, K, 2): (N, K). Beyond the border its cells go on."""
    xp = namespace(maps)
    height, width = maps.shape[-2:]
    x, y = points[..., 0].clip(0, width - 1), points[..., 1].clip(0, height - 1)
    left, top = xp.floor(x), xp.floor(y)
    across, down = x - left, y - top
    flat = maps.reshape((maps.shape[0], height * width))

    def at(column: Array, row: Array) -> Array:
        index = xp.astype(row.clip(0, height - 1) * width + column.clip(0, width - 1), xp.int64)
        return xp.take_along_axis(flat, index.T, axis=-1).T

    upper = at(left, top) * (1 - across) + at(left + 1, top) * across
    lower = at(left, top + 1) * (1 - across) + at(left + 1, top + 1) * across
    return upper * (1 - down) + lower * down
