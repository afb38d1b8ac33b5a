"""When validation runs."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any

from posekit.engine.hooks.base import BaseHook

NEVER = 10**9


class ValidationHook(BaseHook):
    """Validates at an interval of epochs, and always after the last.

    Args:
        interval: number of epochs from one validation to the next.
        begin: first epoch that validation may follow.
        dynamic_intervals: (epoch, interval) from which another interval holds.
    """

    def __init__(self, interval: int = 1, begin: int = 1, dynamic_intervals: Sequence[Sequence[int]] = ()) -> None:
        super().__init__()
        self.begin = begin
        self.starts = [0, *(start for start, _ in dynamic_intervals)]
        self.intervals = [interval, *(interval for _, interval in dynamic_intervals)]

    def due(self, epoch: int, max_epochs: int) -> bool:
        """Whether validation follows the epoch, counted from 1."""
        interval = self.intervals[bisect.bisect_right(self.starts, epoch) - 1]
        return epoch == max_epochs or (epoch >= self.begin and epoch % interval == 0)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        due = self.due(trainer.current_epoch + 1, trainer.max_epochs)
        trainer.check_val_every_n_epoch = 1 if due else NEVER
