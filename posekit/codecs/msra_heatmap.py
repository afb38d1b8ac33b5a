"""Heatmaps with a Gaussian around each keypoint."""

from __future__ import annotations

import math

from posekit.array import Array, namespace
from posekit.codecs.gaussian import gaussian_profile, gaussian_rows, in_reach, kept_weights, nearest_cell
from posekit.codecs.heatmap_codec import HeatmapCodec, plain_scale
from posekit.codecs.peaks import dark_steps, heatmap_maximum, quarter_steps
from posekit.codecs.row_stamp import RowStamp
from posekit.registry import CODECS


@CODECS.register_module()
class MSRAHeatmap(HeatmapCodec):
    """One Gaussian per keypoint, of height one.

    Args:
        input_size: width and height of the input.
        heatmap_size: columns and rows of the heatmaps.
        sigma: standard deviation of the Gaussians, in cells.
        unbiased: draw whole Gaussians around the exact place and decode with DARK. Otherwise
            they are centred on the nearest cell and cut off at 3 sigma, and decoding steps a
            quarter of a cell towards the higher neighbour.
        blur_kernel_size: side, in cells, of the blur before DARK; 11 goes with sigma 2, 17 with 3.

    Source: Xiao et al., arXiv 1804.06208; DARK: Zhang et al., arXiv 1910.06278.

    Example:
        >>> import numpy as np
        >>> codec = MSRAHeatmap(input_size=(192, 256), heatmap_size=(48, 64), sigma=2.0)
        >>> targets = codec.encode(np.array([[[40.0, 80.0]]]))
        >>> targets["heatmaps"].shape
        (1, 64, 48)
        >>> keypoints, scores = codec.decode(targets["heatmaps"])
        >>> keypoints.tolist(), scores.tolist()
        ([[[40.0, 80.0]]], [[1.0]])
    """

    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        sigma: float,
        unbiased: bool = False,
        blur_kernel_size: int = 11,
    ) -> None:
        super().__init__(input_size, heatmap_size, plain_scale(input_size, heatmap_size))
        self.sigma = sigma
        self.unbiased = unbiased
        self.blur_kernel_size = blur_kernel_size
        profile = gaussian_profile(sigma, cut=True)
        self.stamps = [RowStamp(profile, length, math.ceil(3 * sigma) + 1) for length in self.heatmap_size]

    @property
    def round_trip_px(self) -> float:
        cell = float((self.scale_factor**2).sum() ** 0.5)
        return 0.005 * cell if self.unbiased else 0.5 * cell

    def profiles(self, points: Array, visible: Array) -> tuple[Array, Array, Array]:
        center = points if self.unbiased else nearest_cell(points)
        inside = in_reach(center, self.heatmap_size, 3 * self.sigma)
        drawn = inside & (visible >= 0.5)
        rows_x, rows_y = (self._rows(center[..., axis], axis, drawn) for axis in (0, 1))
        return rows_x, rows_y, kept_weights(visible, inside)

    def _rows(self, center: Array, axis: int, drawn: Array) -> Array:
        if not self.unbiased:
            return self.stamps[axis].rows(center, drawn)
        rows = gaussian_rows(center, self.heatmap_size[axis], self.sigma)
        return rows * namespace(rows).astype(drawn, rows.dtype)[..., None]

    def locate(self, heatmaps: Array) -> tuple[Array, Array]:
        points, scores = heatmap_maximum(heatmaps)
        if self.unbiased:
            steps = dark_steps(heatmaps, points, self.blur_kernel_size)
        else:
            steps = quarter_steps(heatmaps, points)
        return namespace(steps).astype(points, steps.dtype) + steps, scores
