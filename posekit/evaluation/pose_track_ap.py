"""Average precision of single joints as the PoseTrack challenge computes it.

Shapes: P predictions and G labelled persons of one frame, K joints.
Source: https://github.com/leonid-pishchulin/poseval (evaluateAP): joints are right within half a head's
size of the person that shares most joints with the prediction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

NEAR_HEADS = 0.5
"""Distance in heads up to which a joint is right."""

HEAD_SHARE = 0.6
"""A head's size is this share of the diagonal of its box."""


class Frame(NamedTuple):
    """Labels and predictions of one frame.

    Shapes: true (G, K, 2), labelled (G, K), heads (G,) in pixels; found (P, K, 2), present (P, K), scores (P, K).
    """

    true: np.ndarray
    labelled: np.ndarray
    heads: np.ndarray
    found: np.ndarray
    present: np.ndarray
    scores: np.ndarray


def right_joints(frame: Frame) -> np.ndarray:
    """Tell which joints (P, K) of the predictions are right."""
    right = np.zeros(frame.present.shape, bool)
    if not len(frame.true) or not len(frame.found):
        return right
    distance = np.linalg.norm(frame.found[:, None] - frame.true[None], axis=-1) / frame.heads[:, None]
    near = (distance <= NEAR_HEADS) & frame.present[:, None] & frame.labelled[None]
    shared = near.sum(2) / np.maximum(frame.labelled.sum(1), 1)
    best = shared.argmax(1)  # each prediction keeps one person, and each person the best prediction of those
    shares = np.where(np.arange(len(frame.true)) == best[:, None], shared, 0)
    for person in np.flatnonzero(shares.max(0) > 0):
        winner = shares[:, person].argmax()
        right[winner] = near[winner, person]
    return right


def joint_ap(frames: Iterable[Frame]) -> np.ndarray:
    """Return the average precision (K,) of each joint in percent, NaN where it is never labelled.

    Raises:
        ValueError: if there are no frames.
    """
    parts = [(right_joints(frame), frame) for frame in frames]
    if not parts:
        raise ValueError("no person is labelled in any frame, so there is no average precision")
    right = np.concatenate([joints for joints, _ in parts])
    present = np.concatenate([frame.present for _, frame in parts])
    scores = np.concatenate([frame.scores for _, frame in parts])
    totals = np.sum([frame.labelled.sum(0) for _, frame in parts], axis=0)
    single = zip(right.T, present.T, scores.T, totals, strict=True)
    return np.array([100 * average_precision(r[p], s[p], int(total)) for r, p, s, total in single])


def average_precision(right: np.ndarray, scores: np.ndarray, total: int) -> float:
    """Return the area under the monotonic precision over recall, as PASCAL VOC does; NaN without labels."""
    if not total:
        return float("nan")
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision = hits / np.arange(1, len(hits) + 1)
    highest_after = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(hits, prepend=0) * highest_after).sum() / total)


def inside_polygons(points: np.ndarray, polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Tell which points (..., 2) lie in any of the polygons (N, 2), by the even-odd rule."""
    inside = np.zeros(points.shape[:-1], bool)
    x, y = points[..., None, 0], points[..., None, 1]
    for polygon in polygons:
        (x1, y1), (x2, y2) = polygon.T, np.roll(polygon, -1, axis=0).T
        spans = (y1 > y) != (y2 > y)
        at = x1 + (y - y1) / np.where(y1 == y2, 1, y2 - y1) * (x2 - x1)
        inside |= (spans & (x < at)).sum(-1) % 2 == 1
    return inside
