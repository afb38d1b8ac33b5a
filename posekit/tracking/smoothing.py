"""Smoothing of whole tracks, and filling of their gaps.

Shapes: T frames, K keypoints, D = 2 or 3 coordinates.
Convention: a keypoint with a coordinate that is not finite is missing, and is NaN in what the filters return.

The windows are centred: what they return is not late. Whoever smooths while frames come in has to wait for the later
half of a window, which is the delay that the docstrings tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from posekit.console import suggestion
from posekit.tracking.one_euro import one_euro


def fill_gaps(points: np.ndarray, *, max_gap: int | None = None) -> np.ndarray:
    """Fill gaps on the straight line between the last point before and the first one after.

    Delay: up to the length of a gap, as the point after it must be known. Points that are there are not touched, and
    gaps at the ends of a track stay.

    Args:
        points: (T, K, D), NaN where missing.
        max_gap: longest gap to fill, in frames; all by default.

    Raises:
        ValueError: if ``points`` have no three axes or ``max_gap`` is negative.

    Example:
        >>> fill_gaps(np.array([0.0, np.nan, 2.0]).reshape(3, 1, 1), max_gap=1).ravel().tolist()
        [0.0, 1.0, 2.0]
    """
    filled, missing = checked(points)
    if max_gap is not None and max_gap < 0:
        raise ValueError(f"max_gap {max_gap}: expected 0 or more frames")
    frames = np.arange(len(filled))
    for k in range(filled.shape[1]):
        here = np.flatnonzero(~missing[:, k])
        if not len(here):
            continue
        before, after = np.searchsorted(here, frames, "right") - 1, np.searchsorted(here, frames)
        inside = (before >= 0) & (after < len(here)) & missing[:, k]
        gap = here[after.clip(max=len(here) - 1)] - here[before.clip(0)] - 1
        chosen = frames[inside & (gap <= (len(filled) if max_gap is None else max_gap))]
        for axis in range(filled.shape[2]):
            filled[chosen, k, axis] = np.interp(chosen, here, filled[here, k, axis])
    return filled


def median(points: np.ndarray, *, window: int = 3) -> np.ndarray:
    """Replace each point by the median around it, which drops single outliers.

    Delay: (window - 1) / 2 frames, 1 by default. Constants are kept, and straight lines without gaps. The window
    shrinks towards the ends of a track.

    Args:
        points: (T, K, D), NaN where missing.
        window: number of frames, odd.

    Raises:
        ValueError: if ``points`` have no three axes or ``window`` is not odd.

    Example:
        >>> median(np.array([0.0, 1.0, 9.0, 3.0, 4.0]).reshape(5, 1, 1)).ravel().tolist()
        [0.0, 1.0, 3.0, 4.0, 4.0]
    """
    values, missing = checked(points)
    half = half_of(window)
    result = values.copy()
    for width in range(1, min(half, (len(values) - 1) // 2) + 1):
        medians = _running_median(values, missing, width)
        if width == half:
            result[width : len(values) - width] = medians
        else:  # the frames with no more than this many others on one side
            result[[width, -width - 1]] = medians[[0, -1]]
    result[missing] = np.nan
    return result


def _running_median(values: np.ndarray, missing: np.ndarray, half: int) -> np.ndarray:
    """Return the medians (T - 2 half, K, D) of what is there; any number where the centre is missing."""
    views = windows(values, 2 * half + 1)
    return np.nanmedian(np.where(missing[half : len(values) - half, :, None, None], 0.0, views), axis=-1)


def savgol(points: np.ndarray, *, window: int = 7, degree: int = 2) -> np.ndarray:
    """Smooth with the Savitzky-Golay filter: each point moves onto the polynomial that fits those around it best.

    Delay: (window - 1) / 2 frames, 3 by default. Polynomials up to ``degree`` are kept, so constants and straight
    lines are, also at ends and beside gaps.

    Args:
        points: (T, K, D), NaN where missing.
        window: number of frames, odd.
        degree: degree of the polynomial, below ``window``.

    Raises:
        ValueError: if ``points`` have no three axes, ``window`` is not odd or ``degree`` does not fit into it.

    Example:
        >>> savgol(np.array([0.0, 1.0, 2.0, 9.0, 4.0]).reshape(5, 1, 1), window=3, degree=1).round(2).ravel().tolist()
        [0.0, 1.0, 4.0, 5.0, 4.0]
    """
    half = half_of(window)
    if not 0 <= degree < window:
        raise ValueError(f"degree {degree}: expected 0 ... {window - 1} in a window of {window} frames")
    return local_fit(points, np.ones(2 * half + 1), degree)


def gaussian(points: np.ndarray, *, sigma: float = 1.0, radius: int | None = None) -> np.ndarray:
    """Smooth with Gaussian weights.

    Delay: ``radius`` frames, 3 by default. Constants and straight lines are kept, also at ends and beside gaps: what
    is fitted there is a line.

    Args:
        points: (T, K, D), NaN where missing.
        sigma: standard deviation of the weights, in frames.
        radius: frames that count on either side; 3 sigma by default, rounded up.

    Raises:
        ValueError: if ``points`` have no three axes, ``sigma`` is not above 0 or ``radius`` is negative.

    Example:
        >>> gaussian(np.array([0.0, 0.0, 8.0, 0.0, 0.0]).reshape(5, 1, 1), radius=1).round(2).ravel().tolist()
        [0.0, 2.19, 3.61, 2.19, 0.0]
    """
    if not (sigma > 0 and (radius is None or radius >= 0)):
        raise ValueError(f"sigma {sigma}, radius {radius}: expected a sigma above 0 and a radius not below")
    radius = int(np.ceil(3 * sigma)) if radius is None else radius
    return local_fit(points, np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2), 1)


def local_fit(points: np.ndarray, weights: np.ndarray, degree: int) -> np.ndarray:
    """Put each point onto the polynomial over time that weighted least squares fit to its neighbourhood.

    Where fewer points than ``degree + 1`` are there, the polynomial is of as high a degree as they decide.

    Args:
        points: (T, K, D), NaN where missing.
        weights: (2 half + 1,) of the neighbours, from half frames before to half frames after.
        degree: degree of the polynomial.
    """
    values, missing = checked(points)
    if not len(values):
        return values
    half = len(weights) // 2
    time = np.arange(-half, half + 1) / max(half, 1)
    origin = np.where(missing[..., None], 0.0, values).mean(0, keepdims=True)
    padding = ((half, half), (0, 0))
    here = windows(np.pad((~missing).astype(np.float64), padding), len(weights))
    shifted = windows(np.pad(np.where(missing[..., None], 0.0, values - origin), (*padding, (0, 0))), len(weights))
    powers = time ** np.arange(2 * degree + 1)[:, None] * weights
    moments = np.einsum("tki,ji->tkj", here, powers)
    sums = np.einsum("tkdi,ji->tkjd", shifted, powers[: degree + 1])
    index = np.arange(degree + 1)
    matrices = moments[..., index[:, None] + index]
    decided = np.minimum(here.sum(-1).astype(int) - 1, degree)
    result = np.full(values.shape, np.nan)
    for level in range(degree + 1):
        chosen = (decided == level) & ~missing
        size = level + 1
        result[chosen] = np.linalg.solve(matrices[chosen][:, :size, :size], sums[chosen][:, :size])[:, 0]
    return result + origin


def windows(values: np.ndarray, length: int) -> np.ndarray:
    """Return the windows over the first axis; their frames are the last axis."""
    return np.lib.stride_tricks.sliding_window_view(values, length, axis=0)


def checked(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a copy of points (T, K, D) as float64 and what is missing (T, K); missing points are NaN as a whole.

    Raises:
        ValueError: if they have no three axes.
    """
    points = np.array(points, np.float64)
    if points.ndim != 3:
        raise ValueError(f"points of shape {points.shape}: expected (frames, keypoints, coordinates)")
    missing = ~np.asarray(np.isfinite(points).all(-1))
    points[missing] = np.nan
    return points, missing


