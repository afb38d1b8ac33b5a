"""The role of hooks: callbacks of the training loop."""

from __future__ import annotations

from typing import Any

from lightning.pytorch.callbacks import Callback

from posekit.registry import HOOKS


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
        first = (type(self).__doc__ or type(self).__name__).strip().splitlines()[0].rstrip(".")
        return first[:1].lower() + first[1:]
