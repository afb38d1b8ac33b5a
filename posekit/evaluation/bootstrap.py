"""How sure a score is: intervals and differences from resampling the images.

Shapes: B resamples, I images, N persons, K keypoints.
Source: Efron and Tibshirani, An introduction to the bootstrap, 1993, chapters 13 and 15.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from posekit.evaluation.average_precision import PoseMatches
from posekit.evaluation.pck import mean_of_valid


class Estimate(NamedTuple):
    """A value with the interval that holds it; NaN bounds where nothing was resampled."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


class Difference(NamedTuple):
    """How much a second value exceeds a first, with the interval and the p-value of there being no difference."""

    value: float
    low: float
    high: float
    p: float


def draw_images(num_images: int, count: int, seed: int = 0) -> np.ndarray:
    """Draw as many images as there are, with replacement, ``count`` times.

    Returns:
        (B, I), how often each image was drawn.
    """
    rng = np.random.default_rng(seed)
    drawn = [np.bincount(rng.integers(0, num_images, num_images), minlength=num_images) for _ in range(count)]
    return np.array(drawn, np.int32).reshape(count, num_images)


def resampled_ap(matches: PoseMatches, times: np.ndarray) -> np.ndarray:
    """Return the AP (B,) of each resample over all thresholds and sizes of persons, NaN where nobody was drawn."""
    return nan_for_unknown([scores.ap() for scores in matches.resampled(times, areas=("all",))])


def resampled_scores(matches: PoseMatches, times: np.ndarray) -> dict[str, np.ndarray]:
    """Return COCO's ten values (B,) of each resample by their names, NaN where nobody was drawn."""
    rows = [scores.named() for scores in matches.resampled(times)]
    return {name: nan_for_unknown([row[name] for row in rows]) for name in (rows[0] if rows else ())}


def nan_for_unknown(values: Iterable[float]) -> np.ndarray:
    """Return AP or AR as an array in which what is unknown is NaN rather than -1."""
    array = np.array(list(values), np.float64)
    return np.where(array < 0, np.nan, array)


def resampled_pck(distances: np.ndarray, image: np.ndarray, thr: float, times: np.ndarray) -> np.ndarray:
    """Return the PCK of each keypoint in each resample.

    Args:
        distances: (N, K), as from ``normalized_distances``: NaN where a keypoint does not count.
        image: (N,) numbers of images.
        thr: distance below which a keypoint is right.
        times: (B, I), how often each image was drawn.

    Returns:
        (B, K), NaN where no keypoint of its kind was drawn.
    """
    hits, counted = (np.zeros((times.shape[1], distances.shape[1])) for _ in range(2))
    np.add.at(hits, image, distances < thr)
    np.add.at(counted, image, ~np.isnan(distances))
    hits, counted = times @ hits, times @ counted
    return np.divide(hits, counted, out=np.full(hits.shape, np.nan), where=counted > 0)


def mean_pck(per_keypoint: np.ndarray) -> np.ndarray:
    """Return the mean PCK (B,) over the keypoints (B, K) that were drawn."""
    return np.array([mean_of_valid(row) for row in per_keypoint])


def interval(value: float, samples: np.ndarray, level: float = 0.95) -> Estimate:
    """Return a value with the interval between the outer percentiles of its resamples (B,); NaN ones do not count."""
    known = samples[~np.isnan(samples)]
    if not known.size:
        return Estimate(value)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high))


def difference(value: float, gains: np.ndarray, level: float = 0.95) -> Difference:
    """Judge the difference of two values by its resamples.

    The p-value is twice the share of resamples without a difference of the same sign, of which
    one more is counted than was seen, so that it is never 0.

    Args:
        value: the difference.
        gains: (B,) differences in resamples of the same images; NaN ones do not count.
        level: level of the interval.
    """
    estimate = interval(value, gains, level)
    known = gains[~np.isnan(gains)]
    if not known.size:
        return Difference(*estimate, p=float("nan"))
    tail = min(np.count_nonzero(known <= 0), np.count_nonzero(known >= 0))
    return Difference(*estimate, p=min(2 * (tail + 1) / (len(known) + 1), 1.0))
