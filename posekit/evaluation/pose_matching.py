"""Giving predicted poses to labelled ones, as COCO does, for all images at once.

Shapes: G labels, D predictions, P pairs, T thresholds, A alternatives of what counts.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from posekit.keypoints.oks import FoundPoses, TruePoses, oks_of_pairs
from posekit.keypoints.oks_nms import expand_ranges, ranks_in_groups

MAX_DETS = 20
"""Predictions per image and category that count, the best first; COCO's number."""


class PosePairs(NamedTuple):
    """Predictions and labels that may belong together, each (P,): rows of both and their OKS."""

    found: np.ndarray
    true: np.ndarray
    oks: np.ndarray


def in_groups(
    truth: TruePoses, found: FoundPoses, max_dets: int = MAX_DETS
) -> tuple[TruePoses, np.ndarray, FoundPoses, np.ndarray]:
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
    found_order = found_order[ranks_in_groups(found_group[found_order]) < max_dets]
    return truth.rows(true_order), true_group[true_order], found.rows(found_order), found_group[found_order]


def close_pairs(
    truth: TruePoses,
    true_group: np.ndarray,
    found: FoundPoses,
    found_group: np.ndarray,
    sigmas: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    thr: float,
) -> PosePairs:
    """Return all pairs of one group whose OKS is at least ``thr``; the other arguments are those of ``in_groups``."""
    d, g = expand_ranges(
        np.searchsorted(true_group, found_group, side="left"), np.searchsorted(true_group, found_group, side="right")
    )
    oks = oks_of_pairs(found, truth, sigmas, d, g, weights)
    close = oks >= thr
    return PosePairs(d[close], g[close], oks[close])


def match(pairs: PosePairs, rank: np.ndarray, outside: np.ndarray, crowd: np.ndarray, thrs: np.ndarray) -> np.ndarray:
    """Give each prediction, the best first, the most similar label that is still free.

    Labels that count go before those that do not (``outside``), no matter how similar;
    among equals the later label wins. A crowd label stays free.

    Args:
        pairs: all whose OKS is at least the lowest threshold.
        rank: (D,), the place of each prediction among those of its image and category.
        outside: (A, G), true for labels that do not count.
        crowd: (G,), true for labels that mark several persons.
        thrs: (T,), the OKS that a pair must have.

    Returns:
        The label of each prediction (A, T, D), -1 where it has none.
    """
    d, g, oks = pairs
    # Pairs by rank and prediction, from its worst to its best label: a pair's number is then its preference.
    order = np.lexsort((g, oks, d, rank[d]))
    d, g, oks = d[order], g[order], oks[order]
    similar = oks >= np.minimum(thrs, 1 - 1e-10)[:, None]
    preference = np.arange(len(d)) + len(d) * ~outside[:, g]
    shape = (len(outside), len(thrs))
    free = np.ones((*shape, outside.shape[1]), bool)
    labels = np.full((*shape, len(rank)), -1)
    steps = np.flatnonzero(np.diff(rank[d], prepend=-1, append=-1)) if len(d) else []
    for start, stop in pairwise(steps):
        part = slice(start, stop)
        possible = similar[None, :, part] & (free[:, :, g[part]] | crowd[g[part]])
        starts = np.flatnonzero(np.diff(d[part], prepend=-1))
        best = np.maximum.reduceat(np.where(possible, preference[:, None, part], -1), starts, axis=2)
        a, t, i = np.nonzero(best >= 0)
        pair = best[a, t, i] % len(d)
        labels[a, t, d[pair]] = g[pair]
        free[a, t, g[pair]] = False
    return labels
