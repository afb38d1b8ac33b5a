"""Weights that follow from their keys alone, so that two programs can hold the same network."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable

import torch
from torch import Tensor, nn


def keyed(key: str, shape: tuple[int, ...]) -> Tensor:
    """Return the float32 values of ``shape`` that belong to ``key``; tests may use any name for an input."""
    count = math.prod(shape)
    steps = torch.arange(count, dtype=torch.float64)
    wave = torch.sin(steps * steps * 0.37 + zlib.crc32(key.encode()) % 1000).reshape(shape)
    leaf = key.rsplit(".", 1)[-1]
    if leaf == "running_mean":
        values = 0.1 * wave
    elif leaf == "running_var":
        values = 1 + 0.5 * wave
    elif len(shape) >= 2:
        values = wave * math.sqrt(2 / (count // shape[0]))
    elif leaf in ("weight", "g"):
        values = 1 + 0.2 * wave
    else:
        values = 0.05 * wave
    return values.float()


def keyed_state(model: nn.Module, name: Callable[[str], str] = str) -> dict[str, Tensor]:
    """Return a state dict for a model, by the ``name`` that each key has in another program; counters stay."""
    return {
        name(key): keyed(name(key), tuple(value.shape)) if fills(key, value) else value
        for key, value in model.state_dict().items()
    }


def fills(key: str, value: Tensor) -> bool:
    return value.is_floating_point() and not key.endswith("sigmas")
