"""Coordinates beside the heatmaps whose means they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from posekit.array import Array, namespace
from posekit.codecs.base import BaseCodec
from posekit.codecs.msra_heatmap import MSRAHeatmap
from posekit.codecs.regression_label import RegressionLabel
from posekit.registry import CODECS


@CODECS.register_module()
class IntegralRegressionLabel(BaseCodec):
    """Normalised coordinates and heatmaps, for networks that take the mean of a heatmap as coordinate.

    Args:
        input_size: width and height of the input.
        heatmap_size: columns and rows of the heatmaps.
        sigma: standard deviation of the Gaussians, in cells.
        unbiased: draw Gaussians around the exact place instead of the nearest cell.
        blur_kernel_size: as in MSRAHeatmap.
        normalize: give every heatmap the sum one.

    Source: Sun et al., arXiv 1711.08229; Nibali et al., arXiv 1801.07372.
    """

    label_mapping_table: ClassVar[dict[str, str]] = RegressionLabel.label_mapping_table
    field_mapping_table: ClassVar[dict[str, str]] = MSRAHeatmap.field_mapping_table

    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        sigma: float,
        unbiased: bool = False,
        blur_kernel_size: int = 11,
        normalize: bool = True,
    ) -> None:
        self.heatmap_codec = MSRAHeatmap(input_size, heatmap_size, sigma, unbiased, blur_kernel_size)
        self.keypoint_codec = RegressionLabel(input_size)
        self.normalize = normalize

    @property
    def round_trip_px(self) -> float:
        return self.keypoint_codec.round_trip_px

    def flip_offset_px(self, **options: Any) -> float:
        return self.keypoint_codec.flip_offset_px(**options)

    def encode(self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any) -> dict[str, Any]:
        """Encode keypoints (..., 1, K, 2).

        Returns:
            ``keypoint_labels`` (..., 1, K, 2), ``keypoint_weights`` (..., 1, K) and ``heatmaps`` (..., K, H, W).

        Raises:
            ValueError: if there is not exactly one instance.
        """
        heatmaps = self.heatmap_codec.encode(keypoints, keypoints_visible)["heatmaps"]
        if self.normalize:
            heatmaps = heatmaps / (namespace(heatmaps).sum(heatmaps, axis=(-2, -1), keepdims=True) + 1e-24)
        return {**self.keypoint_codec.encode(keypoints, keypoints_visible), "heatmaps": heatmaps}

    def encode_batch(
        self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any
    ) -> dict[str, Any]:
        return self.encode(keypoints, keypoints_visible)

    def decode(self, encoded: Array) -> tuple[Array, Array]:
        """Decode coordinates as RegressionLabel does."""
        return self.keypoint_codec.decode(encoded)

    def batch_decode(self, batch_encoded: Array) -> tuple[Array, Array]:
        return self.keypoint_codec.batch_decode(batch_encoded)

    def flip(self, outputs: Array, flip_indices: Sequence[int], **options: Any) -> Array:
        return self.keypoint_codec.flip(outputs, flip_indices, **options)
