"""Object keypoint similarity, between predictions and ground truth and between predictions.

Shapes: P pairs, K keypoints.
Source: https://cocodataset.org/#keypoints-eval; OKS = mean over k of exp(-d_k^2 / (2 area (2 sigma_k)^2)).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

PAIRS_AT_ONCE = 1 << 14
"""Pairs whose keypoints are compared together: few enough to stay in the processor's cache."""

EPS = np.spacing(1.0)


class TruePoses(NamedTuple):
    """Labelled poses of a dataset, one row each.

    Shapes: image, category, area, ignore, crowd (G,); keypoints (G, K, 3) as x, y, visibility;
    boxes_xywh (G, 4). Lengths are in image pixels.
    """

    image: np.ndarray
    category: np.ndarray
    keypoints: np.ndarray
    boxes_xywh: np.ndarray
    area: np.ndarray
    ignore: np.ndarray
    crowd: np.ndarray

    def rows(self, which: np.ndarray) -> TruePoses:
        """Return the poses that a mask or index array chooses."""
        return TruePoses(*(column[which] for column in self))

    def with_keypoints(self, which: slice | Sequence[int]) -> TruePoses:
        """Return the poses with the chosen keypoints alone; where none is visible, a pose becomes one to ignore."""
        keypoints = self.keypoints[:, which]
        return self._replace(keypoints=keypoints, ignore=self.ignore | ~(keypoints[..., 2] > 0).any(1))


class FoundPoses(NamedTuple):
    """Predicted poses, one row each.

    Shapes: image, category, score, area (D,); keypoints (D, K, 2), in image pixels.
    """

    image: np.ndarray
    category: np.ndarray
    keypoints: np.ndarray
    score: np.ndarray
    area: np.ndarray

    def rows(self, which: np.ndarray) -> FoundPoses:
        """Return the poses that a mask or index array chooses."""
        return FoundPoses(*(column[which] for column in self))

    def with_keypoints(self, which: slice | Sequence[int]) -> FoundPoses:
        """Return the poses with the chosen keypoints alone."""
        return self._replace(keypoints=self.keypoints[:, which])


def variances_of(sigmas: np.ndarray) -> np.ndarray:
    """Return (2 sigma)^2 of each keypoint."""
    return (np.asarray(sigmas, np.float64) * 2) ** 2


def oks_of_pairs(
    found: FoundPoses,
    truth: TruePoses,
    sigmas: np.ndarray,
    index_found: np.ndarray,
    index_true: np.ndarray,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Compute the OKS of chosen pairs of predictions and labels.

    A label without any visible keypoint is a region: what counts is how far the
    prediction's keypoints lie outside of its box, doubled in size.

    Args:
        found: the predictions.
        truth: the labels.
        sigmas: (K,) standard deviations of the labels, relative to the root of the area.
        index_found: (P,) rows of ``found``.
        index_true: (P,) rows of ``truth``.
        weights: (K,) of the keypoints in the mean, above 0; by default all count alike.

    Returns:
        (P,) similarities in 0 ... 1.
    """
    variances = variances_of(sigmas)
    visible = truth.keypoints[..., 2] > 0
    labelled = np.asarray(visible.any(1))
    oks = np.empty(len(index_found))
    for start in range(0, len(oks), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        d, g = index_found[part], index_true[part]
        offset = found.keypoints[d] - truth.keypoints[g, :, :2]
        region = ~labelled[g]
        if region.any():
            offset[region] = outside_of_regions(found.keypoints[d[region]], truth.boxes_xywh[g[region]])
        terms = np.exp(-squared_length(offset) / variances / (truth.area[g] + EPS)[:, None] / 2)
        counted = visible[g] | region[:, None]
        if weights is None:
            oks[part] = np.einsum("pk,pk->p", terms, counted) / np.count_nonzero(counted, axis=1)
        else:
            oks[part] = np.einsum("pk,pk->p", terms, counted * weights) / (counted @ weights)
    return oks


def squared_length(offset: np.ndarray) -> np.ndarray:
    """Return dx^2 + dy^2 of offsets (..., 2); numpy's sum over so short an axis is ten times slower."""
    return offset[..., 0] ** 2 + offset[..., 1] ** 2


def outside_of_regions(points: np.ndarray, boxes_xywh: np.ndarray) -> np.ndarray:
    """Return how far points (P, K, 2) lie outside of boxes three times as wide and high as (P, 4), per axis."""
    corner, size = boxes_xywh[:, None, :2], boxes_xywh[:, None, 2:]
    return np.maximum(corner - size - points, 0) + np.maximum(points - corner - 2 * size, 0)


def exceeds_oks(found: FoundPoses, sigmas: np.ndarray, first: np.ndarray, second: np.ndarray, thr: float) -> np.ndarray:
    """Tell which pairs of predictions have an OKS above ``thr``, all keypoints counting.

    Keypoints are compared a few at a time: a pair is dropped as soon as even perfect
    agreement of the rest could not bring it above the threshold, which few pairs survive.

    Args:
        found: the predictions; a pair's area is the mean of its two.
        sigmas: (K,), as for :func:`oks_of_pairs`.
        first: (P,) rows of ``found``.
        second: (P,) rows of ``found``.
        thr: similarity that must be exceeded.

    Returns:
        (P,) booleans.
    """
    num_keypoints, block = len(sigmas), 4
    scale = 2 * variances_of(sigmas)
    result = np.zeros(len(first), bool)
    for start in range(0, len(first), PAIRS_AT_ONCE):
        left = np.arange(start, min(start + PAIRS_AT_ONCE, len(first)))
        a, b = first[left], second[left]
        area = (found.area[a] + found.area[b]) / 2 + EPS
        total = np.zeros(len(left))
        for k in range(0, num_keypoints, block):
            offset = found.keypoints[a, k : k + block] - found.keypoints[b, k : k + block]
            terms = np.exp(-squared_length(offset) / scale[k : k + block] / area[:, None])
            total += np.einsum("pk->p", terms)
            possible = total + max(num_keypoints - k - block, 0) > thr * num_keypoints
            left, a, b, area, total = left[possible], a[possible], b[possible], area[possible], total[possible]
        result[left] = True
    return result


def oks_matrix(found: FoundPoses, sigmas: np.ndarray) -> np.ndarray:
    """Return the (D, D) similarities among the predictions of one image."""
    area = (found.area[:, None] + found.area[None]) / 2
    return oks_between(found.keypoints[:, None], found.keypoints[None], area, sigmas)


def oks_between(
    first: np.ndarray, second: np.ndarray, area: np.ndarray, sigmas: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Compute the OKS of poses; all arrays are broadcast against each other.

    Args:
        first: (..., K, 2) keypoints.
        second: (..., K, 2) keypoints.
        area: (...) that each pair is measured by, in square pixels.
        sigmas: (K,) or () spread of the keypoints, relative to the root of the area.
        weights: (..., K) of the keypoints in each pair's mean; by default all count alike.

    Returns:
        (...) in 0 ... 1; 0 for pairs without weights.
    """
    terms = np.exp(-squared_length(first - second) / variances_of(sigmas) / (area + EPS)[..., None] / 2)
    if weights is None:
        return terms.mean(-1)
    return (terms * weights).sum(-1) / np.maximum(weights.sum(-1), np.finfo(np.float64).tiny)
