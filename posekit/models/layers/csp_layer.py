"""Cross-stage-partial layers and their blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.layers.conv_module import ConvModule, DepthwiseSeparableConvModule
from posekit.models.layers.se_layer import ChannelAttention

YOLO_BN: Settings = {"type": "BN", "momentum": 0.03, "eps": 0.001}
SWISH: Settings = {"type": "Swish"}
# The initialisation of torch's own layers, from which the networks of this family were trained.
TORCH_INIT: Settings = {
    "type": "Kaiming",
    "layer": "Conv2d",
    "a": 5**0.5,
    "distribution": "uniform",
    "mode": "fan_in",
    "nonlinearity": "leaky_relu",
}


def conv_type(use_depthwise: bool) -> type[ConvModule] | type[DepthwiseSeparableConvModule]:
    return DepthwiseSeparableConvModule if use_depthwise else ConvModule


class CSPBlock(nn.Module):
    """Two convolutions of equal width with a shortcut.

    Args:
        channels: channels of input and output.
        cspnext: whether the convolutions are 3x3 and depthwise-separable 5x5; otherwise they are 1x1 and 3x3.
        add_identity: whether the input is added.
        use_depthwise: whether the 3x3 convolution is depthwise separable.
        options: ``conv_cfg``, ``norm_cfg``, ``act_cfg`` of the convolutions.
    """

    def __init__(
        self,
        channels: int,
        *,
        cspnext: bool = False,
        add_identity: bool = True,
        use_depthwise: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        conv = conv_type(use_depthwise)
        if cspnext:
            self.conv1 = conv(channels, channels, 3, **options)
            self.conv2 = DepthwiseSeparableConvModule(channels, channels, 5, **options)
        else:
            self.conv1 = ConvModule(channels, channels, 1, **options)
            self.conv2 = conv(channels, channels, 3, **options)
        self.add_identity = add_identity

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv2(self.conv1(x))  # (B, C, H, W)
        return out + x if self.add_identity else out  # (B, C, H, W)


class CSPLayer(nn.Module):
    """Sends part of the channels through blocks and the rest past them. Source: Wang et al., arXiv 1911.11929."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        expand_ratio: float = 0.5,
        num_blocks: int = 1,
        add_identity: bool = True,
        use_depthwise: bool = False,
        use_cspnext_block: bool = False,
        channel_attention: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        middle = int(out_channels * expand_ratio)
        self.main_conv = ConvModule(in_channels, middle, 1, **options)
        self.short_conv = ConvModule(in_channels, middle, 1, **options)
        self.final_conv = ConvModule(2 * middle, out_channels, 1, **options)
        kind: Settings = {"cspnext": use_cspnext_block, "add_identity": add_identity, "use_depthwise": use_depthwise}
        self.blocks = nn.Sequential(*(CSPBlock(middle, **kind, **options) for _ in range(num_blocks)))
        self.attention = ChannelAttention(2 * middle) if channel_attention else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        both = torch.cat((self.blocks(self.main_conv(x)), self.short_conv(x)), 1)  # (B, 2 * middle, H, W)
        return self.final_conv(self.attention(both))  # (B, out_channels, H, W)


class SPPBottleneck(nn.Module):
    """Pools over windows of several sizes in parallel. Source: He et al., arXiv 1406.4729."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_sizes: Sequence[int] = (5, 9, 13), **options: Any
    ) -> None:
        super().__init__()
        middle = in_channels // 2
        self.conv1 = ConvModule(in_channels, middle, 1, **options)
        self.poolings = nn.ModuleList(nn.MaxPool2d(size, 1, size // 2) for size in kernel_sizes)
        self.conv2 = ConvModule(middle * (len(kernel_sizes) + 1), out_channels, 1, **options)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)  # (B, in_channels / 2, H, W)
        return self.conv2(torch.cat([x, *(pool(x) for pool in self.poolings)], 1))  # (B, out_channels, H, W)
