"""ShuffleNetV1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posekit.console import check_choice
from posekit.models.backbones.shufflenet_v2 import ShuffleTrunk
from posekit.models.base_module import Settings
from posekit.models.layers.activation import build_activation
from posekit.models.layers.conv_module import ConvModule, make_divisible
from posekit.models.layers.residual_branch import run_checkpointed
from posekit.models.layers.shuffle import channel_shuffle
from posekit.registry import MODELS


class GroupedShuffleUnit(nn.Module):
    """Grouped 1x1, depthwise 3x3 and grouped 1x1 convolutions, with a shuffle after the first.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        groups: number of groups of the two 1x1 convolutions.
        first_groups: number of groups of the first 1x1 convolution.
        shrink: whether the size is halved and the pooled input concatenated instead of the input added.
        act_cfg: activation.
        with_cp: whether activations are recomputed in the backward pass to save memory.
        options: further arguments of the convolutions.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        groups: int,
        first_groups: int,
        shrink: bool,
        act_cfg: Settings,
        with_cp: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        middle = out_channels // 4
        self.groups, self.shrink, self.with_cp = groups, shrink, with_cp
        self.g_conv_1x1_compress = ConvModule(in_channels, middle, 1, groups=first_groups, act_cfg=act_cfg, **options)
        stride = 2 if shrink else 1
        self.depthwise_conv3x3_bn = ConvModule(middle, middle, 3, stride, groups=middle, act_cfg=None, **options)
        out = out_channels - in_channels if shrink else out_channels
        self.g_conv_1x1_expand = ConvModule(middle, out, 1, groups=groups, act_cfg=None, **options)
        self.act = build_activation(act_cfg)

    def compute(self, x: Tensor) -> Tensor:
        out = channel_shuffle(self.depthwise_conv3x3_bn(self.g_conv_1x1_compress(x)), self.groups)  # (B, middle, h, w)
        out = self.g_conv_1x1_expand(out)  # (B, out, h, w)
        if self.shrink:
            return torch.cat((F.avg_pool2d(x, 3, 2, 1), self.act(out)), 1)  # (B, out_channels, H/2, W/2)
        return self.act(x + out)  # (B, out_channels, H, W)

    def forward(self, x: Tensor) -> Tensor:
        return run_checkpointed(self.compute, x, enabled=self.with_cp)  # (B, out_channels, h, w)


@MODELS.register_module()
class ShuffleNetV1(ShuffleTrunk):
    """ShuffleNetV1. Source: Zhang et al., arXiv 1707.01083.

    Args:
        groups: number of groups of the 1x1 convolutions, a key of ``widths``.
        widen_factor: factor of the number of channels.
        out_indices: indices of the stages to return, from 0.
        options: arguments of ``ShuffleTrunk``.
    """

    widths: ClassVar[dict[int, tuple[int, int, int]]] = {
        1: (144, 288, 576),
        2: (200, 400, 800),
        3: (240, 480, 960),
        4: (272, 544, 1088),
        8: (384, 768, 1536),
    }

    def __init__(
        self, groups: int = 3, widen_factor: float = 1.0, out_indices: Sequence[int] = (2,), **options: Any
    ) -> None:
        super().__init__(**options)
        check_choice("ShuffleNetV1.groups", groups, list(self.widths))
        stem_channels = width = int(24 * widen_factor)
        layers = []
        for stage, num_blocks in enumerate(self.stage_blocks):
            out = make_divisible(self.widths[groups][stage] * widen_factor, 8)
            units = [
                GroupedShuffleUnit(
                    out if block else width,
                    out,
                    groups=groups,
                    first_groups=1 if stage == block == 0 else groups,
                    shrink=block == 0,
                    **self.unit_options,
                )
                for block in range(num_blocks)
            ]
            layers.append(nn.Sequential(*units))
            width = out
        self.build(stem_channels, layers, out_indices)
