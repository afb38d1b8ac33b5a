"""Keypoint candidates put together to instances by their tags.

Shapes: K keypoints, M candidates per keypoint, L tags per candidate, N groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from posekit.array import Array


@dataclass
class _Group:
    """One instance in the making: candidate of each keypoint found so far, and the sum of their tags."""

    members: dict[int, tuple[Array, float]] = field(default_factory=dict[int, tuple[Array, float]])
    tags: Array = 0.0

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
        order: of the keypoints.
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
