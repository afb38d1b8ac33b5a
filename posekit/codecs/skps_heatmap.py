"""Heatmaps that say which cell a keypoint is in, and maps that say where from each cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, namespace
from posekit.codecs.base import single_instance
from posekit.codecs.flips import flip_heatmaps
from posekit.codecs.msra_heatmap import MSRAHeatmap
from posekit.codecs.peaks import heatmap_maximum, take_cells
from posekit.registry import CODECS


@CODECS.register_module()
class SKPSHeatmap(MSRAHeatmap):
    """One Gaussian per keypoint around its exact place, and from every cell the way to that place.

    Args:
        input_size: width and height of the input.
        heatmap_size: columns and rows of the maps.
        sigma: standard deviation of the Gaussians, in cells.

    Source: Simple Keypoints (https://github.com/610265158/Peppa_Pig_Face_Landmark).
    """

    field_mapping_table: ClassVar[dict[str, str]] = {"heatmaps": "heatmaps", "displacements": "displacements"}

    def __init__(self, input_size: tuple[int, int], heatmap_size: tuple[int, int], sigma: float) -> None:
        super().__init__(input_size, heatmap_size, sigma, unbiased=True)

    @property
    def round_trip_px(self) -> float:
        return 1e-3

    def flip_offset_px(self, **options: Any) -> float:
        return 0.0

    def encode(self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any) -> dict[str, Any]:
        """Draw keypoints (..., 1, K, 2) with visibility (..., 1, K).

        Returns:
            ``heatmaps`` (..., K, H, W), ``displacements`` (..., 2 K, H, W), all along x and then all along y, in cells,
            and ``keypoint_weights`` (..., 1, K).
        """
        encoded = super().encode(keypoints, keypoints_visible)
        points, _ = single_instance(self, keypoints, keypoints_visible)
        xp = namespace(points)
        points = xp.astype(points[..., :2] / asarray_like(self.scale_factor, points), xp.float32)
        columns, rows = (asarray_like(np.arange(count, dtype=np.float32), points) for count in self.heatmap_size)
        along_x = points[..., 0, None, None] - columns  # (..., K, 1, W)
        along_y = points[..., 1, None, None] - rows[:, None]  # (..., K, H, 1)
        ways = xp.broadcast_arrays(along_x, along_y)
        return {**encoded, "displacements": xp.concat(list(ways), axis=-3)}

    def decode(self, encoded: Array, displacements: Array) -> tuple[Array, Array]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Find the keypoints in heatmaps (..., K, H, W) and displacements (..., 2 K, H, W).

        Returns:
            Keypoints (..., 1, K, 2) in input space and scores (..., 1, K).
        """
        xp = namespace(encoded)
        cells, scores = heatmap_maximum(encoded)
        cells = cells.clip(0, None)
        *lead, num_keypoints, height, width = encoded.shape
        ways = displacements.reshape((*lead, 2, num_keypoints, height * width))
        index = cells[..., 1] * width + cells[..., 0]
        step = xp.stack([take_cells(ways[..., axis, :, :], index[..., None])[..., 0] for axis in (0, 1)], axis=-1)
        points = xp.astype(cells, step.dtype) + step
        return (points * asarray_like(self.scale_factor, points))[..., None, :, :], scores[..., None, :]

    def batch_decode(self, batch_encoded: Array, displacements: Array) -> tuple[Array, Array]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.decode(batch_encoded, displacements)

    def flip(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, outputs: tuple[Array, Array], flip_indices: Sequence[int], *, shift_heatmap: bool = False, **options: Any
    ) -> tuple[Array, Array]:
        """Un-mirror heatmaps (B, K, H, W) and displacements (B, 2 K, H, W)."""
        heatmaps, displacements = outputs
        count = len(flip_indices)
        swap = [*flip_indices, *(count + index for index in flip_indices)]
        ways = flip_heatmaps(displacements, swap)
        # A keypoint is at x / s; mirrored, at W - 1 / s - x / s. Cell X becomes W - 1 - X.
        along_x = 1 - 1 / float(self.scale_factor[0]) - ways[..., :count, :, :]
        ways = namespace(ways).concat([along_x, ways[..., count:, :, :]], axis=-3)
        return flip_heatmaps(heatmaps, flip_indices, shift_heatmap=shift_heatmap), ways
