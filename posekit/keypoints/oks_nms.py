"""Non-maximum suppression of poses by their similarity.

Shapes: D predictions of all images together.
"""

from __future__ import annotations

import numpy as np

from posekit.keypoints.oks import FoundPoses, exceeds_oks, oks_matrix


def ranks_in_groups(group: np.ndarray) -> np.ndarray:
    """Count up from 0 within each run of equal values; ``group`` must be sorted."""
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else np.zeros(0, int)
    lengths = np.diff(np.r_[starts, len(group)])
    return np.arange(len(group)) - np.repeat(starts, lengths)


def expand_ranges(starts: np.ndarray, stops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """List each range's members: returns the number of the range and the member, both (sum of lengths,)."""
    lengths = np.maximum(stops - starts, 0)
    owner = np.repeat(np.arange(len(starts)), lengths)
    first = np.cumsum(lengths) - lengths
    return owner, np.arange(len(owner)) - first[owner] + starts[owner]


def oks_nms(found: FoundPoses, sigmas: np.ndarray, thr: float) -> np.ndarray:
    """Drop every prediction that is too similar to a better one that stays.

    All images advance together, one rank at a time.

    Args:
        found: predictions of any images in any order.
        sigmas: (K,) standard deviations of the keypoints.
        thr: the OKS up to which two predictions of an image may both stay.

    Returns:
        Rows of ``found`` that stay, by image and falling score.
    """
    image = np.unique(found.image, return_inverse=True)[1].reshape(-1)
    order = np.lexsort((-found.score, image))
    ordered, image = found.rows(order), image[order]
    rank = ranks_in_groups(image)
    stops = np.searchsorted(image, image, side="right")
    by_rank = np.argsort(rank, kind="stable")
    alive = np.ones(len(order), bool)
    for best in np.split(by_rank, np.flatnonzero(np.diff(rank[by_rank])) + 1):
        best = best[alive[best]]
        owner, rival = expand_ranges(best + 1, stops[best])
        owner, rival = owner[alive[rival]], rival[alive[rival]]
        alive[rival[exceeds_oks(ordered, sigmas, best[owner], rival, thr)]] = False
    return order[alive]


def soft_oks_nms(found: FoundPoses, sigmas: np.ndarray, thr: float, max_dets: int = 20) -> np.ndarray:
    """Keep per image the predictions that stay best while similar ones are rescored downwards.

    Rescoring multiplies a score by exp(-OKS^2 / thr) for each better prediction that was
    taken. It decides what stays; the kept predictions keep their own scores.

    Args:
        found: predictions of any images in any order.
        sigmas: (K,) standard deviations of the keypoints.
        thr: width of the penalty.
        max_dets: predictions that stay per image.

    Returns:
        Rows of ``found`` that stay, by image and in the order in which they were taken.
    """
    image = np.unique(found.image, return_inverse=True)[1].reshape(-1)
    order = np.lexsort((-found.score, image))
    chosen = []
    for rows in np.split(order, np.flatnonzero(np.diff(image[order])) + 1):
        penalty = np.exp(-(oks_matrix(found.rows(rows), sigmas) ** 2) / thr)
        score = found.score[rows].astype(np.float64)
        for _ in range(min(max_dets, len(rows))):
            best = int(np.argmax(score))
            chosen.append(rows[best])
            score *= penalty[best]
            score[best] = -np.inf
    return np.array(chosen, int)
