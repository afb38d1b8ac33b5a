"""Global context."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ContextBlock(nn.Module):
    """Adds the same vector to every cell, computed from the attention-weighted mean over all cells.

    Source: Cao et al., arXiv 1904.11492.
    """

    def __init__(self, channels: int, ratio: float) -> None:
        super().__init__()
        inner = int(channels * ratio)
        self.conv_mask = nn.Conv2d(channels, 1, 1)
        self.channel_add_conv = nn.Sequential(
            nn.Conv2d(channels, inner, 1),
            nn.LayerNorm([inner, 1, 1]),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, channels, 1),
        )
        nn.init.kaiming_normal_(self.conv_mask.weight)
        nn.init.zeros_(self.channel_add_conv[-1].weight)  # pyright: ignore[reportArgumentType]
        nn.init.zeros_(self.channel_add_conv[-1].bias)  # pyright: ignore[reportArgumentType]

    def forward(self, x: Tensor) -> Tensor:
        weights = self.conv_mask(x).flatten(1).softmax(1)  # (B, H * W)
        context = torch.einsum("bcn,bn->bc", x.flatten(2), weights)  # (B, C)
        return x + self.channel_add_conv(context[..., None, None])  # (B, C, H, W)
