"""Stop when a metric no longer improves."""

from __future__ import annotations

import math
from typing import Any

from posekit.engine.hooks.base import BaseHook
from posekit.engine.hooks.best_metric import better, rule_for
from posekit.registry import HOOKS


@HOOKS.register_module()
class EarlyStoppingHook(BaseHook):
    """Ends training when a metric has not improved for a while.

    Args:
        monitor: name of the metric.
        rule: ``greater`` or ``less``, whichever is better; by default what the name suggests.
        min_delta: smallest change that counts as an improvement.
        strict: whether to fail when the metric is missing.
        check_finite: whether to stop when the metric is no longer a number.
        patience: number of validations without improvement after which it stops.
        stopping_threshold: value of the metric at which it stops at once.
    """

    def __init__(
        self,
        monitor: str,
        rule: str | None = None,
        min_delta: float = 0.1,
        strict: bool = False,
        check_finite: bool = True,
        *,
        patience: int = 5,
        stopping_threshold: float | None = None,
        priority: Any = None,
    ) -> None:
        super().__init__(priority)
        self.monitor, self.rule = monitor, rule_for(monitor, rule)
        self.min_delta, self.strict, self.check_finite = min_delta, strict, check_finite
        self.patience, self.stopping_threshold = patience, stopping_threshold
        self.best: float | None = None
        self.waited = 0

    def describe(self) -> str:
        return f"stop after {self.patience} validations without a better {self.monitor}"

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        metric = pl_module.val_metrics.get(self.monitor)
        if metric is None:
            if self.strict:
                known = ", ".join(pl_module.val_metrics)
                raise ValueError(f"EarlyStoppingHook: no metric '{self.monitor}'; validation gave {known}")
            return
        sign = 1 if self.rule == "greater" else -1
        if math.isfinite(metric) and (self.best is None or sign * (metric - self.best) > self.min_delta):
            self.best, self.waited = metric, 0
        else:
            self.waited += 1
        reached = self.stopping_threshold is not None and better(metric, self.stopping_threshold, self.rule)
        if self.waited >= self.patience or reached or (self.check_finite and not math.isfinite(metric)):
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "waited": self.waited}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best, self.waited = state_dict["best"], state_dict["waited"]
