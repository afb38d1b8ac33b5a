"""From images to grids of tokens, and from grids to coarser ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.base_module import Settings
from posekit.models.layers.normalization import build_norm


class PatchEmbed(nn.Module):
    """A strided convolution from images (B, C, H, W) to a grid of tokens (B, h, w, D).

    Args:
        in_channels: channels of the images, C.
        embed_dims: channels of the tokens, D.
        kernel_size: size of a patch in pixels.
        stride: distance between patches in pixels.
        padding: padding of the convolution; None pads on the right and below so that every pixel counts.
        bias: whether the convolution has a bias.
        norm_cfg: norm of the tokens; None for no norm.
    """

    def __init__(
        self,
        in_channels: int,
        embed_dims: int,
        kernel_size: int,
        stride: int,
        *,
        padding: int | None = None,
        bias: bool = True,
        norm_cfg: Settings | None = None,
    ) -> None:
        super().__init__()
        self.fill = padding is None
        self.projection = nn.Conv2d(in_channels, embed_dims, kernel_size, stride, padding or 0, bias=bias)
        self.norm = build_norm(norm_cfg, embed_dims) if norm_cfg else None

    def out_size(self, height: int, width: int) -> tuple[int, int]:
        """Return rows and columns of tokens for an image."""
        conv = self.projection
        sides = zip((height, width), conv.kernel_size, conv.stride, conv.padding, strict=True)
        rows, columns = (
            -(-side // stride) if self.fill else (side + 2 * int(padding) - kernel) // stride + 1
            for side, kernel, stride, padding in sides
        )
        return rows, columns

    def forward(self, x: Tensor) -> Tensor:
        if self.fill:
            # -> (B, C, h * stride, w * stride) where patches do not overlap
            x = fill_corner(x, self.projection.kernel_size[0], self.projection.stride[0])
        x = self.projection(x).permute(0, 2, 3, 1)  # (B, h, w, D)
        return x if self.norm is None else self.norm(x)  # (B, h, w, D)


class PatchMerging(nn.Module):
    """Joins 2x2 tokens of a grid (B, H, W, C) into one of ``out_channels``; h and w are H / 2 and W / 2, rounded up."""

    def __init__(self, in_channels: int, out_channels: int, *, norm_cfg: Settings | None) -> None:
        super().__init__()
        self.norm = build_norm(norm_cfg, 4 * in_channels) if norm_cfg else None
        self.reduction = nn.Linear(4 * in_channels, out_channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))  # (B, 2h, 2w, C)
        x = x.unflatten(2, (-1, 2)).unflatten(1, (-1, 2))  # (B, h, 2, w, 2, C)
        x = x.permute(0, 1, 3, 5, 2, 4).flatten(3)  # (B, h, w, 4 * C)
        return self.reduction(x if self.norm is None else self.norm(x))  # (B, h, w, out_channels)


def size_hw(size: int | Sequence[int]) -> tuple[int, int]:
    """Return the height and width that a config gives as one number or as several."""
    return (size, size) if isinstance(size, int) else (size[0], size[-1])


def learned_positions(num_tokens: int, channels: int) -> nn.Parameter:
    """Return initial positions (1, num_tokens, channels)."""
    return nn.Parameter(nn.init.trunc_normal_(torch.zeros(1, num_tokens, channels), std=0.02))


def fill_corner(x: Tensor, kernel_size: int, stride: int) -> Tensor:
    """Pad on the right and below until windows of ``kernel_size`` at ``stride`` cover everything."""
    height, width = (max((-(-side // stride) - 1) * stride + kernel_size - side, 0) for side in x.shape[2:])
    return F.pad(x, (0, width, 0, height)) if height or width else x  # (B, C, H + height, W + width)


def resize_positions(positions: Tensor, before: tuple[int, int], after: tuple[int, int], mode: str) -> Tensor:
    """Resize learned positions (1, rows * columns, C) to another grid; leading extra tokens stay as they are."""
    if before == after:
        return positions
    extra = positions.shape[1] - before[0] * before[1]
    grid = positions[:, extra:].unflatten(1, before).permute(0, 3, 1, 2)  # (1, C, rows, columns)
    # -> (1, C, new rows, new columns)
    grid = F.interpolate(grid.float(), after, mode=mode, align_corners=False).to(positions.dtype)
    return torch.cat((positions[:, :extra], grid.flatten(2).transpose(1, 2)), 1)  # (1, N, C)
