"""Exchange between the levels of a feature pyramid: from coarse to fine and back."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def aggregate_paths(
    features: Sequence[Tensor],
    *,
    reduce_layers: nn.ModuleList,
    top_down_blocks: nn.ModuleList,
    downsamples: nn.ModuleList,
    bottom_up_blocks: nn.ModuleList,
    upsample: nn.Module,
) -> list[Tensor]:
    """Return as many levels as come in, finest first.

    On the way down each level is joined with the enlarged coarser one, on the way up with the reduced finer one.

    Shapes: level i, counted from the finest, is (B, C_i, H_i, W_i).
    """
    finer = features[-1]
    reduced = []  # coarsest first
    for level, reduce, block in zip(features[-2::-1], reduce_layers, top_down_blocks, strict=True):
        reduced.append(reduce(finer))  # (B, C_i, H_(i+1), W_(i+1))
        finer = block(torch.cat((upsample(reduced[-1]), level), 1))  # (B, C_i, H_i, W_i)
    outputs = [finer]
    for level, shrink, block in zip(reversed(reduced), downsamples, bottom_up_blocks, strict=True):
        outputs.append(block(torch.cat((shrink(outputs[-1]), level), 1)))  # (B, C_i, H_i, W_i)
    return outputs


def check_levels(neck: nn.Module, features: Sequence[Tensor], in_channels: Sequence[int]) -> None:
    """Raise a ValueError unless there is one feature map per entry of ``in_channels``."""
    if len(features) != len(in_channels):
        raise ValueError(
            f"{type(neck).__name__}: {len(features)} feature maps for in_channels {list(in_channels)}; "
            "choose as many with the backbone's out_indices"
        )
