"""Coordinates as shares of the input's size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, namespace
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.codecs.flips import flip_coordinates
from posekit.registry import CODECS


@CODECS.register_module()
class RegressionLabel(BaseCodec):
    """Coordinates divided by the input's width and height.

    Args:
        input_size: width and height of the input.

    Example:
        >>> codec = RegressionLabel(input_size=(192, 256))
        >>> targets = codec.encode(np.array([[[48.0, 64.0]]]))
        >>> targets["keypoint_labels"].tolist()
        [[[0.25, 0.25]]]
        >>> codec.decode(targets["keypoint_labels"])[0].tolist()
        [[[48.0, 64.0]]]
    """

    label_mapping_table: ClassVar[dict[str, str]] = {key: key for key in ("keypoint_labels", "keypoint_weights")}

    def __init__(self, input_size: tuple[int, int]) -> None:
        self.input_size = (int(input_size[0]), int(input_size[1]))

    @property
    def round_trip_px(self) -> float:
        return 1e-6 * max(self.input_size)

    def flip_offset_px(self, *, shift_coords: bool = False, **options: Any) -> float:
        return 0.0 if shift_coords else 1.0

    def encode(self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any) -> dict[str, Any]:
        """Divide keypoints (..., K, 2) by the input's size.

        Returns:
            ``keypoint_labels`` (..., K, 2), float32, and ``keypoint_weights`` (..., K), float32: one for
            labelled keypoints between the first and the last pixel's centre.
        """
        xp = namespace(keypoints)
        points = keypoints[..., :2]
        size = asarray_like(np.asarray(self.input_size), points)
        valid = xp.all((points >= 0) & (points <= size - 1), axis=-1)
        valid = valid & (visibility_or_ones(keypoints, keypoints_visible) > 0.5)
        return {
            "keypoint_labels": xp.astype(points / size, xp.float32),
            "keypoint_weights": xp.astype(valid, xp.float32),
        }

    def encode_batch(
        self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any
    ) -> dict[str, Any]:
        return self.encode(keypoints, keypoints_visible)

    def decode(self, encoded: Array) -> tuple[Array, Array]:
        """Multiply coordinates (..., K, 2), or with their sigmas (..., K, 4), by the input's size.

        Returns:
            Keypoints (..., K, 2) in input space and scores (..., K): one less the mean sigma, or one.

        Raises:
            ValueError: for another number of columns.
        """
        if encoded.shape[-1] not in (2, 4):
            raise ValueError(
                f"RegressionLabel.decode: {encoded.shape[-1]} numbers per keypoint; "
                "it takes 2 (x, y) or 4 (x, y and their sigmas)"
            )
        xp = namespace(encoded)
        points = encoded[..., :2]
        scores = xp.ones_like(encoded[..., 0]) if encoded.shape[-1] == 2 else 1 - xp.mean(encoded[..., 2:], axis=-1)
        return points * asarray_like(np.asarray(self.input_size), points), scores

    def batch_decode(self, batch_encoded: Array) -> tuple[Array, Array]:
        """Decode (B, N, K, 2 or 4), or (B, K, 2 or 4) with one instance per sample."""
        return self.decode(batch_encoded if batch_encoded.ndim > 3 else batch_encoded[:, None])

    def flip(self, outputs: Array, flip_indices: Sequence[int], *, shift_coords: bool = False, **options: Any) -> Array:
        """Un-mirror coordinates (..., K, D); ``shift_coords`` makes it exact for pixel centres at integers."""
        return flip_coordinates(outputs, flip_indices, shift_coords=shift_coords, input_width=self.input_size[0])
