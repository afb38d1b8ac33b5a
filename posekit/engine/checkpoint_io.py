"""Writing and reading checkpoint files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO

from posekit.checkpoints.read import read_file
from posekit.files import write_atomically


def write_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint file, whole or not at all; the file that was there stays until then.

    Raises:
        OSError: if it cannot be written, for example because the disk is full.
    """
    try:
        write_atomically(path, lambda file: torch.save(content, file))
    except RuntimeError as error:  # what torch makes of an error of the file that it writes to
        cause = error.__context__ if isinstance(error.__context__, OSError) else None
        why = cause.strerror if cause is not None else str(error).partition("\n")[0]
        raise OSError(f"checkpoint {path}: cannot be written ({why}); the last one that was saved is whole") from error


class AtomicCheckpointIO(CheckpointIO):
    """Writes checkpoints so that a file is either complete or absent, and reads them without running code."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        write_checkpoint(Path(path), checkpoint)

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return read_file(path)

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)
