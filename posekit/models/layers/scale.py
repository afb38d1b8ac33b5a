"""A learned factor."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LearnedScale(nn.Module):
    """Multiplies by one learned number, or by one per channel of the last axis."""

    def __init__(self, scale: float = 1.0, channels: int | None = None, *, trainable: bool = True) -> None:
        super().__init__()
        value = torch.tensor(scale) if channels is None else torch.full((channels,), scale)
        self.scale = nn.Parameter(value, requires_grad=trainable)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale  # same shape
