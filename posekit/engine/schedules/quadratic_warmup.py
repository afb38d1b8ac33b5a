"""Quadratic warm-up."""

from __future__ import annotations

from typing import Any

from posekit.engine.schedules.base import ENDLESS, BaseSchedule
from posekit.registry import SCHEDULES


@SCHEDULES.register_module("QuadraticWarmupMomentum")
@SCHEDULES.register_module("QuadraticWarmupLR")
class QuadraticWarmupSchedule(BaseSchedule):
    """Rises as the square of the steps taken, from near 0 to the first value at ``end``.

    Raises:
        ValueError: if ``end`` is not given.
    """

    def __init__(self, **interval: Any) -> None:
        super().__init__(**interval)
        if self.end >= ENDLESS:
            raise ValueError("QuadraticWarmupLR: give the end of the warm-up, end=...")

    def next_value(self, step: int, value: float, base: float) -> float:
        rise = base * (2 * step + 1) / (self.end - self.begin) ** 2
        return rise if step == 0 else value + rise
