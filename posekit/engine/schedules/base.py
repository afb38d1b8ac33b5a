"""The role of schedules: how a setting of the optimizer changes over the run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from posekit.registry import SCHEDULES

ENDLESS = 10**9


class BaseSchedule(ABC):
    """Changes the learning rate, or another setting, of every parameter group.

    A schedule acts from ``begin`` to before ``end`` and derives each value from the
    one before it, so that schedules which overlap in time act on one another's values.

    Args:
        begin: first step (epoch or iteration) on which it acts.
        end: first step on which it no longer acts.
        by_epoch: whether steps are epochs; iterations otherwise.
        convert_to_iter_based: whether to count the given epochs in iterations, for a smoother curve.
        param_name: the setting of the parameter groups that it changes.
        epoch_length: iterations per epoch, needed to convert.
        verbose, last_step: accepted for the sake of configs; a run restores its own position.

    Raises:
        ValueError: if the interval is empty, or a schedule by iterations is to be converted.
    """

    registry = SCHEDULES
    needs_metrics = False

    def __init__(
        self,
        *,
        begin: int = 0,
        end: int = ENDLESS,
        by_epoch: bool = True,
        convert_to_iter_based: bool = False,
        param_name: str = "lr",
        epoch_length: int | None = None,
        verbose: bool = False,
        last_step: int = -1,
    ) -> None:
        if convert_to_iter_based and not (by_epoch and epoch_length):
            raise ValueError(
                f"{type(self).__name__}: convert_to_iter_based needs by_epoch=True and a known epoch length"
            )
        self.factor = epoch_length if convert_to_iter_based and epoch_length else 1
        self.begin = self.in_steps(begin)
        self.end = self.in_steps(end) if end < ENDLESS else ENDLESS
        if self.end <= self.begin:
            raise ValueError(f"{type(self).__name__}: end ({end}) must be greater than begin ({begin})")
        self.by_epoch = by_epoch and not convert_to_iter_based
        self.param_name = param_name
        self.count = -1
        self.groups: list[dict[str, Any]] = []

    def in_steps(self, length: float) -> int:
        """Return a length given in the config's steps in those of this schedule."""
        return int(length * self.factor)

    def attach(self, groups: list[dict[str, Any]]) -> None:
        """Take hold of an optimizer's parameter groups and set their first values."""
        self.groups = groups
        for group in groups:
            group.setdefault(f"initial_{self.param_name}", self.read(group))
        self.step()

    def step(self) -> None:
        """Go on by one epoch or iteration."""
        self.count += 1
        if self.begin <= self.count < self.end:
            step = self.count - self.begin
            for group in self.groups:
                self.write(group, self.next_value(step, self.read(group), group[f"initial_{self.param_name}"]))

    @abstractmethod
    def next_value(self, step: int, value: float, base: float) -> float:
        """Return the value of a group at ``step`` steps after ``begin``.

        Args:
            step: steps since ``begin``, from 0.
            value: the group's present value.
            base: its value at the start of the run.
        """

    def observe(self, metrics: Mapping[str, float]) -> None:  # noqa: B027 - empty on purpose
        """Take note of a validation's metrics; only schedules with ``needs_metrics`` do."""

    def read(self, group: dict[str, Any]) -> float:
        """Return the group's setting; momentum of optimizers with betas is the first of them."""
        if self.param_name == "momentum" and "betas" in group:
            return group["betas"][0]
        return group[self.param_name]

    def write(self, group: dict[str, Any], value: float) -> None:
        if self.param_name == "momentum" and "betas" in group:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group[self.param_name] = value

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.count = state["count"]
