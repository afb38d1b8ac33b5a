"""Shrink when a metric no longer improves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from posekit.engine.schedules.base import BaseSchedule
from posekit.registry import SCHEDULES


@SCHEDULES.register_module("ReduceOnPlateauMomentum")
@SCHEDULES.register_module("ReduceOnPlateauLR")
class ReduceOnPlateauSchedule(BaseSchedule):
    """Multiplies by ``factor`` when a validation metric has not improved ``patience`` times in a row.

    Args:
        monitor: name of the metric.
        rule: which way it improves.
        threshold: smallest change that counts as an improvement.
        threshold_rule: whether that is relative (``rel``) or absolute (``abs``).
        cooldown: validations to wait after shrinking before counting again.
        min_value: the value never falls below it.
        eps: changes smaller than this are not made.
    """

    needs_metrics = True

    def __init__(
        self,
        *,
        monitor: str = "loss",
        rule: Literal["less", "greater"] = "less",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_rule: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_value: float = 0.0,
        eps: float = 1e-8,
        **interval: Any,
    ) -> None:
        super().__init__(**interval)
        if rule not in ("less", "greater") or threshold_rule not in ("rel", "abs"):
            raise ValueError(
                f"ReduceOnPlateauLR: rule {rule!r} is less|greater, threshold_rule {threshold_rule!r} rel|abs"
            )
        if not self.by_epoch or factor >= 1:
            raise ValueError(f"ReduceOnPlateauLR: needs by_epoch=True and a factor below 1, got {factor}")
        self.monitor, self.rule, self.scale, self.patience = monitor, rule, factor, patience
        self.threshold, self.threshold_rule, self.cooldown = threshold, threshold_rule, cooldown
        self.min_value, self.eps = min_value, eps
        self.best: float | None = None
        self.bad = 0
        self.resting = 0

    def next_value(self, step: int, value: float, base: float) -> float:
        return value

    def observe(self, metrics: Mapping[str, float]) -> None:
        """Take note of a validation's metrics.

        Raises:
            KeyError: if ``monitor`` is not among them.
        """
        if self.monitor not in metrics:
            raise KeyError(f"ReduceOnPlateauLR: no metric '{self.monitor}'; validation gave {', '.join(metrics)}")
        if not self.begin <= self.count < self.end:
            return
        if self.improves(metrics[self.monitor]):
            self.best, self.bad = metrics[self.monitor], 0
        else:
            self.bad += 1
        if self.resting:
            self.resting, self.bad = self.resting - 1, 0
        if self.bad > self.patience:
            self.shrink()

    def improves(self, metric: float) -> bool:
        if self.best is None or math.isnan(metric):
            return not math.isnan(metric)
        margin = self.threshold * (self.best if self.threshold_rule == "rel" else 1.0)
        return metric > self.best + margin if self.rule == "greater" else metric < self.best - margin

    def shrink(self) -> None:
        self.resting, self.bad = self.cooldown, 0
        for group in self.groups:
            value = max(self.read(group) * self.scale, self.min_value)
            if self.read(group) - value > self.eps:
                self.write(group, value)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "best": self.best, "bad": self.bad, "resting": self.resting}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.best, self.bad, self.resting = state["best"], state["bad"], state["resting"]
