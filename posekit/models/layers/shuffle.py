"""Channel shuffling and the block built on it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.layers.activation import RELU
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.residual_branch import run_checkpointed


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Reorder the channels of (B, C, H, W) so that each group of the next layer sees channels of all groups."""
    return x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)  # (B, C, H, W)


def depthwise_pair(
    in_channels: int, out_channels: int, stride: int, *, act_cfg: Settings, **options: Any
) -> list[nn.Module]:
    """Return a depthwise 3x3 convolution and a 1x1 convolution with activation."""
    return [
        ConvModule(in_channels, in_channels, 3, stride, groups=in_channels, act_cfg=None, **options),
        ConvModule(in_channels, out_channels, 1, act_cfg=act_cfg, **options),
    ]


class ShuffleUnit(nn.Module):
    """Leaves half of the channels as they are and convolves the others; with stride both halves come from all channels.

    Shapes: h and w are H / stride and W / stride.

    Source: Ma et al., arXiv 1807.11164.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        act_cfg: Settings = RELU,
        with_cp: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        half, self.with_cp = out_channels // 2, with_cp
        options["act_cfg"] = act_cfg
        self.branch1 = nn.Sequential(*depthwise_pair(in_channels, half, stride, **options)) if stride > 1 else None
        first = ConvModule(in_channels if stride > 1 else half, half, 1, **options)
        self.branch2 = nn.Sequential(first, *depthwise_pair(half, half, stride, **options))

    def compute(self, x: Tensor) -> Tensor:
        # -> (B, out_channels / 2, h, w), (B, C / 2 or C, H, W)
        untouched, changed = x.chunk(2, 1) if self.branch1 is None else (self.branch1(x), x)
        return channel_shuffle(torch.cat((untouched, self.branch2(changed)), 1), 2)  # (B, out_channels, h, w)

    def forward(self, x: Tensor) -> Tensor:
        return run_checkpointed(self.compute, x, enabled=self.with_cp)  # (B, out_channels, h, w)
