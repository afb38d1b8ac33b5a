"""The 1cycle policy."""

from __future__ import annotations

import math
from typing import Any, Literal

from posekit.engine.schedules.base import BaseSchedule
from posekit.registry import SCHEDULES


@SCHEDULES.register_module("OneCycleLR")
class OneCycleSchedule(BaseSchedule):
    """Rises from ``eta_max / div_factor`` to ``eta_max``, then falls far below the start.

    Args:
        eta_max: the greatest value.
        total_steps: length of the cycle; by default the schedule's interval.
        pct_start: share of the cycle that rises.
        anneal_strategy: shape of the slopes, ``cos`` or ``linear``.
        div_factor: ratio of the maximum to the start.
        final_div_factor: ratio of the start to the end.
        three_phase: fall as steeply as it rose first, then go on to the end.

    Source: Smith and Topin, arXiv 1708.07120.
    """

    def __init__(
        self,
        *,
        eta_max: float,
        total_steps: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        **interval: Any,
    ) -> None:
        super().__init__(**interval)
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start is {pct_start}; it is a share, 0 to 1")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"OneCycleLR: anneal_strategy is {anneal_strategy!r}; use 'cos' or 'linear'")
        steps = self.in_steps(total_steps) if total_steps else self.end - self.begin
        start, lowest = eta_max / div_factor, eta_max / div_factor / final_div_factor
        top = pct_start * steps - 1
        self.corners = [(0.0, start), (top, eta_max)]
        if three_phase:
            self.corners.append((2 * top, start))
        self.corners.append((float(steps - 1), lowest))
        self.anneal_strategy = anneal_strategy

    def next_value(self, step: int, value: float, base: float) -> float:
        for (left, from_value), (right, to_value) in zip(self.corners, self.corners[1:], strict=False):
            if step <= right:
                share = (step - left) / (right - left)
                if self.anneal_strategy == "cos":
                    share = (1 - math.cos(math.pi * share)) / 2
                return from_value + (to_value - from_value) * share
        return self.corners[-1][1]
