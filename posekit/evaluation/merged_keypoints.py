"""Keypoints that a model does not tell apart: they lie apart in the labels and coincide in the predictions.

A mean error does not show it: two ears predicted between the ears err by half their distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MIN_INSTANCES = 10
"""Number of instances with both keypoints labelled, below which nothing is said of a pair."""
MIN_DISTANCE_PX = 4.0
"""Distance of labels, in image pixels, below which two keypoints may as well coincide."""
MERGED_SHARE = 0.25
"""Share of the labelled distance, below which predictions count as coinciding."""
SHOWN = 3


class MergedPair(NamedTuple):
    """Two keypoints by index, and the medians of their distance, in pixels, in labels and in predictions."""

    first: int
    second: int
    labelled_px: float
    predicted_px: float


def merged_pairs(labelled: np.ndarray, mask: np.ndarray, predicted: np.ndarray) -> list[MergedPair]:
    """Return the pairs of keypoints that lie apart in the labels and coincide in the predictions, worst first.

    Shapes: N instances, K keypoints.

    Args:
        labelled: (N, K, 2) labels, in image pixels.
        mask: (N, K), whether a keypoint is labelled.
        predicted: (N, K, 2) predictions of the same instances; NaN where there is none.
    """
    usable = mask & np.isfinite(predicted).all(-1)
    pairs = []
    for first in range(labelled.shape[1]):
        for second in range(first + 1, labelled.shape[1]):
            rows = usable[:, first] & usable[:, second]
            if rows.sum() < MIN_INSTANCES:
                continue
            distances = (np.hypot(*(points[rows, first] - points[rows, second]).T) for points in (labelled, predicted))
            label_px, prediction_px = (float(np.median(values)) for values in distances)
            if label_px >= MIN_DISTANCE_PX and prediction_px < MERGED_SHARE * label_px:
                pairs.append(MergedPair(first, second, label_px, prediction_px))
    return sorted(pairs, key=lambda pair: pair.predicted_px / pair.labelled_px)


def merged_text(pairs: Sequence[MergedPair], names: Sequence[str]) -> str:
    """Return what a person should know of such pairs; nothing where there are none."""
    if not pairs:
        return ""
    told = [
        f"{names[pair.first]} and {names[pair.second]} ({pair.predicted_px:.1f} px apart, labelled "
        f"{pair.labelled_px:.1f} px)"
        for pair in pairs[:SHOWN]
    ]
    more = f" and {len(pairs) - SHOWN} more pairs" if len(pairs) > SHOWN else ""
    return (
        f"keypoints that the model does not tell apart, by the median distance: {', '.join(told)}{more}; "
        "mean errors do not show it. Look at drawn predictions (--show-dir of posekit test), and compare a longer "
        "training, a closer crop and a smaller sigma"
    )
