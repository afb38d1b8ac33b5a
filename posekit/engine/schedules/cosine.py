"""Cosine annealing, once or with restarts."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from typing import Any

from posekit.engine.schedules.base import BaseSchedule
from posekit.registry import SCHEDULES


def cosine_ratio(step: int, period: int) -> float:
    """Return the ratio of the heights of a falling half cosine at ``step`` and the step before."""
    return (1 + math.cos(math.pi * step / period)) / (1 + math.cos(math.pi * (step - 1) / period))


@SCHEDULES.register_module("CosineAnnealingMomentum")
@SCHEDULES.register_module("CosineAnnealingLR")
class CosineSchedule(BaseSchedule):
    """Falls along half a cosine to ``eta_min`` (or ``eta_min_ratio`` of the first value) in ``T_max`` steps.

    Source: Loshchilov and Hutter, arXiv 1608.03983, without restarts.

    Raises:
        ValueError: if both floors are given.
    """

    def __init__(
        self,
        *,
        T_max: int | None = None,
        eta_min: float | None = None,
        eta_min_ratio: float | None = None,
        **interval: Any,
    ) -> None:
        super().__init__(**interval)
        if eta_min is not None and eta_min_ratio is not None:
            raise ValueError("CosineAnnealingLR: give eta_min or eta_min_ratio, not both")
        self.period = self.in_steps(T_max) if T_max is not None else self.end - self.begin
        self.eta_min = eta_min or 0.0
        self.eta_min_ratio = eta_min_ratio

    def next_value(self, step: int, value: float, base: float) -> float:
        if step == 0:
            return value
        floor = self.eta_min if self.eta_min_ratio is None else base * self.eta_min_ratio
        if (step - 1 - self.period) % (2 * self.period) == 0:
            return value + (base - floor) * (1 - math.cos(math.pi / self.period)) / 2
        return cosine_ratio(step, self.period) * (value - floor) + floor


@SCHEDULES.register_module("CosineRestartMomentum")
@SCHEDULES.register_module("CosineRestartLR")
class CosineRestartSchedule(BaseSchedule):
    """Falls along half a cosine in each period; each period starts at its own weight.

    Raises:
        ValueError: if periods and weights differ in number, or not exactly one floor is given.
    """

    def __init__(
        self,
        *,
        periods: Sequence[int],
        restart_weights: Sequence[float] = (1,),
        eta_min: float | None = None,
        eta_min_ratio: float | None = None,
        **interval: Any,
    ) -> None:
        super().__init__(**interval)
        if len(periods) != len(restart_weights):
            raise ValueError(f"CosineRestartLR: {len(periods)} periods, but {len(restart_weights)} restart_weights")
        if (eta_min is None) == (eta_min_ratio is None):
            raise ValueError("CosineRestartLR: give eta_min or eta_min_ratio, and not both")
        self.periods = [self.in_steps(period) for period in periods]
        self.ends = list(itertools.accumulate(self.periods))
        self.restart_weights = list(restart_weights)
        self.eta_min = eta_min
        self.eta_min_ratio = eta_min_ratio

    def next_value(self, step: int, value: float, base: float) -> float:
        if step >= self.ends[-1]:
            return value
        index = bisect.bisect_right(self.ends, step)
        step -= self.ends[index] - self.periods[index]
        if step == 0:
            return base * self.restart_weights[index]
        floor = base * self.eta_min_ratio if self.eta_min_ratio is not None else self.eta_min or 0.0
        return cosine_ratio(step, self.periods[index]) * (value - floor) + floor
