"""Heatmaps made by blurring a single cell."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.array import Array, asarray_like, namespace
from posekit.codecs.blur import blur_maps, blur_matrix
from posekit.codecs.gaussian import kept_weights
from posekit.codecs.heatmap_codec import HeatmapCodec, plain_scale
from posekit.codecs.peaks import heatmap_maximum, quarter_steps
from posekit.registry import CODECS


@CODECS.register_module()
class MegviiHeatmap(HeatmapCodec):
    """A Gaussian kernel of height 255 at the cell that holds the keypoint, mirrored at the border.

    Args:
        input_size: width and height of the input.
        heatmap_size: columns and rows of the heatmaps.
        kernel_size: side of the kernel in cells, odd.

    Source: Li et al., arXiv 1901.00148 (MSPN); Chen et al., arXiv 1711.07319 (CPN).
    """

    def __init__(self, input_size: tuple[int, int], heatmap_size: tuple[int, int], kernel_size: int) -> None:
        super().__init__(input_size, heatmap_size, plain_scale(input_size, heatmap_size))
        self.kernel_size = kernel_size
        # Row i of a stamp is the kernel at cell i, mirrored at the ends, one in the middle.
        blurs = [blur_matrix(length, kernel_size, mirror=True) for length in self.heatmap_size]
        self.stamps = [blur / np.diag(blur)[:, None] for blur in blurs]

    @property
    def round_trip_px(self) -> float:
        # Half a cell for the cell's middle, a quarter for a step where neighbours differ by rounding alone.
        return 0.75 * float((self.scale_factor**2).sum() ** 0.5)

    def flip_offset_px(self, *, shift_heatmap: bool = False, **options: Any) -> float:
        return 1.0 + float(self.scale_factor[0]) * (1 if shift_heatmap else 0)

    def profiles(self, points: Array, visible: Array) -> tuple[Array, Array, Array]:
        xp = namespace(points)
        cells = xp.trunc(points)  # towards zero, as released models were trained: -0.9 still counts as cell 0
        size = asarray_like(np.asarray(self.heatmap_size), cells)
        inside = xp.all((cells >= 0) & (cells < size), axis=-1)
        drawn = xp.astype(inside & (visible >= 0.5), xp.float32)[..., None]
        cells = xp.astype(cells.clip(0 * size, size - 1), xp.int64)
        rows_x, rows_y = (asarray_like(self.stamps[axis], points, xp.float32)[cells[..., axis]] for axis in (0, 1))
        return rows_x, rows_y * (255 * drawn), kept_weights(visible, inside)

    def locate(self, heatmaps: Array) -> tuple[Array, Array]:
        xp = namespace(heatmaps)
        blurred = blur_maps(heatmaps, self.kernel_size)
        peak = xp.max(heatmaps, axis=(-2, -1))
        # The blur keeps each map's height. A map of little but negative values thereby changes its sign.
        top = xp.max(blurred, axis=(-2, -1))
        blurred = blurred * (peak / xp.where(top == 0, xp.ones_like(top), top))[..., None, None]
        points, highest = heatmap_maximum(blurred)
        x, y = points[..., 0], points[..., 1]
        width, height = self.heatmap_size
        free = (x > 1) & (x < width - 1) & (y > 1) & (y < height - 1)
        steps = quarter_steps(blurred, points) + 0.5
        moved = xp.astype(points, steps.dtype) + steps * xp.astype(free, steps.dtype)[..., None]
        return moved, highest / 255.0 + 0.5
