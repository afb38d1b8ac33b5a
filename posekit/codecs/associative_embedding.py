"""Heatmaps of all instances, with tags that tell whose keypoint is whose.

Shapes: K keypoints, M candidates per keypoint, L tags per candidate, N groups.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, namespace, to_numpy
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.codecs.flips import flip_heatmaps
from posekit.codecs.gaussian import nearest_cell
from posekit.codecs.heatmap_codec import plain_scale
from posekit.codecs.instance_maps import instance_maps
from posekit.codecs.peak_lists import suppress_neighbors, top_values
from posekit.codecs.peaks import dark_udp_steps, log_blurred, quarter_steps
from posekit.registry import CODECS


@CODECS.register_module()
class AssociativeEmbedding(BaseCodec):
    """One heatmap per keypoint for all instances, and maps of tags that agree within an instance.

    Shapes: L tags per keypoint, M candidates per keypoint.

    Args:
        input_size: width and height of the input.
        heatmap_size: columns and rows of the heatmaps.
        sigma: standard deviation of the Gaussians, in cells; None takes a 64th of the map's size.
        use_udp: draw Gaussians around exact places on UDP's grid, and decode with its DARK.
        decode_keypoint_order: keypoints in the order in which instances are put together, most
            reliable first; all of them, once.
        decode_nms_kernel: side, in cells, of the search for maxima.
        decode_gaussian_kernel: side, in cells, of the blur before DARK.
        decode_keypoint_thr: lowest score of a candidate.
        decode_tag_thr: largest distance between tags of one instance.
        decode_topk: candidates per keypoint.
        decode_center_shift: added to the keypoints' cells.
        decode_max_instances: largest number of instances to return; None for all.

    Source: Newell et al., arXiv 1611.05424; Cheng et al., arXiv 1908.10357.
    """

    label_mapping_table: ClassVar[dict[str, str]] = {key: key for key in ("keypoint_weights", "keypoint_indices")}
    field_mapping_table: ClassVar[dict[str, str]] = {"heatmaps": "heatmaps"}

    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        sigma: float | None = None,
        use_udp: bool = False,
        decode_keypoint_order: Sequence[int] = (),
        decode_nms_kernel: int = 5,
        decode_gaussian_kernel: int = 3,
        decode_keypoint_thr: float = 0.1,
        decode_tag_thr: float = 1.0,
        decode_topk: int = 30,
        decode_center_shift: float = 0.0,
        decode_max_instances: int | None = None,
    ) -> None:
        self.input_size = (int(input_size[0]), int(input_size[1]))
        self.heatmap_size = (int(heatmap_size[0]), int(heatmap_size[1]))
        self.sigma = math.sqrt(heatmap_size[0] * heatmap_size[1]) / 64 if sigma is None else sigma
        self.use_udp = use_udp
        self.decode_keypoint_order = list(decode_keypoint_order)
        self.decode_nms_kernel = decode_nms_kernel
        self.decode_gaussian_kernel = decode_gaussian_kernel
        self.decode_keypoint_thr = decode_keypoint_thr
        self.decode_tag_thr = decode_tag_thr
        self.decode_topk = decode_topk
        self.decode_center_shift = decode_center_shift
        self.decode_max_instances = decode_max_instances
        scale = plain_scale(input_size, heatmap_size)
        if use_udp:
            scale = (np.asarray(input_size) - 1) / (np.asarray(heatmap_size) - 1)
        self.scale_factor = scale.astype(np.float32)

    @property
    def round_trip_px(self) -> float:
        cell = float((self.scale_factor**2).sum() ** 0.5)
        return (0.1 if self.use_udp else 0.5) * cell + abs(self.decode_center_shift) * cell

    def encode(self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any) -> dict[str, Any]:
        """Encode keypoints (N, K, 2).

        Returns:
            ``heatmaps`` (K, H, W), ``keypoint_weights`` (N, K), and ``keypoint_indices`` (N, K, 2): each
            keypoint's cell, counted row by row, and whether it is labelled and on the map.
        """
        xp = namespace(keypoints)
        visible = visibility_or_ones(keypoints, keypoints_visible)
        points = keypoints[..., :2] / asarray_like(self.scale_factor, keypoints)
        heatmaps, weights = instance_maps(points, visible, self.heatmap_size, self.sigma, exact=self.use_udp)
        cells = xp.astype(nearest_cell(points), xp.int64)
        width, height = self.heatmap_size
        x, y = cells[..., 0], cells[..., 1]
        shown = (visible > 0.5) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
        indices = xp.stack([y * width + x, xp.astype(shown, xp.int64)], axis=-1)
        return {"heatmaps": heatmaps, "keypoint_indices": indices, "keypoint_weights": weights}

    def decode(self, heatmaps: Array, tags: Array) -> tuple[Array, Array]:
        """Find the keypoints in one image's heatmaps (K, H, W) and tags (L K, H, W)."""
        keypoints, scores, _ = self.batch_decode(heatmaps[None], tags[None])
        return keypoints[0], scores[0]

    def batch_decode(self, batch_heatmaps: Array, batch_tags: Array) -> tuple[list[Any], list[Any], list[Any]]:
        """Find the keypoints in heatmaps (B, K, H, W) and tags (B, L K, H, W).

        Candidates are found on the device; the few that remain are grouped with numpy.

        Returns:
            For each image, as numpy arrays, keypoints (N, K, 2) in input space, their scores (N, K) and the
            instances' scores (N,).

        Raises:
            ValueError: if the maps do not go together, or the keypoint order leaves keypoints out.
        """
        self._check(batch_heatmaps, batch_tags)
        peaks = suppress_neighbors(batch_heatmaps, self.decode_nms_kernel)
        candidates = self._candidates(peaks, batch_tags)
        maps, tags = to_numpy(batch_heatmaps), to_numpy(batch_tags)
        results = [self._assemble(*sample) for sample in zip(*candidates, maps, tags, strict=True)]
        return [r[0] for r in results], [r[1] for r in results], [r[2] for r in results]

    def _check(self, heatmaps: Array, tags: Array) -> None:
        if tags.shape[0] != heatmaps.shape[0] or tags.shape[-2:] != heatmaps.shape[-2:]:
            raise ValueError(
                f"AssociativeEmbedding.batch_decode: heatmaps {tuple(heatmaps.shape)} and tags {tuple(tags.shape)}; "
                "batch, height and width must be the same"
            )
        if sorted(self.decode_keypoint_order) != list(range(heatmaps.shape[1])):
            raise ValueError(
                f"AssociativeEmbedding.decode_keypoint_order: {self.decode_keypoint_order}; it must name each of the "
                f"{heatmaps.shape[1]} keypoints once"
            )

    def _candidates(self, peaks: Array, tags: Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return places (B, K, M, 2), scores (B, K, M) and tags (B, K, M, L) of the highest maxima."""
        xp = namespace(peaks)
        batch, num_keypoints, height, width = peaks.shape
        scores, index = top_values(peaks.reshape((batch, num_keypoints, height * width)), self.decode_topk)
        num_tags = tags.shape[1] // num_keypoints
        tags = tags.reshape((batch, num_tags, num_keypoints, height * width))
        wide = xp.broadcast_to(index[:, None], (batch, num_tags, *index.shape[1:]))
        tags = xp.permute_dims(xp.take_along_axis(tags, wide, axis=-1), (0, 2, 3, 1))
        places = xp.stack([index % width, index // width], axis=-1)
        return to_numpy(places), to_numpy(scores), to_numpy(tags)

    def _assemble(
        self, places: np.ndarray, scores: np.ndarray, candidate_tags: np.ndarray, maps: np.ndarray, tags: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Group one image's candidates, refine them, and look for keypoints that no group has."""
        cells, values = group_by_tags(
            places,
            scores,
            candidate_tags,
            self.decode_keypoint_order,
            score_thr=self.decode_keypoint_thr,
            tag_thr=self.decode_tag_thr,
            max_groups=self.decode_max_instances,
        )
        instance_scores = values.mean(-1) if len(values) else values[:, 0]
        if not len(values):
            return cells.astype(np.float32), values, instance_scores
        by_keypoint = cells.transpose(1, 0, 2)  # (K, N, 2)
        if self.use_udp:
            steps = dark_udp_steps(maps, by_keypoint, self.decode_gaussian_kernel)
            # Missing keypoints are found on, and get their (negative) scores from, the maps that DARK
            # works on: released models were evaluated so.
            maps = log_blurred(maps, self.decode_gaussian_kernel)
        else:
            steps = quarter_steps(maps, by_keypoint)
        points = cells + steps.transpose(1, 0, 2) + self.decode_center_shift * (values > 0)[..., None]
        points, values = fill_missing(points.astype(np.float32), values, maps, tags)
        return points * self.scale_factor, values, instance_scores

    def flip(
        self, outputs: Sequence[Array], flip_indices: Sequence[int], *, shift_heatmap: bool = False, **options: Any
    ) -> tuple[Array, Array]:
        """Un-mirror heatmaps (B, K, H, W) and tags (B, L K, H, W), or (B, L, H, W) shared by all keypoints."""
        heatmaps, tags = outputs
        count = len(flip_indices)
        swap = [start + i for start in range(0, tags.shape[1], count) for i in flip_indices]
        return (
            flip_heatmaps(heatmaps, flip_indices, shift_heatmap=shift_heatmap),
            flip_heatmaps(tags, swap if tags.shape[1] % count == 0 else None, shift_heatmap=shift_heatmap),
        )


@dataclass
class _Group:
    """One instance in the making: candidate of each keypoint found so far, and the sum of their tags."""

    members: dict[int, tuple[Array, float]] = field(default_factory=dict[int, tuple[Array, float]])
    tags: Array | float = 0.0

    def add(self, keypoint: int, place: Array, score: float, tag: Array) -> None:
        self.members[keypoint] = (place, score)
        self.tags = self.tags + tag


def group_by_tags(
    places: Array,
    scores: Array,
    tags: np.ndarray,
    order: Sequence[int],
    *,
    score_thr: float,
    tag_thr: float = 1.0,
    max_groups: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Assign each candidate to the instance whose tags are nearest, keypoint after keypoint.

    Args:
        places: (K, M, 2) cells.
        scores: (K, M).
        tags: (K, M, L).
        order: order of the keypoints.
        score_thr: candidates must be above it.
        tag_thr: candidates further than this from an instance's mean tag start a new one.
        max_groups: number of instances to return, the first ones.

    Returns:
        Cells (N, K, 2), whole numbers, and scores (N, K), both zero for keypoints that a group lacks.

    Source: Newell et al., arXiv 1611.05424, section 3.2, and the code published with it for the cost.
    """
    from scipy.optimize import linear_sum_assignment  # pyright: ignore

    groups: list[_Group] = []
    for k in order:
        rows = np.flatnonzero(scores[k] > score_thr)
        targets = np.full(len(rows), -1)
        if len(rows) and groups:
            means = np.stack([group.tags / len(group.members) for group in groups])
            distance: Array = np.linalg.norm(tags[k, rows, None] - means, axis=-1)
            # Tags within a half of each other count as equal; then the better score goes first.
            cost: Array = distance.round() * 100 - scores[k, rows, None]
            chosen, columns = (np.asarray(part) for part in linear_sum_assignment(cost))  # pyright: ignore
            near: Array = distance[chosen, columns] < tag_thr
            targets[chosen[near]] = columns[near]
        for row, target in zip(rows, targets, strict=True):
            if target < 0:
                groups.append(_Group())
            groups[int(target)].add(k, places[k, row], float(scores[k, row]), tags[k, row])
    groups = groups[:max_groups]
    cells = np.zeros((len(groups), len(scores), 2), dtype=np.int64)
    values = np.zeros((len(groups), len(scores)), dtype=np.float32)
    for n, group in enumerate(groups):
        for k, (place, score) in group.members.items():
            cells[n, k], values[n, k] = place, score
    return cells, values


def fill_missing(
    points: np.ndarray, scores: np.ndarray, heatmaps: np.ndarray, tags: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give keypoints without a candidate the cell whose tag fits the instance best.

    Args:
        points: (N, K, 2) in cells.
        scores: (N, K), zero for those without a candidate.
        heatmaps: (K, H, W).
        tags: (L K, H, W).
    """
    count, height, width = heatmaps.shape
    by_keypoint = tags.reshape(-1, count, height, width).transpose(1, 0, 2, 3)  # (K, L, H, W)
    points, scores = points.copy(), scores.copy()
    x = points[..., 0].astype(np.int64).clip(0, width - 1)
    y = points[..., 1].astype(np.int64).clip(0, height - 1)
    for n in range(len(points)):
        peaks = np.flatnonzero(scores[n] > 0)
        missing = np.flatnonzero(scores[n] <= 0)
        if not len(missing):
            continue
        mean = by_keypoint[peaks, :, y[n, peaks], x[n, peaks]].mean(0)
        distance: Array = np.linalg.norm(by_keypoint[missing] - mean[:, None, None], axis=1)
        cost: Array = np.reshape(distance.round() * 100 - heatmaps[missing], (len(missing), -1))
        best: np.ndarray = np.argmin(cost, axis=-1)
        points[n, missing] = np.stack([best % width, best // width], axis=-1)
        scores[n, missing] = heatmaps[missing].reshape(len(missing), -1)[np.arange(len(missing)), best]
    return points, scores
