"""Coordinates as classification: one row of bins per axis (SimCC)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, namespace, numpy_on_cpu
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.codecs.flips import flip_vectors
from posekit.codecs.gaussian import gaussian_profile, kept_weights
from posekit.codecs.peaks import argmax_last, row_dark_steps
from posekit.codecs.row_stamp import RowStamp
from posekit.registry import CODECS


@CODECS.register_module()
class SimCCLabel(BaseCodec):
    """One row of bins along x and one along y per keypoint.

    Shapes: Wx = input width * split ratio, Wy = input height * split ratio.

    Args:
        input_size: width and height of the input.
        smoothing_type: "gaussian" for a Gaussian around the keypoint's bin, "standard" for a one
            there, less ``label_smooth_weight``, which is spread over the other bins.
        sigma: standard deviation of the Gaussians, in bins; one or a pair for x and y.
        simcc_split_ratio: bins per pixel.
        label_smooth_weight: smoothing of "standard" labels, from 0 to 1.
        normalize: give the Gaussians the sum one.
        use_dark: decode with DARK.
        decode_visibility: decode a pair of scores and visibilities; the visibility is the
            maximum of the rows' softmax.
        decode_beta: sharpness of that softmax, per sigma.

    Raises:
        ValueError: for another smoothing, or a weight that does not go with it.

    Source: Li et al., arXiv 2107.03332.

    Example:
        >>> codec = SimCCLabel(input_size=(192, 256))
        >>> targets = codec.encode(np.array([[[40.0, 80.0]]]))
        >>> rows = targets["keypoint_x_labels"], targets["keypoint_y_labels"]
        >>> [row.shape for row in rows]
        [(1, 1, 384), (1, 1, 512)]
        >>> codec.decode(*rows)[0].tolist()
        [[[40.0, 80.0]]]
    """

    axes = "xy"
    label_mapping_table: ClassVar[dict[str, str]] = {
        key: key for key in ("keypoint_x_labels", "keypoint_y_labels", "keypoint_weights")
    }

    def __init__(
        self,
        input_size: Sequence[int],
        smoothing_type: str = "gaussian",
        sigma: float | Sequence[float] = 6.0,
        simcc_split_ratio: float = 2.0,
        label_smooth_weight: float = 0.0,
        normalize: bool = True,
        use_dark: bool = False,
        decode_visibility: bool = False,
        decode_beta: float = 150.0,
    ) -> None:
        if smoothing_type not in ("gaussian", "standard"):
            raise ValueError(f"SimCCLabel.smoothing_type: {smoothing_type!r}; allowed are gaussian, standard")
        if not 0.0 <= label_smooth_weight <= 1.0:
            raise ValueError(f"SimCCLabel.label_smooth_weight: {label_smooth_weight}; it must lie between 0 and 1")
        if smoothing_type == "gaussian" and label_smooth_weight > 0:
            raise ValueError("SimCCLabel.label_smooth_weight: only smoothing_type='standard' uses it; leave it at 0")
        if len(input_size) != len(self.axes):
            raise ValueError(
                f"{type(self).__name__}.input_size: {input_size}; it takes one number per axis of {self.axes}"
            )
        self.input_size = tuple(int(size) for size in input_size)
        self.smoothing_type = smoothing_type
        self.sigma = np.broadcast_to(np.asarray(sigma, dtype=np.float64), (len(self.axes),)).copy()
        self.simcc_split_ratio = simcc_split_ratio
        self.label_smooth_weight = label_smooth_weight
        self.normalize = normalize
        self.use_dark = use_dark
        self.decode_visibility = decode_visibility
        self.decode_beta = decode_beta
        # Beyond this distance outside of the bins, in bins, a keypoint leaves no trace.
        self.reach = 3 * self.sigma if smoothing_type == "gaussian" else 0 * self.sigma
        self.stamps = [
            RowStamp(self._profile(axis), count, math.ceil(self.reach[axis]) + 1)
            for axis, count in enumerate(self.num_bins)
        ]

    @property
    def round_trip_px(self) -> float:
        return 0.5 * math.sqrt(2) / self.simcc_split_ratio + 1e-3

    def flip_offset_px(self, **options: Any) -> float:
        # Bin r x; mirrored, r (w - 1 - x), that is r - 1 bins short of r w - 1 - r x.
        return (self.simcc_split_ratio - 1) / self.simcc_split_ratio

    @property
    def num_bins(self) -> tuple[int, ...]:
        """Bins along each axis."""
        return tuple(round(size * self.simcc_split_ratio) for size in self.input_size)

    @numpy_on_cpu
    def encode(self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any) -> dict[str, Any]:
        """Turn keypoints (..., K, 2) into rows of bins.

        Returns:
            ``keypoint_x_labels`` (..., K, Wx) and ``keypoint_y_labels`` (..., K, Wy), float32, and
            ``keypoint_weights`` (..., K): the visibility, zero for keypoints outside of the bins.
        """
        xp = namespace(keypoints)
        visible = visibility_or_ones(keypoints, keypoints_visible)
        bins = xp.round(keypoints[..., : len(self.axes)] * self.simcc_split_ratio)
        count, reach = (asarray_like(np.asarray(value), bins) for value in (self.num_bins, self.reach))
        inside = xp.all((bins + reach + (reach > 0) >= 0) & (bins - reach < count), axis=-1)
        drawn = inside & (visible >= 0.5)
        rows = {
            f"keypoint_{name}_labels": stamp.rows(bins[..., axis], drawn)
            for axis, (name, stamp) in enumerate(zip(self.axes, self.stamps, strict=True))
        }
        return {**rows, "keypoint_weights": kept_weights(visible, inside)}

    def encode_batch(
        self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any
    ) -> dict[str, Any]:
        return self.encode(keypoints, keypoints_visible)

    def _profile(self, axis: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the values of a row as a function of the distance from the keypoint's bin."""
        if self.smoothing_type == "gaussian":
            sigma = float(self.sigma[axis])
            factor = 1 / (sigma * math.sqrt(2 * math.pi)) if self.normalize else 1.0
            gaussian = gaussian_profile(sigma, cut=False)
            return lambda distance: factor * gaussian(distance)
        weight = self.label_smooth_weight
        return lambda distance: np.where(distance == 0, 1 - weight, weight / (self.num_bins[axis] - 1))

    @numpy_on_cpu
    def decode(self, simcc_x: Array, simcc_y: Array, *simcc_z: Array) -> tuple[Array, Any]:
        """Find the keypoints in rows (N, K, Wx) and (N, K, Wy), or (K, Wx) and (K, Wy) of one instance.

        Returns:
            Keypoints (N, K, 2) in input space, (-1, -1) bins where no bin is positive, and scores
            (N, K): the lower of the two maxima, or a pair of scores and visibilities.
        """
        xp = namespace(simcc_x)
        rows = [row if row.ndim > 2 else row[None] for row in (simcc_x, simcc_y, *simcc_z)]
        rows = [row if row.dtype in (xp.float32, xp.float64) else xp.astype(row, xp.float32) for row in rows]
        indices, maxima = zip(*(argmax_last(row) for row in rows), strict=True)
        scores = xp.minimum(*maxima[:2])
        index = xp.stack(list(indices), axis=-1)
        index = xp.where((scores > 0)[..., None], index, xp.full_like(index, -1))
        places = xp.astype(index, scores.dtype)
        if self.use_dark:
            steps = [row_dark_steps(row, index[..., axis], self._blur_size(axis)) for axis, row in enumerate(rows)]
            places = places + xp.stack(steps, axis=-1)
        keypoints = places / self.simcc_split_ratio
        if not self.decode_visibility:
            return keypoints, scores
        return keypoints, (scores, self._visibility(rows))

    def batch_decode(self, simcc_x: Array, simcc_y: Array, *simcc_z: Array) -> tuple[Array, Any]:
        """Find the keypoints in rows (B, K, Wx) and (B, K, Wy), one instance per sample.

        Returns:
            Keypoints (B, 1, K, 2) and scores (B, 1, K), or a list of pairs of scores and visibilities.
        """
        keypoints, scores = self.decode(simcc_x, simcc_y, *simcc_z)
        if self.decode_visibility:
            return keypoints[:, None], [(score[None], visible[None]) for score, visible in zip(*scores, strict=True)]
        return keypoints[:, None], scores[:, None]

    def _blur_size(self, axis: int) -> int:
        size = int((self.sigma[axis] * 20 - 7) // 3)
        return size - 1 + size % 2

    def _visibility(self, rows: list[Array]) -> Array:
        """Return the maximum (N, K) of the rows' softmax; it is one over the sum of exp(x - max)."""
        xp = namespace(rows[0])
        tops: list[Array] = []
        for row, sigma in zip(rows[:2], self.sigma.tolist(), strict=False):
            powers = (row - xp.max(row, axis=-1, keepdims=True)) * (self.decode_beta * sigma)
            tops.append(1 / xp.sum(xp.exp(powers.clip(-80.0, None)), axis=-1))
        return xp.minimum(*tops)

    def flip(self, outputs: tuple[Array, ...], flip_indices: Sequence[int], **options: Any) -> tuple[Array, ...]:
        """Un-mirror the rows (B, K, Wx) and (B, K, Wy)."""
        return flip_vectors(outputs, flip_indices)
