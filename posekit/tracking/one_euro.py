"""The One-Euro filter: smooths strongly what is slow and weakly what is fast, as frames come in.

Source: Casiez, Roussel and Vogel, "1 Euro Filter", CHI 2012.
"""

from __future__ import annotations

import math

import numpy as np

MIN_CUTOFF_HZ = 2.5
"""At 30 frames per second, points at rest are 1.9 frames late."""

BETA = 0.005
SPEED_CUTOFF_HZ = 1.0


def blend(cutoff_hz: np.ndarray | float, seconds: np.ndarray) -> np.ndarray:
    """Return the share of a new value in a low-pass filter, ``seconds`` after the last one."""
    turn = 2 * math.pi * cutoff_hz * seconds
    return turn / (turn + 1)


class OneEuro:
    """Smooths points frame by frame.

    Delay: none before a frame's result is there; the result lags behind by up to ``fps / (2 pi min_cutoff)`` frames
    (1.9 at 30 frames per second and 2.5 Hz), and by less the faster a point moves.

    Missing points (NaN) stay missing. A point that comes back is smoothed with its last value, which counts the less
    the longer it was away.

    Args:
        fps: frames per second.
        min_cutoff: cutoff frequency of a point at rest, in Hz; lower is smoother and later.
        beta: Hz that each unit per second of speed adds to the cutoff (pixels per second, for points in pixels);
            higher is less late in fast movements.

    Raises:
        ValueError: if ``fps`` or ``min_cutoff`` is not above 0, or ``beta`` is negative.
    """

    def __init__(self, *, fps: float = 30.0, min_cutoff: float = MIN_CUTOFF_HZ, beta: float = BETA) -> None:
        if not (fps > 0 and min_cutoff > 0 and beta >= 0):
            raise ValueError(
                f"fps {fps}, min_cutoff {min_cutoff}, beta {beta}: expected the first two above 0 and beta not below"
            )
        self.fps, self.min_cutoff, self.beta = fps, min_cutoff, beta
        self.values: np.ndarray | None = None
        self.speeds = np.zeros(0)
        self.away = np.zeros(0)

    def update(self, points: np.ndarray) -> np.ndarray:
        """Return the next frame's points (..., D) smoothed; a point with a NaN is missing.

        Raises:
            ValueError: if they have another shape than those before.
        """
        points = np.asarray(points, np.float64)
        if self.values is None:
            self.values = np.full(points.shape, np.nan)
            self.speeds, self.away = np.zeros(points.shape), np.zeros((*points.shape[:-1], 1))
        if points.shape != self.values.shape:
            raise ValueError(f"points of shape {points.shape}; those before had {self.values.shape}")
        here = np.isfinite(points).all(-1, keepdims=True)
        points = np.where(here, points, np.nan)
        known = here & ~np.isnan(self.values)
        self.away = self.away + 1
        seconds = self.away / self.fps
        step = np.where(known, points - self.values, 0.0)
        speeds = self.speeds + blend(SPEED_CUTOFF_HZ, seconds) * (step / seconds - self.speeds)
        self.speeds = np.where(known, speeds, self.speeds)
        length = np.sqrt((self.speeds**2).sum(-1, keepdims=True))
        smoothed = self.values + blend(self.min_cutoff + self.beta * length, seconds) * step
        self.values = np.where(known, smoothed, np.where(here, points, self.values))
        self.away = np.where(here, 0.0, self.away)
        return np.where(here, self.values, np.nan)


def one_euro(
    points: np.ndarray, *, fps: float = 30.0, min_cutoff: float = MIN_CUTOFF_HZ, beta: float = BETA
) -> np.ndarray:
    """Smooth tracks with :class:`OneEuro`.

    Delay: the result lags by up to ``fps / (2 pi min_cutoff)`` frames, 1.9 by default; nothing later than a frame is
    needed for it. Constants are kept; moving points lag.

    Args:
        points: (T, K, D), NaN where missing.
        fps, min_cutoff, beta: as for :class:`OneEuro`.

    Returns:
        (T, K, D), float64, missing where ``points`` are.

    Example:
        >>> one_euro(np.zeros((3, 1, 2))).shape
        (3, 1, 2)
    """
    follower = OneEuro(fps=fps, min_cutoff=min_cutoff, beta=beta)
    frames = [follower.update(frame) for frame in np.asarray(points, np.float64)]
    return np.stack(frames) if frames else np.zeros(np.shape(points))