def half_of(window: int) -> int:
    """Return the frames of a window on either side of its centre.

    Raises:
        ValueError: if it has no centre.
    """
    if window < 1 or window % 2 == 0:
        raise ValueError(f"window {window}: expected an odd number of frames, 1 or more")
    return window // 2


class Filter(NamedTuple):
    """What smooths points (T, K, D), and the names of its options."""

    smooth: Callable[..., np.ndarray]
    options: tuple[str, ...]


FILTERS: Mapping[str, Filter] = {
    "one-euro": Filter(one_euro, ("fps", "min_cutoff", "beta")),
    "savgol": Filter(savgol, ("window", "degree")),
    "gaussian": Filter(gaussian, ("sigma", "radius")),
    "median": Filter(median, ("window",)),
}


def named_filter(name: str, **options: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Return a filter with its options set; options that are None keep their defaults.

    Raises:
        ValueError: if there is no such filter, or it has no such option, or cannot work with one.
    """
    if name not in FILTERS:
        raise ValueError(f"no filter '{name}'; {suggestion(name, FILTERS, otherwise='there are')}")
    smooth, known = FILTERS[name]
    values = {option: value for option, value in options.items() if value is not None}
    if foreign := [option for option in values if option not in known]:
        raise ValueError(f"the filter {name} has no {' and no '.join(foreign)}; it has {', '.join(known)}")
    smooth(np.zeros((0, 1, 2)), **values)  # checks the values before there is work to lose
    return lambda points: smooth(points, **values)
