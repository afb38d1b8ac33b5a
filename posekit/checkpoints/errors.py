"""What is wrong with a checkpoint."""

from __future__ import annotations


class CheckpointError(ValueError):
    """A file that is no checkpoint, is damaged, or holds more than data."""


class RefusedNameError(ValueError):
    """A checkpoint names a class or function that stands for nothing here."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def first_line(error: Exception) -> str:
    """Return kind and first line of an error, shortened."""
    lines = str(error).strip().splitlines() or ["no message"]
    return f"{type(error).__name__}: {lines[0][:200]}"
