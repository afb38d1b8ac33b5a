"""Positions as sines and cosines."""

from __future__ import annotations

import math

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
            # -> (count, channels)
            waves = self.waves(torch.arange(count, device=self.dim_t.device, dtype=self.dim_t.dtype))
            sides.append(waves.unsqueeze(1 - index).expand(rows, columns, -1))  # (rows, columns, channels)
        return torch.cat((sides[0], sides[1]), 2).flatten(0, 1)  # (rows * columns, 2 * channels)

    def waves(self, positions: Tensor) -> Tensor:
        """Return cosines and sines (..., channels) of positions (...) along one axis."""
        angles = positions[..., None] / self.dim_t  # (..., channels / 2)
        return torch.cat((angles.cos(), angles.sin()), -1)  # (..., channels)


def paired_waves(positions: Tensor, channels: int, temperature: float = 1e4) -> Tensor:
    """Return sines and cosines in alternation (..., channels) of positions (...) along one axis."""
    exponents = torch.arange(channels // 2, dtype=torch.float32, device=positions.device) * (2 / channels)
    angles = positions[..., None] / temperature**exponents  # (..., channels / 2)
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(-2)  # (..., channels)


class MaskedSinePositions(nn.Module):
    """Encodes the rows and columns of images of different sizes that share a padded map.

    Args:
        num_pos_feats: channels of the row, and of the column.
        temperatureH: longest wavelength of rows, in units of 2 pi cells.
        temperatureW: longest wavelength of columns.
        normalize: whether rows and columns count as shares of the image, from 0 to ``scale``.
        scale: largest normalised position.
    """

    def __init__(
        self,
        num_pos_feats: int = 64,
        temperatureH: float = 1e4,
        temperatureW: float = 1e4,
        normalize: bool = False,
        scale: float = 2 * math.pi,
    ) -> None:
        super().__init__()
        self.num_pos_feats, self.normalize, self.scale = num_pos_feats, normalize, scale
        self.temperatures = (temperatureH, temperatureW)

    def forward(self, padding: Tensor) -> Tensor:
        """Return waves (B, rows, columns, 2 * num_pos_feats) of row and column for a padding (B, rows, columns)."""
        sides: list[Tensor] = []
        for axis, temperature in enumerate(self.temperatures, 1):
            count = (~padding).cumsum(axis, dtype=torch.float32)  # (B, rows, columns)
            if self.normalize:
                count = count / (count.select(axis, -1).unsqueeze(axis) + 1e-6) * self.scale
            sides.append(paired_waves(count, self.num_pos_feats, temperature))  # (B, rows, columns, num_pos_feats)
        return torch.cat(sides, -1)  # (B, rows, columns, 2 * num_pos_feats)
