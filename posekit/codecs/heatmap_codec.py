"""What all codecs with one heatmap per keypoint share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, namespace, numpy_on_cpu
from posekit.codecs.base import BaseCodec, single_instance
from posekit.codecs.flips import flip_heatmaps
from posekit.codecs.gaussian import outer_maps


class HeatmapCodec(BaseCodec):
    """Keypoints of one instance as heatmaps.

    A subclass gives the rows and columns whose products are the maps of points in output space, and
    finds the points in maps; scaling, instance and batch dimensions and the flip test are done here.

    Shapes: K keypoints, W H the heatmap's columns and rows.

    Args:
        input_size: width and height of the input.
        heatmap_size: columns and rows of the heatmaps.
        scale_factor: (2,) input pixels per cell along x and y.
    """

    label_mapping_table: ClassVar[dict[str, str]] = {"keypoint_weights": "keypoint_weights"}
    field_mapping_table: ClassVar[dict[str, str]] = {"heatmaps": "heatmaps"}
    flip_mode: str = "heatmap"

    def __init__(self, input_size: tuple[int, int], heatmap_size: tuple[int, int], scale_factor: np.ndarray) -> None:
        self.input_size = (int(input_size[0]), int(input_size[1]))
        self.heatmap_size = (int(heatmap_size[0]), int(heatmap_size[1]))
        self.scale_factor = scale_factor.astype(np.float32)

    @abstractmethod
    def profiles(self, points: Array, visible: Array) -> tuple[Array, Array, Array]:
        """Return rows (..., K, W), columns (..., K, H) and weights (..., K) of points (..., K, 2) in output space."""

    def draw(self, points: Array, visible: Array) -> tuple[Array, Array]:
        """Return maps (..., C, H, W) and weights (..., K) of points (..., K, 2) in output space."""
        rows_x, rows_y, weights = numpy_on_cpu(self.profiles)(points, visible)
        return outer_maps(rows_y, rows_x), weights

    @abstractmethod
    def locate(self, heatmaps: Array) -> tuple[Array, Array]:
        """Return points (..., K, 2) in output space and scores (..., K) of maps (..., C, H, W)."""

    def encode(self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any) -> dict[str, Any]:
        """Draw keypoints (..., 1, K, 2) with visibility (..., 1, K).

        Returns:
            ``heatmaps`` (..., C, H, W), float32, and ``keypoint_weights`` (..., 1, K): the visibility,
            zero where a keypoint leaves no trace on its map.

        Raises:
            ValueError: if there is not exactly one instance.
        """
        points, visible = single_instance(self, keypoints, keypoints_visible)
        points = points[..., :2]
        heatmaps, weights = self.draw(points / asarray_like(self.scale_factor, points), visible[..., 0, :])
        return {"heatmaps": heatmaps, "keypoint_weights": weights[..., None, :]}

    def encode_batch(
        self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any
    ) -> dict[str, Any]:
        return self.encode(keypoints, keypoints_visible)

    @numpy_on_cpu
    def decode(self, encoded: Array) -> tuple[Array, Array]:
        """Find the keypoints in maps (..., C, H, W).

        Returns:
            Keypoints (..., 1, K, 2) in input space and scores (..., 1, K).
        """
        heatmaps = _at_least_float32(encoded)
        points, scores = self.locate(heatmaps)
        keypoints = points * asarray_like(self.scale_factor, points)
        return keypoints[..., None, :, :], scores[..., None, :]

    def batch_decode(self, batch_encoded: Array) -> tuple[Array, Array]:
        return self.decode(batch_encoded)

    def flip(
        self,
        outputs: Array,
        flip_indices: Sequence[int],
        *,
        flip_mode: str | None = None,
        shift_heatmap: bool = False,
        **options: Any,
    ) -> Array:
        """Un-mirror maps (B, C, H, W); see ``posekit.codecs.flips.flip_heatmaps``."""
        return flip_heatmaps(outputs, flip_indices, flip_mode=flip_mode or self.flip_mode, shift_heatmap=shift_heatmap)

    def flip_offset_px(self, *, shift_heatmap: bool = False, **options: Any) -> float:
        # Cell X shows pixel s X; mirrored, w - 1 - s X, that is cell W - 1 / s - X instead of W - 1 - X.
        return 1.0 - float(self.scale_factor[0]) * (0 if shift_heatmap else 1)


def plain_scale(input_size: tuple[int, int], heatmap_size: tuple[int, int]) -> np.ndarray:
    """Return input pixels per cell (2,) where the heatmap's W cells cover the input's w pixels."""
    return np.asarray(input_size, dtype=np.float64) / np.asarray(heatmap_size, dtype=np.float64)


def _at_least_float32(values: Array) -> Array:
    xp = namespace(values)
    return values if values.dtype in (xp.float32, xp.float64) else xp.astype(values, xp.float32)
