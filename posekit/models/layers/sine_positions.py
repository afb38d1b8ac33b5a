"""Positions as sines and cosines."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SinePositions(nn.Module):
    """Encodes rows and columns by cosines and sines of ``channels / 2`` wavelengths each."""

    def __init__(self, channels: int, *, temperature: float = 1e4, learnable: bool = False) -> None:
        super().__init__()
        count = channels // 2
        wavelengths = temperature ** (torch.arange(count) / count)
        if learnable:
            self.dim_t = nn.Parameter(wavelengths)
        else:
            self.register_buffer("dim_t", wavelengths)

    def forward(self, rows: int, columns: int) -> Tensor:
        """Return (rows * columns, 2 * channels): cosines and sines of the row, then of the column."""
        sides = []
        for index, count in enumerate((rows, columns)):
            waves = self.waves(torch.arange(count, device=self.dim_t.device, dtype=self.dim_t.dtype))
            sides.append(waves.unsqueeze(1 - index).expand(rows, columns, -1))
        return torch.cat((sides[0], sides[1]), 2).flatten(0, 1)

    def waves(self, positions: Tensor) -> Tensor:
        """Return cosines and sines (..., channels) of positions (...) along one axis."""
        angles = positions[..., None] / self.dim_t
        return torch.cat((angles.cos(), angles.sin()), -1)
