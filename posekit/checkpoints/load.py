"""From a checkpoint to a model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from posekit.checkpoints.download import download
from posekit.checkpoints.errors import CheckpointError
from posekit.checkpoints.read import read_file
from posekit.checkpoints.upgrade import unwrap, upgrade

_SHOWN = 10


@dataclass(frozen=True)
class Checkpoint:
    """What a model needs of a checkpoint.

    Attributes:
        state: weights by key, without the prefixes of training wrappers.
        meta: whatever is known about them, such as ``dataset_meta``.
        source: where they come from.
    """

    state: dict[str, Tensor]
    meta: dict[str, Any]
    source: str


@dataclass
class LoadReport:
    """What became of each key when weights were loaded."""

    source: str = ""
    loaded: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    wrong_shape: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return not (self.missing or self.unexpected or self.wrong_shape)

    def __str__(self) -> str:
        groups = {
            "not in the checkpoint": self.missing,
            "not in the model": self.unexpected,
            "of another shape": self.wrong_shape,
        }
        counts = ", ".join(f"{len(keys)} {name}" for name, keys in groups.items() if keys)
        lines = [f"{self.source or 'weights'}: {len(self.loaded)} loaded{', ' if counts else ''}{counts}"]
        for name, keys in groups.items():
            if keys:
                more = f" ... {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
                lines.append(f"  {name}: {', '.join(keys[:_SHOWN])}{more}")
        return "\n".join(lines)


def open_checkpoint(source: str | os.PathLike[str], *, ema: bool = False) -> Checkpoint:
    """Read a checkpoint from a path or a URL without running anything it carries.

    Args:
        source: ``.pth``, ``.ckpt`` or ``.safetensors``.
        ema: take the weights under ``ema_state_dict``.

    Raises:
        FileNotFoundError: if there is no such file.
        CheckpointError: if the file is damaged, refused, or holds no weights.
    """
    name = str(source)
    content = read_file(download(name) if "://" in name else Path(source))
    state = _weights(content, ("ema_state_dict",) if ema else ("state_dict", "model", "model_state_dict"))
    if not state:
        raise CheckpointError(f"{name}: holds no {'EMA ' if ema else ''}weights; {_contents(content)}")
    meta = content.get("meta")
    return Checkpoint(unwrap(state), dict(meta) if isinstance(meta, Mapping) else {}, name)


def read_checkpoint(source: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the weights of a checkpoint by key; see ``open_checkpoint``."""
    return open_checkpoint(source).state


def _weights(content: Any, names: Sequence[str]) -> dict[str, Tensor]:
    """Find the weights: under one of ``names``, or the content itself."""
    if not isinstance(content, Mapping):
        return {}
    held = next((content[name] for name in names if isinstance(content.get(name), Mapping)), content)
    return {key: value for key, value in held.items() if isinstance(key, str) and isinstance(value, Tensor)}


def _contents(content: Any) -> str:
    if isinstance(content, Mapping):
        return f"it has the entries {', '.join(map(str, list(content)[:_SHOWN])) or 'none'}"
    return f"it is a {type(content).__name__}, not a dict"


@torch.no_grad()
def load_into(
    model: nn.Module, state: Mapping[str, Tensor], *, prefix: str = "", strict: bool = False, source: str = ""
) -> LoadReport:
    """Copy weights into a model, as far as keys and shapes agree.

    Args:
        model: what to load into.
        state: weights by key.
        prefix: take only the keys below it, without it.
        strict: demand that all keys and shapes agree.
        source: name for messages.

    Returns:
        What was loaded and what was not.

    Raises:
        CheckpointError: if nothing fits, or more keys are foreign than fit while parts of the model stay
            without weights; with ``strict`` if anything does not fit.
    """
    if prefix:
        head = prefix.rstrip(".") + "."
        state = {key[len(head) :]: value for key, value in state.items() if key.startswith(head)}
    own = model.state_dict(keep_vars=True)
    state = upgrade(state, own.keys())
    report = LoadReport(source)
    for key, target in own.items():
        value = state.get(key)
        if value is None:
            report.missing.append(key)
        elif value.shape != target.shape:
            report.wrong_shape.append(f"{key} {tuple(value.shape)} instead of {tuple(target.shape)}")
        else:
            target.copy_(value)
            report.loaded.append(key)
    report.unexpected = [key for key in state if key not in own]
    _judge(report, model, strict=strict)
    return report


def _judge(report: LoadReport, model: nn.Module, *, strict: bool) -> None:
    name = type(model).__name__
    gaps = len(report.missing) + len(report.wrong_shape)
    foreign = len(report.unexpected) + len(report.wrong_shape)
    if gaps and foreign > len(report.loaded):
        raise CheckpointError(f"these weights belong to another model than this {name}\n{report}")
    if strict and not report.is_complete:
        raise CheckpointError(f"these weights do not fit this {name} exactly\n{report}")
