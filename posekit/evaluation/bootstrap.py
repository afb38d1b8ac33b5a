"""How sure a score is: intervals and differences from resampling the images.

Shapes: B resamples, I images, N persons, K keypoints.
Source: Efron and Tibshirani, An introduction to the bootstrap, 1993, chapters 13 and 15.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from posekit.evaluation.average_precision import PoseMatches
from posekit.evaluation.pck import mean_of_valid

UNKNOWN = -1.0
"""What AP and AR are where nothing is labelled."""


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
    """Return the AP (B,) of each resample, over all thresholds and sizes of persons."""
    return np.array([scores.ap() for scores in matches.resampled(times, areas=("all",))])


def resampled_scores(matches: PoseMatches, times: np.ndarray) -> dict[str, np.ndarray]:
    """Return COCO's ten values (B,) of each resample by their names."""
    return columns_of(scores.named() for scores in matches.resampled(times))


def columns_of(rows: Iterable[Mapping[str, float]]) -> dict[str, np.ndarray]:
    """Turn rows of named values into arrays by name; no rows give no columns."""
    rows = list(rows)
    return {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else ())}


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
    """Return a value with the interval between the outer percentiles of its resamples."""
    known = known_of(samples)
    if not known.size:
        return Estimate(value)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high))


def difference(first: Estimate, second: Estimate, samples: tuple[np.ndarray, np.ndarray], level: float = 0.95) -> Difference:
    """Compare two values by resamples of the same images.

    The p-value is twice the share of resamples in which the sign of the difference is the other
    one, counted with one resample more so that it is never 0.

    Args:
        first: a value.
        second: what is compared with it.
        samples: the resamples (B,) of both, in which each row drew the same images.
        level: of the interval.
    """
    pairs = np.stack([np.where(known, values, np.nan) for values in samples for known in [known_mask(values)]])
    gains = known_of(pairs[1] - pairs[0])
    if not gains.size:
        return Difference(second.value - first.value, *[float("nan")] * 3)
    estimate = interval(second.value - first.value, gains, level)
    tail = min(np.count_nonzero(gains <= 0), np.count_nonzero(gains >= 0))
    return Difference(*estimate, p=min(2 * (tail + 1) / (len(gains) + 1), 1.0))
