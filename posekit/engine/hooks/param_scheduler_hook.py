"""Moves the schedules on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from posekit.engine.hooks.base import BaseHook
from posekit.engine.schedules.base import BaseSchedule
from posekit.engine.task import total_epochs
from posekit.registry import HOOKS, SCHEDULES, strip_scope


@HOOKS.register_module()
class ParamSchedulerHook(BaseHook):
    """Sets learning rates by the config's param_scheduler.

    A resumed run plays the schedules through from the start, so that its values are those of an
    uninterrupted run, even if it now has more epochs.

    Args:
        schedules: configs of the schedules; the config's ``param_scheduler``.
    """

    def __init__(self, schedules: Sequence[dict[str, Any]] = (), priority: Any = None) -> None:
        super().__init__(priority)
        self.configs = list(schedules)
        self.schedules: list[BaseSchedule] = []
        self.plateaus: list[dict[str, Any]] = []

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        length = int(trainer.num_training_batches)
        self.schedules = [build_schedule(config, length, total_epochs(trainer)) for config in self.configs]
        groups = trainer.optimizers[0].param_groups
        for group in groups:
            for name in {schedule.param_name for schedule in self.schedules} & set(group):
                group[name] = group.get(f"initial_{name}", group[name])
        replay(self.schedules, groups, iterations=pl_module.iterations, epoch_length=length)
        for schedule, state in zip(self.schedules, self.plateaus, strict=False):
            if schedule.needs_metrics:
                schedule.load_state_dict(state)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        for schedule in self.schedules:
            if not schedule.by_epoch:
                schedule.step()

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        for schedule in self.schedules:
            if schedule.by_epoch:
                schedule.step()

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        for schedule in self.schedules:
            if schedule.needs_metrics and not trainer.sanity_checking:
                schedule.observe(pl_module.val_metrics)

    def state_dict(self) -> dict[str, Any]:
        return {"schedules": [schedule.state_dict() for schedule in self.schedules]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.plateaus = list(state_dict["schedules"])


def build_schedule(config: dict[str, Any], epoch_length: int, max_epochs: int) -> BaseSchedule:
    """Build one schedule; its end is the end of the run where the config gives none."""
    by_epoch = config.get("by_epoch", True)
    end = max_epochs if by_epoch else max_epochs * epoch_length
    changed = "momentum" if strip_scope(config["type"]).endswith("Momentum") else "lr"
    return SCHEDULES.build({"end": end, "param_name": changed, **config, "epoch_length": epoch_length})


def replay(schedules: list[BaseSchedule], groups: list[dict[str, Any]], *, iterations: int, epoch_length: int) -> None:
    """Attach the schedules to an optimizer's groups and play them through the iterations done so far."""
    for schedule in schedules:
        schedule.attach(groups)
    for iteration in range(1, iterations + 1):
        for schedule in schedules:
            if not schedule.by_epoch:
                schedule.step()
        if iteration % epoch_length == 0:
            for schedule in schedules:
                if schedule.by_epoch:
                    schedule.step()
