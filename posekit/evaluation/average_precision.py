"""Average precision and recall of poses under the rules of COCO, for all images at once.

Shapes: G labels, D predictions, T thresholds, R recall levels, C categories, A area ranges.
Source: https://cocodataset.org/#keypoints-eval; agrees with pycocotools' COCOeval to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from posekit.evaluation.oks import FoundPoses, TruePoses, oks_of_pairs
from posekit.evaluation.oks_nms import expand_ranges, ranks_in_groups

OKS_THRS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
AREA_RANGES = {"all": (0.0, 1e10), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""Areas in square pixels, both ends included."""

MAX_DETS = 20
"""Predictions per image and category that count, the best first."""


@dataclass(frozen=True)
class PoseScores:
    """Precision (T, R, C, A) and recall (T, C, A); -1 where a category has no label in an area range."""

    precision: np.ndarray
    recall: np.ndarray

    def ap(self, thr: float | None = None, area: str = "all") -> float:
        """Return the average precision, over all thresholds or at one; -1 where nothing is labelled."""
        return mean_of_known(at_threshold(self.precision, thr)[..., list(AREA_RANGES).index(area)])

    def ar(self, thr: float | None = None, area: str = "all") -> float:
        """Return the average recall, over all thresholds or at one; -1 where nothing is labelled."""
        return mean_of_known(at_threshold(self.recall, thr)[..., list(AREA_RANGES).index(area)])


def at_threshold(values: np.ndarray, thr: float | None) -> np.ndarray:
    return values if thr is None else values[np.isclose(OKS_THRS, thr)]


def mean_of_known(values: np.ndarray) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else -1.0


def score_poses(truth: TruePoses, found: FoundPoses, sigmas: np.ndarray) -> PoseScores:
    """Match predictions to labels and compute precision and recall.

    Args:
        truth: the labels.
        found: the predictions, of images whose labels are all in ``truth``.
        sigmas: (K,) standard deviations of the keypoints, relative to the root of the area.

    Returns:
        The scores of all thresholds, categories and area ranges.
    """
    truth, true_group, found, found_group = in_groups(truth, found)
    outside = out_of_area(truth.area) | truth.ignore
    matched, ignored = match(truth, true_group, found, found_group, outside, sigmas)
    ignored |= ~matched & out_of_area(found.area)[:, None]
    categories = np.unique(truth.category)
    precision = np.full((len(OKS_THRS), len(RECALLS), max(len(categories), 1), len(AREA_RANGES)), -1.0)
    recall = np.full((len(OKS_THRS), max(len(categories), 1), len(AREA_RANGES)), -1.0)
    for c, category in enumerate(categories):
        chosen = np.flatnonzero(found.category == category)
        chosen = chosen[np.argsort(-found.score[chosen], kind="stable")]
        for a in range(len(AREA_RANGES)):
            num_true = int(np.count_nonzero(~outside[a, truth.category == category]))
            for t in range(len(OKS_THRS) if num_true else 0):
                curve = precision_at_recalls(matched[a, t, chosen], ~ignored[a, t, chosen], num_true)
                precision[t, :, c, a], recall[t, c, a] = curve
    return PoseScores(precision, recall)


def out_of_area(area: np.ndarray) -> np.ndarray:
    """Return (A, N): whether an area lies outside of each range."""
    return np.stack([(area < low) | (area > high) for low, high in AREA_RANGES.values()])


def in_groups(truth: TruePoses, found: FoundPoses) -> tuple[TruePoses, np.ndarray, FoundPoses, np.ndarray]:
    """Sort labels and predictions by category and image, predictions then by falling score.

    Returns:
        Labels, the group of each (G,), the best predictions of each group, the group of each (D,).
    """
    _, image = np.unique(np.concatenate([truth.image, found.image]), return_inverse=True)
    _, category = np.unique(np.concatenate([truth.category, found.category]), return_inverse=True)
    group = category.reshape(-1) * (len(image) + 1) + image.reshape(-1)
    true_group, found_group = group[: len(truth.image)], group[len(truth.image) :]
    true_order = np.argsort(true_group, kind="stable")
    found_order = np.lexsort((-found.score, found_group))
    found_order = found_order[ranks_in_groups(found_group[found_order]) < MAX_DETS]
    return truth.rows(true_order), true_group[true_order], found.rows(found_order), found_group[found_order]


def match(
    truth: TruePoses,
    true_group: np.ndarray,
    found: FoundPoses,
    found_group: np.ndarray,
    outside: np.ndarray,
    sigmas: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Give each prediction, the best first, the most similar label that is still free.

    Labels that count go before those that do not (``outside``), whatever the similarity;
    among equals the later label wins. A crowd label stays free.

    Args:
        truth: labels, sorted by group.
        true_group: (G,).
        found: predictions, sorted by group and falling score.
        found_group: (D,).
        outside: (A, G), true for labels that do not count in an area range.
        sigmas: (K,).

    Returns:
        Whether each prediction was matched, and to a label that does not count; both (A, T, D).
    """
    d, g = expand_ranges(
        np.searchsorted(true_group, found_group, side="left"), np.searchsorted(true_group, found_group, side="right")
    )
    oks = oks_of_pairs(found, truth, sigmas, d, g)
    close = np.flatnonzero(oks >= OKS_THRS[0])
    rank = ranks_in_groups(found_group)
    # Pairs by rank and prediction, from its worst to its best label: a pair's number is then its preference.
    close = close[np.lexsort((g[close], oks[close], d[close], rank[d[close]]))]
    d, g, oks = d[close], g[close], oks[close]
    similar = oks >= np.minimum(OKS_THRS, 1 - 1e-10)[:, None]
    preference = np.arange(len(d)) + len(d) * ~outside[:, g]
    shape = (len(outside), len(OKS_THRS))
    free = np.ones((*shape, len(true_group)), bool)
    matched, ignored = np.zeros((2, *shape, len(found_group)), bool)
    steps = np.flatnonzero(np.diff(rank[d], prepend=-1, append=-1)) if len(d) else []
    for start, stop in pairwise(steps):
        pairs = slice(start, stop)
        possible = similar[None, :, pairs] & (free[:, :, g[pairs]] | truth.crowd[g[pairs]])
        starts = np.flatnonzero(np.diff(d[pairs], prepend=-1))
        best = np.maximum.reduceat(np.where(possible, preference[:, None, pairs], -1), starts, axis=2)
        a, t, i = np.nonzero(best >= 0)
        pair = best[a, t, i] % len(d)
        matched[a, t, d[pair]] = True
        ignored[a, t, d[pair]] = outside[a, g[pair]]
        free[a, t, g[pair]] = False
    return matched, ignored


def precision_at_recalls(matched: np.ndarray, counted: np.ndarray, num_true: int) -> tuple[np.ndarray, float]:
    """Compute the precision at each recall level, made monotonic, and the final recall.

    Precision only rises where a prediction is right, so nothing else is looked at.

    Args:
        matched: (D,) by falling score, whether a label was found.
        counted: (D,), false for predictions that count neither as right nor as wrong.
        num_true: number of labels, above 0.
    """
    right = matched & counted
    rank = np.cumsum(counted)[right]
    hits = np.arange(1, len(rank) + 1)
    precision = hits / ((rank - hits) + hits + np.spacing(1.0))
    highest_after = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    at = np.searchsorted(hits / num_true, RECALLS, side="left")
    return highest_after[at], len(hits) / num_true
