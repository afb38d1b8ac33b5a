"""Attention within windows of a grid of tokens."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from posekit.models.layers.transformer import SelfAttention


class WindowAttention(SelfAttention):
    """Attention within windows (N, h * w, C), with a learned bias for each offset between two tokens.

    Shapes: N windows of all images, h and w rows and columns of a window.
    """

    relative_position_index: Tensor

    def __init__(
        self, channels: int, num_heads: int, window_hw: tuple[int, int], *, with_rpe: bool = True, **options: Any
    ) -> None:
        super().__init__(channels, num_heads, **options)
        self.with_rpe = with_rpe
        if with_rpe:
            rows, columns = window_hw
            table = torch.zeros((2 * rows - 1) * (2 * columns - 1), num_heads)
            self.relative_position_bias_table = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
            self.register_buffer("relative_position_index", offset_index(rows, columns))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return (N, h * w, C); ``mask`` (windows of one image, h * w or 1, h * w) is added to the attention."""
        bias = mask if mask is None else mask.unsqueeze(1)  # (windows, 1, h * w or 1, h * w)
        if self.with_rpe:
            # -> (heads, h * w, h * w)
            offsets = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
            bias = offsets.unsqueeze(0) if bias is None else offsets + bias  # (1 or windows, heads, h * w, h * w)
        if bias is not None and bias.shape[0] > 1:
            bias = bias.repeat(x.shape[0] // bias.shape[0], 1, 1, 1)  # (N, heads, h * w or 1, h * w)
        return super().forward(x, bias)  # (N, h * w, C)


def offset_index(rows: int, columns: int) -> Tensor:
    """Return, for each pair of tokens of a window, the row of the bias table that belongs to their offset."""
    row, column = torch.arange(rows).repeat_interleave(columns), torch.arange(columns).repeat(rows)
    down = row[:, None] - row + rows - 1  # (h * w, h * w)
    right = column[:, None] - column + columns - 1  # (h * w, h * w)
    return down * (2 * columns - 1) + right


def split_windows(x: Tensor, window_hw: tuple[int, int]) -> Tensor:
    """Split grids (B, H, W, C) into windows (B * windows, h * w, C); the window must divide the grid."""
    x = x.unflatten(2, (-1, window_hw[1])).unflatten(1, (-1, window_hw[0]))  # (B, rows, h, columns, w, C)
    return x.transpose(2, 3).flatten(3, 4).flatten(0, 2)  # (B * windows, h * w, C)


def join_windows(x: Tensor, window_hw: tuple[int, int], grid_hw: tuple[int, int]) -> Tensor:
    """Join windows to grids again, the inverse of ``split_windows``."""
    counts = [side // window for side, window in zip(grid_hw, window_hw, strict=True)]
    x = x.unflatten(1, window_hw).unflatten(0, (-1, *counts))  # (B, rows, columns, h, w, C)
    return x.transpose(2, 3).flatten(3, 4).flatten(1, 2)  # (B, H, W, C)
