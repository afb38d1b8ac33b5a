"""Schedules that shrink by steps, at a constant rate, or along a polynomial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from posekit.engine.schedules.base import BaseSchedule
from posekit.registry import SCHEDULES


@SCHEDULES.register_module("ConstantMomentum")
@SCHEDULES.register_module("ConstantLR")
class ConstantSchedule(BaseSchedule):
    """Multiplies by ``factor`` from ``begin`` on and takes that back on the last step before ``end``."""

    def __init__(self, *, factor: float = 1.0 / 3, **interval: Any) -> None:
        super().__init__(**interval)
        self.scale = factor

    def next_value(self, step: int, value: float, base: float) -> float:
        if step == 0:
            return value * self.scale
        return value * (1.0 / self.scale) if step == self.end - self.begin - 1 else value


@SCHEDULES.register_module("StepMomentum")
@SCHEDULES.register_module("StepLR")
class StepSchedule(BaseSchedule):
    """Multiplies by ``gamma`` every ``step_size`` steps."""

    def __init__(self, *, step_size: int, gamma: float = 0.1, **interval: Any) -> None:
        super().__init__(**interval)
        self.step_size = self.in_steps(step_size)
        self.gamma = gamma

    def next_value(self, step: int, value: float, base: float) -> float:
        return value * self.gamma if step and step % self.step_size == 0 else value


@SCHEDULES.register_module("MultiStepMomentum")
@SCHEDULES.register_module("MultiStepLR")
class MultiStepSchedule(BaseSchedule):
    """Multiplies by ``gamma`` at each milestone, counted from ``begin``."""

    def __init__(self, *, milestones: Sequence[int], gamma: float = 0.1, **interval: Any) -> None:
        super().__init__(**interval)
        self.milestones = Counter(self.in_steps(milestone) for milestone in milestones)
        self.gamma = gamma

    def next_value(self, step: int, value: float, base: float) -> float:
        return value * self.gamma ** self.milestones[step]


@SCHEDULES.register_module("ExponentialMomentum")
@SCHEDULES.register_module("ExponentialLR")
class ExponentialSchedule(BaseSchedule):
    """Multiplies by ``gamma`` on every step after the first."""

    def __init__(self, *, gamma: float, **interval: Any) -> None:
        super().__init__(**interval)
        self.gamma = gamma

    def next_value(self, step: int, value: float, base: float) -> float:
        return value * self.gamma if step else value


@SCHEDULES.register_module("PolyMomentum")
@SCHEDULES.register_module("PolyLR")
class PolySchedule(BaseSchedule):
    """Falls to ``eta_min`` along ``(1 - t) ** power``, reached on the last step."""

    def __init__(self, *, eta_min: float = 0.0, power: float = 1.0, **interval: Any) -> None:
        super().__init__(**interval)
        self.eta_min = eta_min
        self.power = power

    def next_value(self, step: int, value: float, base: float) -> float:
        if step == 0:
            return value
        left = self.end - self.begin - step  # steps that follow, this one included
        return (value - self.eta_min) * (1 - 1 / left) ** self.power + self.eta_min
