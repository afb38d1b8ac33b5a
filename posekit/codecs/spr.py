"""Structured pose representation: instance roots and, around them, the way to each keypoint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, namespace, numpy_on_cpu, to_numpy
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.codecs.flips import flip_heatmaps
from posekit.codecs.heatmap_codec import plain_scale
from posekit.codecs.instance_maps import instance_diagonals, instance_maps, instance_roots
from posekit.codecs.peak_lists import sample_bilinear, suppress_neighbors, top_values
from posekit.registry import CODECS


@CODECS.register_module()
class SPR(BaseCodec):
    """A heatmap of roots and maps of displacements from a root's surroundings to each keypoint.

    Args:
        input_size: width and height of the input.
        heatmap_size: columns and rows of the maps.
        sigma: standard deviation of the roots' Gaussians, in cells, and of the keypoints' where those are drawn; None
            takes a 32nd of the map's size, and half of it for keypoints.
        generate_keypoint_heatmaps: also give a heatmap per keypoint.
        root_type: "kpt_center" or "bbox_center".
        minimal_diagonal_length: instances with a smaller box, in cells, have no root.
        background_weight: weight of cells that belong to no Gaussian.
        decode_nms_kernel: side, in cells, of the search for maxima of the roots' map.
        decode_max_instances: largest number of instances to return.
        decode_thr: lowest score of a root.

    Raises:
        ValueError: if keypoint heatmaps are wanted and ``sigma`` is a single number.

    Source: Nie et al., arXiv 1908.09220; Geng et al., arXiv 2104.02300 (DEKR).
    """

    field_mapping_table: ClassVar[dict[str, str]] = {
        key: key for key in ("heatmaps", "heatmap_weights", "displacements", "displacement_weights")
    }

    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        sigma: float | Sequence[float] | None = None,
        generate_keypoint_heatmaps: bool = False,
        root_type: str = "kpt_center",
        minimal_diagonal_length: float = 5,
        background_weight: float = 0.1,
        decode_nms_kernel: int = 5,
        decode_max_instances: int = 30,
        decode_thr: float = 0.01,
    ) -> None:
        self.input_size = (int(input_size[0]), int(input_size[1]))
        self.heatmap_size = (int(heatmap_size[0]), int(heatmap_size[1]))
        self.generate_keypoint_heatmaps = generate_keypoint_heatmaps
        self.root_type = root_type
        self.minimal_diagonal_length = minimal_diagonal_length
        self.background_weight = background_weight
        self.decode_nms_kernel = decode_nms_kernel
        self.decode_max_instances = decode_max_instances
        self.decode_thr = decode_thr
        self.scale_factor = plain_scale(input_size, heatmap_size).astype(np.float32)
        if sigma is None:
            size = math.sqrt(heatmap_size[0] * heatmap_size[1]) / 32
            sigma = (size, size // 2) if generate_keypoint_heatmaps else (size,)
        self.sigma: tuple[float, ...] = tuple(sigma) if isinstance(sigma, Sequence) else (sigma,)
        if generate_keypoint_heatmaps and len(self.sigma) != 2:
            raise ValueError(f"SPR.sigma: {sigma}; with generate_keypoint_heatmaps it must be a pair, such as (4, 2)")

    @property
    def round_trip_px(self) -> float:
        return 1e-3 * float(self.scale_factor.max())

    def encode(self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any) -> dict[str, Any]:
        """Encode keypoints (N, K, 2).

        Returns:
            ``heatmaps`` (1, H, W) or (K + 1, H, W), the roots' last, ``displacements`` (2 K, H, W) in cells,
            x and y by turns, and weights of both, ``heatmap_weights`` and ``displacement_weights``.
        """
        xp = namespace(keypoints)
        visible = visibility_or_ones(keypoints, keypoints_visible)
        points = keypoints[..., :2] / asarray_like(self.scale_factor, keypoints)
        roots, exists = instance_roots(points, visible, self.root_type)
        diagonals = instance_diagonals(points, visible)
        exists = exists * xp.astype(diagonals >= self.minimal_diagonal_length, exists.dtype)
        heatmaps, _ = instance_maps(roots[:, None], exists[:, None], self.heatmap_size, self.sigma[0])
        if self.generate_keypoint_heatmaps:
            keypoint_maps, _ = instance_maps(points, visible, self.heatmap_size, self.sigma[1])
            heatmaps = xp.concat([keypoint_maps, heatmaps])
        foreground = xp.astype(heatmaps > 0, heatmaps.dtype)
        parts = (to_numpy(part) for part in (points, visible, roots, exists, diagonals))
        displacements, weights = (asarray_like(part, heatmaps) for part in self._displacements(*parts))
        return {
            "heatmaps": heatmaps,
            "heatmap_weights": foreground + self.background_weight * (1 - foreground),
            "displacements": displacements,
            "displacement_weights": weights,
        }

    def _displacements(
        self, points: np.ndarray, visible: np.ndarray, roots: np.ndarray, exists: np.ndarray, diagonals: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return displacements and their weights, both (2 K, H, W).

        Where the surroundings of two roots meet, the smaller instance counts, up to the first keypoint
        that it has not and the larger one, coming later, has. So were the targets of released models.
        """
        width, height = self.heatmap_size
        size, radius = np.asarray(self.heatmap_size), self.sigma[0]
        maps = np.zeros((points.shape[1], 2, height, width), np.float32)
        weights = np.zeros_like(maps)
        owner_diagonal = np.zeros((height, width))
        shown = (visible >= 1) & ((points >= 0) & (points < size)).all(-1)
        rooted = (exists >= 1) & ((roots >= 0) & (roots < size)).all(-1)
        for n in np.flatnonzero(rooted & shown.any(-1)):
            left, top = np.maximum((roots[n] - radius).astype(int), 0)
            right, bottom = np.minimum((roots[n] + radius).astype(int), size)
            window = (slice(top, bottom), slice(left, right))
            here = np.flatnonzero(shown[n])
            offsets = np.zeros((len(here), 2, bottom - top, right - left), np.float32)
            offsets[:, 0] = points[n, here, 0, None, None] - np.arange(left, right)
            offsets[:, 1] = points[n, here, 1, None, None] - np.arange(top, bottom)[:, None]
            free = ~maps[(here, slice(None), *window)].any(1) | (diagonals[n] <= owner_diagonal[window])
            writes = np.logical_or.accumulate(free, axis=0)
            both = np.broadcast_to(writes[:, None], offsets.shape)
            maps[(here, slice(None), *window)] = np.where(both, offsets, maps[(here, slice(None), *window)])
            weights[(here, slice(None), *window)] = np.where(
                both, 1 / diagonals[n], weights[(here, slice(None), *window)]
            )
            owner_diagonal[window] = np.where(writes[-1], diagonals[n], owner_diagonal[window])
        return maps.reshape((-1, height, width)), weights.reshape((-1, height, width))

    def decode(self, heatmaps: Array, displacements: Array) -> tuple[Array, tuple[Array, Array | None]]:
        """Follow the displacements from the maxima of the roots' map.

        Args:
            heatmaps: (1, H, W) or (K + 1, H, W).
            displacements: (2 K, H, W).

        Returns:
            Keypoints (N, K, 2) in input space, and the roots' scores (N,) with the keypoints' (N, K),
            None where there are no keypoint heatmaps.
        """
        roots = suppress_neighbors(heatmaps[None, -1:], self.decode_nms_kernel).reshape((-1,))
        scores, index = top_values(roots, self.decode_max_instances)
        is_root = scores > self.decode_thr
        keypoints, keypoint_scores = self._follow(heatmaps, displacements, index[is_root])
        return keypoints, (scores[is_root], keypoint_scores)

    @numpy_on_cpu
    def _follow(self, heatmaps: Array, displacements: Array, index: Array) -> tuple[Array, Array | None]:
        """Return keypoints (N, K, 2) in input space, and their scores, of the roots in the cells ``index`` (N,)."""
        height, width = displacements.shape[-2:]
        num_keypoints = displacements.shape[0] // 2
        flat = displacements.reshape((num_keypoints, 2, height * width))[:, :, index]
        points = namespace(flat).permute_dims(flat, (2, 0, 1))
        cells = namespace(flat).stack([index % width, index // width], axis=-1)[:, None, :]
        points = points + namespace(flat).astype(cells, points.dtype)
        keypoint_scores = None
        if self.generate_keypoint_heatmaps and heatmaps.shape[0] == num_keypoints + 1:
            keypoint_scores = self.get_keypoint_scores(heatmaps[:num_keypoints], points)
        return points * asarray_like(self.scale_factor, points), keypoint_scores

    def get_keypoint_scores(self, heatmaps: Array, keypoints: Array) -> Array:
        """Read heatmaps (K, H, W) at keypoints (N, K, 2) in cells: (N, K).

        The first and last cell's outer edges are the first and last keypoint position, half a
        cell off at the border: released models were evaluated with scores read that way.
        """
        size = asarray_like(np.array([heatmaps.shape[-1], heatmaps.shape[-2]]), keypoints)
        return sample_bilinear(heatmaps, keypoints * (size / (size - 1)) - 0.5)

    def flip(
        self,
        outputs: Sequence[Array],
        flip_indices: Sequence[int],
        *,
        shift_heatmap: bool = False,
        aug_scale: float = 1.0,
        **options: Any,
    ) -> tuple[Array, Array]:
        """Un-mirror heatmaps (B, 1 or K + 1, H, W) and displacements (B, 2 K, H, W).

        ``aug_scale`` is the factor by which the input was enlarged for this output.
        """
        heatmaps, displacements = outputs
        several = heatmaps.shape[1] > 1
        swap = [*flip_indices, len(flip_indices)] if several else None
        heatmaps = flip_heatmaps(heatmaps, swap, shift_heatmap=shift_heatmap)
        displacements = flip_heatmaps(displacements, flip_indices, flip_mode="offset")
        # The mirror image of cell X lies at W - 1 / s - X, of which mirroring the map makes W - 1 - X.
        cell = aug_scale * self.input_size[0] / heatmaps.shape[-1]
        amend = np.zeros(displacements.shape[1])
        amend[::2] = (cell - 1) / cell
        return heatmaps, displacements + asarray_like(amend, displacements)[:, None, None]

    def batch_decode(self, heatmaps: Array, displacements: Array) -> tuple[list[Array], list[Any]]:
        pairs = [self.decode(*pair) for pair in zip(heatmaps, displacements, strict=True)]
        return [points for points, _ in pairs], [scores for _, scores in pairs]
