"""The role of hooks: callbacks of the training loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightning.pytorch.callbacks import Callback

from posekit.registry import HOOKS

if TYPE_CHECKING:
    from torch import nn


class BaseHook(Callback):
    """A Lightning callback that a config names under ``default_hooks`` or ``custom_hooks``.

    Args:
        priority: accepted for the sake of configs; hooks run in the order given.
    """

    registry = HOOKS

    def __init__(self, priority: Any = None) -> None:
        super().__init__()

    def describe(self) -> str:
        """Say in a few words what the hook does, for the table printed before training."""
        return (type(self).__doc__ or "").strip().splitlines()[0].rstrip(".").lower()


def pose_model(task: Any) -> nn.Module:
    """Return the pose model inside a task."""
    return task.model
