"""ViPNAS-ResNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from posekit.console import check_choice
from posekit.models.backbones.resnet import ResidualTrunk
from posekit.models.base_module import SMALL_NORMAL
from posekit.models.layers.residual import Bottleneck
from posekit.registry import MODELS


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


class ContextBottleneck(Bottleneck):
    """A bottleneck that may add global context to its residual."""

    def __init__(self, in_channels: int, out_channels: int, *, attention: bool = False, **options: Any) -> None:
        super().__init__(in_channels, out_channels, **options)
        ratio = max(1.0 / 16, 16.0 / out_channels)
        self.attention = ContextBlock(out_channels, ratio) if attention else nn.Identity()

    def residual(self, x: Tensor) -> Tensor:
        return self.attention(super().residual(x))  # (B, out_channels, H/stride, W/stride)


@MODELS.register_module()
class ViPNAS_ResNet(ResidualTrunk):  # noqa: N801
    """ResNet with searched widths, depths, kernels, groups and attention. Source: Xu et al., arXiv 2105.10154.

    Args:
        wid: channels of the stem and of each stage.
        expan: bottleneck ratio of each stage; the stem's entry is not used, here and below.
        dep: number of blocks of each stage.
        ks: kernel sizes of the stem and of each stage.
        group: number of groups of each stage's middle convolutions.
        att: whether each stage has global context.
        options: arguments of ``ResidualTrunk``.
    """

    default_init = SMALL_NORMAL

    def __init__(
        self,
        depth: int,
        *,
        num_stages: int = 4,
        strides: Sequence[int] = (1, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        wid: Sequence[int] = (48, 80, 160, 304, 608),
        expan: Sequence[int | None] = (None, 1, 1, 1, 1),
        dep: Sequence[int | None] = (None, 4, 6, 7, 3),
        ks: Sequence[int] = (7, 3, 5, 5, 5),
        group: Sequence[int | None] = (None, 16, 16, 16, 16),
        att: Sequence[bool | None] = (None, True, False, True, True),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.zero_init_residual = False  # configs may set it, but the published weights were trained without it
        check_choice("ViPNAS_ResNet.depth", depth, [50])
        stages = [
            {
                "block": ContextBottleneck,
                "num_blocks": dep[i],
                "out_channels": wid[i] * (expan[i] or 1),
                "stride": strides[i - 1],
                "dilation": dilations[i - 1],
                "expansion": expan[i] or 1,
                "kernel_size": ks[i],
                "groups": group[i],
                "attention": att[i],
            }
            for i in range(1, num_stages + 1)
        ]
        self.build(wid[0], stages, kernel_size=ks[0])
