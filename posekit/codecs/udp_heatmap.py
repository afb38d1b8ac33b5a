"""Heatmaps without the bias of rounding and of mirroring (UDP)."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.array import Array, asarray_like, namespace
from posekit.codecs.blur import blur_maps
from posekit.codecs.gaussian import empty_like, gaussian_rows, in_reach, kept_weights, nearest_cell
from posekit.codecs.heatmap_codec import HeatmapCodec
from posekit.codecs.peaks import dark_udp_steps, empty_map_steps, heatmap_maximum
from posekit.registry import CODECS


@CODECS.register_module()
class UDPHeatmap(HeatmapCodec):
    """Gaussians around exact places, or discs with offsets, on a grid that mirrors exactly.

    The heatmap's W - 1 distances between cells cover the input's w - 1 distances between pixels.
    Decoding is the inverse of encoding: both use that scale.

    Args:
        input_size: width and height of the input.
        heatmap_size: columns and rows of the heatmaps.
        heatmap_type: "gaussian" for one map per keypoint, "combined" for three: a disc of ones
            and in every cell the x and y offset to the keypoint, in radii.
        sigma: standard deviation of the Gaussians, in cells.
        radius_factor: radius of the disc, as a share of the heatmap's longer side.
        blur_kernel_size: side, in cells, of the blur before the Gaussians are refined; discs are
            blurred with one of twice the size plus one.

    Raises:
        ValueError: for another ``heatmap_type``.

    Source: Huang et al., arXiv 1911.07524.
    """

    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        heatmap_type: str = "gaussian",
        sigma: float = 2.0,
        radius_factor: float = 0.0546875,
        blur_kernel_size: int = 11,
    ) -> None:
        if heatmap_type not in ("gaussian", "combined"):
            raise ValueError(f"UDPHeatmap.heatmap_type: {heatmap_type!r}; allowed are gaussian, combined")
        scale = (np.asarray(input_size, dtype=np.float64) - 1) / (np.asarray(heatmap_size, dtype=np.float64) - 1)
        super().__init__(input_size, heatmap_size, scale)
        self.heatmap_type = heatmap_type
        self.sigma = sigma
        self.radius_factor = radius_factor
        self.blur_kernel_size = blur_kernel_size
        self.flip_mode = "udp_combined" if heatmap_type == "combined" else "heatmap"

    @property
    def radius(self) -> float:
        """Radius of the disc, in cells."""
        return self.radius_factor * max(self.heatmap_size)

    @property
    def round_trip_px(self) -> float:
        cell = float((self.scale_factor**2).sum() ** 0.5)
        return 0.002 * cell if self.heatmap_type == "combined" else 0.005 * cell

    def flip_offset_px(self, *, shift_heatmap: bool = False, **options: Any) -> float:
        return float(self.scale_factor[0]) if shift_heatmap else 0.0

    def draw(self, points: Array, visible: Array) -> tuple[Array, Array]:
        if self.heatmap_type == "combined":
            return self._draw_discs(points, visible)
        return super().draw(points, visible)

    def profiles(self, points: Array, visible: Array) -> tuple[Array, Array, Array]:
        center = nearest_cell(points)
        inside = in_reach(center, self.heatmap_size, 3 * self.sigma)
        rows_x, rows_y = (
            gaussian_rows(points[..., axis], self.heatmap_size[axis], self.sigma, center=center[..., axis])
            for axis in (0, 1)
        )
        drawn = namespace(points).astype(inside & (visible >= 0.5), rows_x.dtype)
        return rows_x, rows_y * drawn[..., None], kept_weights(visible, inside)

    def _draw_discs(self, points: Array, visible: Array) -> tuple[Array, Array]:
        xp = namespace(points)
        width, height = self.heatmap_size
        drawn = xp.astype(visible >= 0.5, xp.float32)[..., None]
        x, y = (
            xp.astype((points[..., axis, None] - asarray_like(np.arange(length), points)) / self.radius, xp.float32)
            for axis, length in enumerate((width, height))
        )
        maps = empty_like((*points.shape[:-1], 3, height, width), points)
        # An invisible keypoint's disc is put out of every cell's reach.
        maps[..., 0, :, :] = (x * x)[..., None, :] + (y * y + 2 * (1 - drawn))[..., :, None] <= 1
        maps[..., 1, :, :] = (x * drawn)[..., None, :]
        maps[..., 2, :, :] = (y * drawn)[..., :, None]
        return maps.reshape((*points.shape[:-2], 3 * points.shape[-2], height, width)), visible

    def locate(self, heatmaps: Array) -> tuple[Array, Array]:
        if self.heatmap_type == "combined":
            return self._locate_discs(heatmaps)
        xp = namespace(heatmaps)
        points, scores = heatmap_maximum(heatmaps)
        steps = dark_udp_steps(heatmaps, points, self.blur_kernel_size)
        has_peak = points[..., :1] >= 0
        if not has_peak.all():
            steps = xp.where(has_peak, steps, empty_map_steps(heatmaps, self.blur_kernel_size))
        return xp.astype(points, steps.dtype) + steps, scores

    def _locate_discs(self, heatmaps: Array) -> tuple[Array, Array]:
        xp = namespace(heatmaps)
        *lead, channels, height, width = heatmaps.shape
        discs = blur_maps(heatmaps[..., ::3, :, :], 2 * self.blur_kernel_size + 1, mirror=True)
        points, scores = heatmap_maximum(discs)
        # All keypoints' cells in one row: the place (-1, -1) of an empty map counts back into the map before.
        total = channels // 3 * height * width
        starts = asarray_like(np.arange(0, total, height * width), points)
        index = (points[..., 1] * width + points[..., 0] + starts) % total
        offsets = [
            xp.take_along_axis(heatmaps[..., axis::3, :, :].reshape((*lead, total)), index, axis=-1) for axis in (1, 2)
        ]
        steps = xp.stack(offsets, axis=-1) * self.radius
        return xp.astype(points, steps.dtype) + steps, scores
