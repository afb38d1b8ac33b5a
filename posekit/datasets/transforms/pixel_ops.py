"""The pixel operations that configs take from albumentations, on numpy and OpenCV alone.

Each takes the parameter names of albumentations 1.x and 2.x, and changes a
(H, W, 3) uint8 BGR image with numbers drawn from the given generator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

PixelOp = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Limits = float | Sequence[float]


def odd_sizes(limit: int | Sequence[int]) -> list[int]:
    """Return the odd kernel sizes from 3, or the first of two limits, up to the last limit.

    Raises:
        ValueError: if there is none.
    """
    low, high = (3, limit) if isinstance(limit, int) else limit
    sizes = [size for size in range(max(int(low), 3), int(high) + 1) if size % 2]
    if not sizes:
        raise ValueError(f"blur_limit: {limit!r} leaves no odd kernel size of 3 or more")
    return sizes


def span(limit: Limits) -> tuple[float, float]:
    """Return a pair of limits; a single number means minus and plus that number."""
    return (-limit, limit) if isinstance(limit, (int, float)) else (limit[0], limit[1])


def blur(blur_limit: int | Sequence[int] = 7) -> PixelOp:
    import cv2

    sizes = odd_sizes(blur_limit)

    def run(img: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        size = sizes[rng.integers(len(sizes))]
        return cv2.blur(img, (size, size))

    return run


def median_blur(blur_limit: int | Sequence[int] = 7) -> PixelOp:
    import cv2

    sizes = odd_sizes(blur_limit)

    def run(img: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return cv2.medianBlur(img, sizes[rng.integers(len(sizes))])

    return run


def gaussian_blur(blur_limit: int | Sequence[int] = (3, 7), sigma_limit: Limits = 0) -> PixelOp:
    """Blur by a Gaussian; a ``sigma_limit`` of 0 takes the sigma that goes with the kernel's size."""
    import cv2

    sizes, sigmas = odd_sizes(blur_limit), (0, sigma_limit) if isinstance(sigma_limit, (int, float)) else sigma_limit

    def run(img: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        size = sizes[rng.integers(len(sizes))]
        return cv2.GaussianBlur(img, (size, size), rng.uniform(sigmas[0], sigmas[1]))

    return run


def gauss_noise(
    var_limit: Limits = (10.0, 50.0),
    mean: float = 0,
    per_channel: bool = True,
    std_range: Sequence[float] | None = None,
) -> PixelOp:
    """Add noise of a variance in squared levels, or, with ``std_range``, of a deviation as a share of 255 levels."""
    low, high = (0, var_limit) if isinstance(var_limit, (int, float)) else var_limit

    def run(img: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        deviation = rng.uniform(std_range[0], std_range[1]) * 255 if std_range else rng.uniform(low, high) ** 0.5
        shape = img.shape if per_channel else (*img.shape[:2], 1)
        noise = rng.standard_normal(shape, dtype=np.float32) * deviation + mean
        return np.clip(img + noise, 0, 255).astype(np.uint8)

    return run


def hue_saturation_value(
    hue_shift_limit: Limits = 20, sat_shift_limit: Limits = 30, val_shift_limit: Limits = 20
) -> PixelOp:
    """Shift hue, in steps of two degrees, saturation and value, in levels of 255."""
    import cv2

    limits = [span(limit) for limit in (hue_shift_limit, sat_shift_limit, val_shift_limit)]
    levels = np.arange(256)

    def run(img: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        hue, saturation, value = (rng.uniform(*limit) for limit in limits)
        tables = [(levels + hue) % 180, *(np.clip(levels + shift, 0, 255) for shift in (saturation, value))]
        shifted = cv2.LUT(cv2.cvtColor(img, cv2.COLOR_BGR2HSV), np.stack(tables, -1).astype(np.uint8)[None])
        return cv2.cvtColor(shifted, cv2.COLOR_HSV2BGR)

    return run


def to_gray(num_output_channels: int = 3, method: str = "weighted_average") -> PixelOp:
    import cv2

    if num_output_channels != 3 or method != "weighted_average":
        raise ValueError("ToGray: only num_output_channels=3 and method='weighted_average' are built in")

    def run(img: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return cv2.cvtColor(cv2.cvtColor(img, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)

    return run


def random_brightness_contrast(
    brightness_limit: Limits = 0.2,
    contrast_limit: Limits = 0.2,
    brightness_by_max: bool = True,
    ensure_safe_range: bool = False,
) -> PixelOp:
    import cv2

    if ensure_safe_range:
        raise ValueError("RandomBrightnessContrast.ensure_safe_range: only False is built in")
    brightness, contrast = span(brightness_limit), span(contrast_limit)
    levels = np.arange(256, dtype=np.float64)

    def run(img: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        factor, shift = 1 + rng.uniform(*contrast), rng.uniform(*brightness)
        base = 255.0 if brightness_by_max else float(img.mean())
        return cv2.LUT(img, np.clip(levels * factor + shift * base, 0, 255).astype(np.uint8))

    return run


def coarse_dropout(
    max_holes: int = 8,
    max_height: float = 8,
    max_width: float = 8,
    min_holes: int | None = None,
    min_height: float | None = None,
    min_width: float | None = None,
    fill_value: float | Sequence[float] = 0,
    **newer: Any,
) -> PixelOp:
    """Cover random rectangles; sides below 1 given as floats are fractions of the image, others pixels.

    The newer names are ``num_holes_range``, ``hole_height_range``, ``hole_width_range`` and ``fill``.
    """
    counts = newer.pop("num_holes_range", (max_holes if min_holes is None else min_holes, max_holes))
    heights = newer.pop("hole_height_range", (max_height if min_height is None else min_height, max_height))
    widths = newer.pop("hole_width_range", (max_width if min_width is None else min_width, max_width))
    fill = newer.pop("fill", fill_value)
    newer.pop("fill_mask", None)
    newer.pop("mask_fill_value", None)
    if newer or isinstance(fill, str):
        unknown = f"fill={fill!r}" if isinstance(fill, str) else ", ".join(newer)
        raise ValueError(
            f"CoarseDropout: {unknown} is not built in; give numbers for fill, and a hole's count and sides"
        )

    def run(img: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        out = img.copy()
        for _ in range(int(rng.integers(counts[0], counts[1] + 1))):
            height = hole_side(rng, heights, img.shape[0])
            width = hole_side(rng, widths, img.shape[1])
            top = int(rng.integers(img.shape[0] - height + 1))
            left = int(rng.integers(img.shape[1] - width + 1))
            out[top : top + height, left : left + width] = fill
        return out

    return run


def grid_dropout(
    ratio: float = 0.5,
    unit_size_min: int | None = None,
    unit_size_max: int | None = None,
    random_offset: bool = False,
    fill_value: float | Sequence[float] = 0,
    **newer: Any,
) -> PixelOp:
    """Cover squares in a regular grid; ``ratio`` is their side in units of the grid, a tenth of the width by default.

    The newer names are ``unit_size_range`` and ``fill``.
    """
    least, largest = newer.pop("unit_size_range", None) or (unit_size_min, unit_size_max)
    fill = newer.pop("fill", fill_value)
    newer.pop("fill_mask", None)
    newer.pop("mask_fill_value", None)
    if newer or isinstance(fill, str) or (least is None) != (largest is None):
        raise ValueError("GridDropout: only ratio, both unit sizes, random_offset and numbers for fill are built in")

    def run(img: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if least is None or largest is None:
            unit = max(2, img.shape[1] // 10)
        else:
            unit = int(rng.integers(least, largest + 1))
        side = min(max(int(unit * ratio), 1), unit - 1)
        left, top = rng.integers(unit - side + 1, size=2) if random_offset else (0, 0)
        rows, columns = (
            np.flatnonzero((np.arange(extent) >= shift) & ((np.arange(extent) - shift) % unit < side))
            for extent, shift in ((img.shape[0], top), (img.shape[1], left))
        )
        out = img.copy()
        out[np.ix_(rows, columns)] = fill
        return out

    return run


def hole_side(rng: np.random.Generator, limits: Sequence[float], extent: int) -> int:
    """Draw the side of a hole in pixels."""
    low, high = limits
    if isinstance(high, float) and high <= 1:
        return int(extent * rng.uniform(low, high))
    return min(int(rng.integers(int(low), int(high) + 1)), extent)


PIXEL_OPS: dict[str, Callable[..., PixelOp]] = {
    "Blur": blur,
    "MedianBlur": median_blur,
    "GaussianBlur": gaussian_blur,
    "GaussNoise": gauss_noise,
    "HueSaturationValue": hue_saturation_value,
    "ToGray": to_gray,
    "RandomBrightnessContrast": random_brightness_contrast,
    "CoarseDropout": coarse_dropout,
    "GridDropout": grid_dropout,
}
