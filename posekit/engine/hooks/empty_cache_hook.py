"""Memory of the device that torch holds without using it."""

from __future__ import annotations

from typing import Any

import torch

from posekit.engine.hooks.base import BaseHook
from posekit.registry import HOOKS


@HOOKS.register_module()
class EmptyCacheHook(BaseHook):
    """Returns unused memory of the device to the system, in training, validation and test.

    Args:
        before_epoch: whether to do so before each epoch.
        after_epoch: whether to do so after each epoch.
        after_iter: whether to do so after each iteration, which slows it down.
    """

    def __init__(
        self, before_epoch: bool = False, after_epoch: bool = True, after_iter: bool = False, priority: Any = None
    ) -> None:
        super().__init__(priority)
        self.before_epoch, self.after_epoch, self.after_iter = before_epoch, after_epoch, after_iter

    def start_epoch(self) -> None:
        if self.before_epoch:
            empty_cache()

    def end_epoch(self) -> None:
        if self.after_epoch:
            empty_cache()

    def end_iteration(self) -> None:
        if self.after_iter:
            empty_cache()

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self.start_epoch()

    def on_validation_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self.start_epoch()

    def on_test_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self.start_epoch()

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.end_epoch()

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.end_epoch()

    def on_test_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.end_epoch()

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        self.end_iteration()

    def on_validation_batch_end(self, *_: Any, **__: Any) -> None:
        self.end_iteration()

    def on_test_batch_end(self, *_: Any, **__: Any) -> None:
        self.end_iteration()


def empty_cache() -> None:
    """Empty the cache of the accelerator, where there is one."""
    if torch.accelerator.is_available():
        torch.accelerator.empty_cache()
