"""Warm-ups: linear, by a factor, and quadratic."""

from __future__ import annotations

from typing import Any

from posekit.engine.schedules.base import ENDLESS, BaseSchedule
from posekit.registry import SCHEDULES


@SCHEDULES.register_module("LinearMomentum")
@SCHEDULES.register_module("LinearLR")
class LinearSchedule(BaseSchedule):
    """Multiplies by a factor that goes linearly from ``start_factor`` to ``end_factor``, reached on the last step.

    Raises:
        ValueError: if a factor is outside 0 to 1, or the start is 0.
    """

    def __init__(self, *, start_factor: float = 1.0 / 3, end_factor: float = 1.0, **interval: Any) -> None:
        super().__init__(**interval)
        if not (0 < start_factor <= 1 and 0 <= end_factor <= 1):
            raise ValueError(
                f"LinearLR: start_factor {start_factor}, end_factor {end_factor}: both lie in 0 to 1, the start above 0"
            )
        self.start_factor = start_factor
        self.end_factor = end_factor

    def next_value(self, step: int, value: float, base: float) -> float:
        if step == 0:
            return value * self.start_factor
        rise = self.end_factor - self.start_factor
        return value * (1 + rise / ((self.end - self.begin - 1) * self.start_factor + (step - 1) * rise))


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
