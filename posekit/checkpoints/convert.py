"""From any checkpoint to safetensors with its meta information as JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from posekit.checkpoints.load import open_checkpoint
from posekit.checkpoints.plain_meta import PlainMeta
from posekit.checkpoints.report import shown
from posekit.checkpoints.save import save_weights
from posekit.checkpoints.torch_file import CheckpointError
from posekit.files import require_writable

SUFFIX = ".safetensors"
MAX_GROWTH = 4
"""Limit of the weights' size, in file sizes, once no two weights share memory."""


class Conversion(NamedTuple):
    """What was written: the weights' file, how many there are, what could not be kept and what stayed in 32 bits."""

    path: Path
    count: int
    dropped: list[str]
    too_large: list[str]


def convert(
    source: str | os.PathLike[str], out: Path, *, ema: bool | None = None, half: bool = False, force: bool = False
) -> Conversion:
    """Write the weights of a checkpoint as safetensors and what is known about them as JSON beside it.

    States of optimizers, schedules and logs are left behind: safetensors keep tensors alone, and only training needs
    them.

    Args:
        source: path or URL.
        out: the file to write, ``.safetensors``.
        ema: which weights, as for ``open_checkpoint``.
        half: keep floating numbers in 16 bits; weights with numbers beyond 65,504 stay as they are.
        force: overwrite files.

    Raises:
        ValueError: for another suffix.
        FileExistsError: if a file is there and ``force`` is not set.
        CheckpointError: if ``source`` cannot be read.
    """
    if out.suffix != SUFFIX:
        raise ValueError(f"{out}: the file name must end in {SUFFIX}")
    present = [path for path in (out, out.with_suffix(".json")) if path.exists()]
    if present and not force:
        raise FileExistsError(f"{present[0]}: is there already; choose another name or use --overwrite")
    require_writable(out)
    checkpoint = open_checkpoint(source, ema=ema)
    check_writable(checkpoint.state, source)
    state, too_large = halved(checkpoint.state) if half else (checkpoint.state, [])
    meta = PlainMeta(checkpoint.meta)
    return Conversion(save_weights(out, state, meta.values), len(state), meta.dropped, too_large)


def check_writable(state: Mapping[str, Tensor], source: Any) -> None:
    """Refuse weights that safetensors cannot hold, or that share so much memory that copies would fill the disk."""
    if wide := [key for key, value in state.items() if value.dtype == torch.complex128]:
        raise CheckpointError(f"{source}: {shown(wide[0])} is complex128, which safetensors cannot hold")
    size = sum(value.nbytes for value in state.values())
    shared = {value.untyped_storage().data_ptr(): value.untyped_storage().nbytes() for value in state.values()}
    if size > MAX_GROWTH * sum(shared.values()):
        raise CheckpointError(f"{source}: its weights share memory; written one by one they would take {size} bytes")


def halved(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Return the weights in 16 bits, and the names of those that do not fit and stay as they are."""
    limit = torch.finfo(torch.float16).max
    wide = {key for key, value in state.items() if value.dtype in (torch.float32, torch.float64)}
    too_large = [key for key in wide if state[key].numel() and state[key].abs().max() > limit]
    smaller = {key: state[key].half() for key in wide.difference(too_large)}
    return {key: smaller.get(key, value) for key, value in state.items()}, sorted(too_large)
