"""Volumes around the joints of two hands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, is_tensor, namespace
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.codecs.gaussian import LOWEST_POWER
from posekit.codecs.peaks import argmax_last
from posekit.registry import CODECS


@CODECS.register_module()
class Hand3DHeatmap(BaseCodec):
    """Gaussian volumes (x, y, depth) per joint, the depth between the wrists, and which hands there are.

    Shapes: K joints of both hands, D H W depth cells, rows and columns of the volume.

    Args:
        image_size: width and height of the input.
        root_heatmap_size: bins of the root depth, when decoding.
        heatmap_size: W, H and D of the volume.
        heatmap3d_depth_bound: depth, in millimetres, that the volume's D cells cover, half of it in front of the root.
        heatmap_size_root: bins of the root depth, when encoding.
        root_depth_bound: depth between the hands, in millimetres, that the bins cover.
        depth_size: depth cells, when decoding.
        use_different_joint_weights: multiply weights by those of the keypoint set.
        sigma: standard deviation of the Gaussians, in cells.
        joint_indices: the joints used; None for all.
        max_bound: height of the Gaussians.

    Source: Moon et al., arXiv 2008.09309 (InterNet).
    """

    auxiliary_encode_keys: ClassVar[frozenset[str]] = frozenset(
        [
            "dataset_keypoint_weights",
            "rel_root_depth",
            "rel_root_valid",
            "hand_type",
            "hand_type_valid",
            "focal",
            "principal_pt",
        ]
    )
    instance_mapping_table: ClassVar[dict[str, str]] = {
        key: key for key in ("keypoints", "keypoints_visible", "keypoints_cam")
    }
    label_mapping_table: ClassVar[dict[str, str]] = {
        key: key for key in ["keypoint_weights", "root_depth_weight", "type_weight", "root_depth", "type"]
    }
    field_mapping_table: ClassVar[dict[str, str]] = {"heatmaps": "heatmaps"}

    def __init__(
        self,
        image_size: tuple[int, int] = (256, 256),
        root_heatmap_size: int = 64,
        heatmap_size: tuple[int, int, int] = (64, 64, 64),
        heatmap3d_depth_bound: float = 400.0,
        heatmap_size_root: int = 64,
        root_depth_bound: float = 400.0,
        depth_size: int = 64,
        use_different_joint_weights: bool = False,
        sigma: float = 2,
        joint_indices: Sequence[int] | None = None,
        max_bound: float = 1.0,
    ) -> None:
        self.image_size = np.array(image_size)
        self.root_heatmap_size = root_heatmap_size
        self.heatmap_size = np.array(heatmap_size)
        self.heatmap3d_depth_bound = heatmap3d_depth_bound
        self.heatmap_size_root = heatmap_size_root
        self.root_depth_bound = root_depth_bound
        self.depth_size = depth_size
        self.use_different_joint_weights = use_different_joint_weights
        self.sigma = sigma
        self.joint_indices = None if joint_indices is None else list(joint_indices)
        self.max_bound = max_bound
        self.scale_factor = (self.image_size / self.heatmap_size[:2]).astype(np.float32)

    @property
    def round_trip_px(self) -> float:
        return 0.5 * float((self.scale_factor**2).sum() ** 0.5)

    def encode(
        self,
        keypoints: Array,
        keypoints_visible: Array | None = None,
        dataset_keypoint_weights: Array | None = None,
        rel_root_depth: Any = 0.0,
        rel_root_valid: Any = 0.0,
        hand_type: Array | None = None,
        hand_type_valid: Array | None = None,
        **auxiliary: Any,
    ) -> dict[str, Any]:
        """Encode the joints of one image.

        Args:
            keypoints: (1, K, 3), x and y in input pixels, depth in millimetres relative to each hand's root.
            keypoints_visible: (1, K).
            dataset_keypoint_weights: (K,) or (1, K), for ``use_different_joint_weights``.
            rel_root_depth: depth of the left wrist less that of the right, in millimetres.
            rel_root_valid: whether that is known.
            hand_type: (1, 2), right and left.
            hand_type_valid: (1, 1).

        Returns:
            ``heatmaps`` (K D, H, W), ``keypoint_weights`` (1, K), ``root_depth`` (1,) in bins with
            ``root_depth_weight`` (1,), ``type`` and ``type_weight``.

        Raises:
            ValueError: if joint weights are wanted and missing.
        """
        xp = namespace(keypoints)
        weights = visibility_or_ones(keypoints, keypoints_visible)
        if self.joint_indices is not None:
            keypoints, weights = keypoints[:, self.joint_indices], weights[:, self.joint_indices]
        width, height, depth = self.heatmap_size.tolist()
        mean_z = (keypoints[..., 2] / self.heatmap3d_depth_bound + 0.5) * depth
        weights = weights * xp.astype((mean_z >= 0) & (mean_z < depth), weights.dtype)
        if self.use_different_joint_weights:
            if dataset_keypoint_weights is None:
                raise ValueError(
                    "Hand3DHeatmap.use_different_joint_weights: the results have no dataset_keypoint_weights"
                )
            weights = weights * asarray_like(dataset_keypoint_weights, weights)
        spread = asarray_like(self.heatmap_size[:2] / self.image_size, keypoints)
        mean_xy = keypoints[..., :2] * spread
        rows = [
            self._rows(mean[0], size)
            for mean, size in ((mean_z, depth), (mean_xy[..., 1], height), (mean_xy[..., 0], width))
        ]
        root_depth = (rel_root_depth / self.root_depth_bound + 0.5) * self.heatmap_size_root
        valid = rel_root_valid * (root_depth >= 0) * (root_depth <= self.heatmap_size_root)
        ones = xp.ones_like(keypoints[0, :1, 0])
        return {
            "heatmaps": _volumes(*rows).reshape((-1, height, width)) * self.max_bound,
            "keypoint_weights": weights,
            "root_depth": root_depth * ones,
            "type": hand_type,
            "type_weight": hand_type_valid,
            "root_depth_weight": valid * ones,
        }

    def _rows(self, mean: Array, length: int) -> Array:
        """Return Gaussians (K, length) around ``mean`` (K,), zero beyond 3 sigma but never all zero at the border."""
        xp = namespace(mean)
        cells = asarray_like(np.arange(length), mean)
        low = xp.round(mean - 3 * self.sigma).clip(0, length - 1)[:, None]
        high = xp.round(mean + 3 * self.sigma).clip(0, length - 1)[:, None]
        distance = cells - mean[:, None]
        power = (distance * distance * (-0.5 / self.sigma**2)).clip(LOWEST_POWER, None)
        return xp.astype(xp.exp(power) * ((cells >= low) & (cells <= high)), xp.float32)

    def decode(self, heatmaps: Array, root_depth: Array, hand_type: Array) -> tuple[Array, Array, Array, Array]:
        """Find the joints in volumes (K, D, H, W).

        Returns:
            Joints (1, K, 3), x and y in input pixels and depth in millimetres, scores (1, K), the depth
            between the hands in millimetres, and which hands there are (1, 2).
        """
        xp = namespace(heatmaps)
        count, _, height, width = heatmaps.shape
        index, scores = argmax_last(heatmaps.reshape((count, -1)))
        cells = xp.stack([index % width, index // width % height, index // (width * height)], axis=-1)
        cells = xp.where((scores > 0)[:, None], cells, xp.full_like(cells, -1))
        cells = xp.astype(cells, scores.dtype)
        depth = (cells[..., 2:] / self.depth_size - 0.5) * self.heatmap3d_depth_bound
        keypoints = xp.concat([cells[..., :2] * asarray_like(self.scale_factor, cells), depth], axis=-1)
        rel_root_depth = (root_depth / self.root_heatmap_size - 0.5) * self.root_depth_bound
        hands = namespace(hand_type).astype(hand_type > 0, namespace(hand_type).int64).reshape((1, -1))
        return keypoints[None], scores[None], rel_root_depth, hands

    def flip(self, outputs: Sequence[Array], flip_indices: Sequence[int], **options: Any) -> tuple[Array, ...]:
        """Un-mirror volumes (B, K, D, H, W), the depth between the hands (B, 1) and the hands (B, 2)."""
        heatmaps, root_depth, hand_type = outputs
        xp = namespace(heatmaps)
        return (
            xp.flip(heatmaps[:, list(flip_indices)], axis=-1),
            self.heatmap_size_root - root_depth,
            xp.flip(hand_type, axis=-1),
        )


def _volumes(rows_z: Array, rows_y: Array, rows_x: Array) -> Array:
    """Return the products (K, D, H, W) of three rows per joint."""
    if is_tensor(rows_x) and rows_x.device.type != "cpu":
        return rows_z[:, :, None, None] * rows_y[:, None, :, None] * rows_x[:, None, None, :]
    z, y, x = (np.asarray(rows) for rows in (rows_z, rows_y, rows_x))
    volumes = np.zeros((len(z), z.shape[-1], y.shape[-1], x.shape[-1]), np.float32)
    for k in range(len(z)):
        # A Gaussian fills about a hundredth of its volume.
        window = tuple(_span(rows[k]) for rows in (z, y, x))
        parts = [rows[k][part] for rows, part in zip((z, y, x), window, strict=True)]
        volumes[(k, *window)] = parts[0][:, None, None] * parts[1][:, None] * parts[2]
    return namespace(rows_x).asarray(volumes)


def _span(row: np.ndarray) -> slice:
    filled = np.flatnonzero(row)
    return slice(int(filled[0]), int(filled[-1]) + 1) if len(filled) else slice(0, 0)
