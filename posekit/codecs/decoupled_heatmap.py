"""Heatmaps of the whole image and of each instance in it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, is_tensor, namespace, to_numpy
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.codecs.heatmap_codec import plain_scale
from posekit.codecs.instance_maps import instance_boxes, instance_diagonals, instance_maps, instance_roots
from posekit.codecs.peaks import heatmap_maximum, quarter_steps
from posekit.registry import CODECS
from posekit.structures.bbox.transforms import bbox_xyxy2corner


@CODECS.register_module()
class DecoupledHeatmap(BaseCodec):
    """Maps of all instances with one more for their roots, and maps of each instance alone.

    The Gaussians of an instance are as wide as its box allows.

    Args:
        input_size: width and height of the input.
        heatmap_size: columns and rows of the heatmaps.
        root_type: "kpt_center" or "bbox_center".
        heatmap_min_overlap: overlap (IoU) with the true box that a box moved by 3 sigma still has.
        encode_max_instances: instances with maps of their own; a random choice where there are more.

    Source: Wang and Zhang, Contextual Instance Decoupling, CVPR 2022.
    """

    auxiliary_encode_keys: ClassVar[frozenset[str]] = frozenset({"bbox", "rng"})
    label_mapping_table: ClassVar[dict[str, str]] = {key: key for key in ("keypoint_weights", "instance_coords")}
    field_mapping_table: ClassVar[dict[str, str]] = {key: key for key in ("heatmaps", "instance_heatmaps")}

    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        root_type: str = "kpt_center",
        heatmap_min_overlap: float = 0.7,
        encode_max_instances: int = 30,
    ) -> None:
        self.input_size = (int(input_size[0]), int(input_size[1]))
        self.heatmap_size = (int(heatmap_size[0]), int(heatmap_size[1]))
        self.root_type = root_type
        self.heatmap_min_overlap = heatmap_min_overlap
        self.encode_max_instances = encode_max_instances
        self.scale_factor = plain_scale(input_size, heatmap_size).astype(np.float32)

    @property
    def round_trip_px(self) -> float:
        return 1.5 * float((self.scale_factor**2).sum() ** 0.5)

    def encode(
        self,
        keypoints: Array,
        keypoints_visible: Array | None = None,
        bbox: Array | None = None,
        rng: np.random.Generator | None = None,
        **auxiliary: Any,
    ) -> dict[str, Any]:
        """Encode keypoints (N, K, 2).

        Args:
            keypoints: (N, K, 2) in input space.
            keypoints_visible: (N, K).
            bbox: (N, 4, 2) or (N, 8) corners in input space; None takes the box around the visible keypoints.
            rng: moves each instance's root by up to one cell and chooses among too many instances.

        Returns:
            ``heatmaps`` (K + 1, H, W), ``instance_heatmaps`` (M K, H, W), ``keypoint_weights`` (M, K) and
            ``instance_coords`` (M, 2), the cell of each root, from the smallest instance to the largest.
        """
        rng = rng or np.random.default_rng()
        xp = namespace(keypoints)
        visible = visibility_or_ones(keypoints, keypoints_visible)
        factor = asarray_like(self.scale_factor, keypoints)
        points = keypoints[..., :2] / factor
        if bbox is None:
            bbox = bbox_xyxy2corner(instance_boxes(keypoints[..., :2], visible))
        sigmas = self._sigmas(asarray_like(bbox, keypoints).reshape((-1, 4, 2)) / factor)
        roots, exists = instance_roots(points, visible, self.root_type)
        heatmaps, weights = instance_maps(
            xp.concat([points, roots[:, None]], axis=1),
            xp.concat([visible, xp.astype(exists, visible.dtype)[:, None]], axis=1),
            self.heatmap_size,
            sigmas,
        )
        chosen, cells = self._choose(to_numpy(roots), to_numpy(weights[:, -1]), points, visible, rng)
        single = [instance_maps(points[i : i + 1], visible[i : i + 1], self.heatmap_size, sigmas[i]) for i in chosen]
        empty = heatmaps[:0, :, :]
        return {
            "heatmaps": heatmaps,
            "instance_heatmaps": xp.concat([empty[:0], *(maps for maps, _ in single)]),
            "keypoint_weights": xp.concat([visible[:0], *(weight for _, weight in single)]),
            "instance_coords": xp.asarray(cells, device=keypoints.device) if is_tensor(keypoints) else cells,
        }

    def _sigmas(self, corners: Array) -> Array:
        """Return a third of the distance (N,) by which a box's corners may move and keep the overlap.

        Source: Law and Deng, arXiv 1808.01244: the smallest root of the three cases (one box inside of
        the other, around it, shifted), the first two as written in the code published with the paper.
        """
        xp = namespace(corners)
        overlap = self.heatmap_min_overlap
        h = ((corners[:, 0] - corners[:, 1]) ** 2).sum(-1) ** 0.5
        w = ((corners[:, 0] - corners[:, 2]) ** 2).sum(-1) ** 0.5

        def root(b: Array, four_ac: Array) -> Array:
            return (b + (b * b - four_ac) ** 0.5) / 2

        shifted = root(h + w, 4 * w * h * (1 - overlap) / (1 + overlap))
        inner = root(2 * (h + w), 16 * (1 - overlap) * w * h)
        outer = root(-2 * overlap * (h + w), 16 * overlap * (overlap - 1) * w * h)
        return xp.minimum(xp.minimum(shifted, inner), outer) / 3

    def _choose(
        self, roots: np.ndarray, exists: np.ndarray, points: Array, visible: Array, rng: np.random.Generator
    ) -> tuple[list[int], np.ndarray]:
        """Return instances with a root of their own and the roots' cells (M, 2), moved by up to one cell."""
        limit = np.asarray(self.heatmap_size) - 1
        places: dict[tuple[float, ...], int] = {}  # root -> instance
        for i in np.argsort(to_numpy(instance_diagonals(points, visible)), kind="stable"):
            if exists[i] >= 1:
                place = np.clip(roots[i] + rng.integers(-1, 2, 2), 0, limit)
                places.setdefault(tuple(place.tolist()), int(i))
        chosen: list[tuple[tuple[float, ...], int]] = list(places.items())
        if len(chosen) > self.encode_max_instances:
            chosen = [chosen[j] for j in rng.permutation(len(chosen)).tolist()[: self.encode_max_instances]]
        cells = np.array([place for place, _ in chosen], dtype=np.float64).reshape(-1, 2)
        return [index for _, index in chosen], cells.astype(np.int32)

    def decode(self, instance_heatmaps: Array, instance_scores: Array) -> tuple[Array, Array]:
        """Find the keypoints in maps (N, K, H, W) of instances with scores (N, 1).

        Returns:
            Keypoints (N, K, 2) in input space and scores (N, K).
        """
        cells, scores = heatmap_maximum(instance_heatmaps)
        steps = quarter_steps(instance_heatmaps, cells)
        points = namespace(steps).astype(cells, steps.dtype) + steps
        return points * asarray_like(self.scale_factor, points), scores * instance_scores
