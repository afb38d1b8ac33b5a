"""Rounding of channel counts."""

from __future__ import annotations


def make_divisible(value: float, divisor: int, min_value: int | None = None, min_ratio: float = 0.9) -> int:
    """Round to a multiple of ``divisor`` that is at least ``min_value`` and ``min_ratio * value``."""
    nearest = max(min_value or divisor, int(value + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < min_ratio * value else nearest
