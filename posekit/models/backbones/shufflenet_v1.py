"""ShuffleNetV1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posekit.console import check_choice
from posekit.models.backbones.shufflenet_v2 import ShuffleTrunk
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.activation import RELU, build_activation
from posekit.models.layers.checkpointing import run_checkpointed
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.make_divisible import make_divisible
from posekit.models.layers.normalization import BN
from posekit.models.layers.shuffle import channel_shuffle
from posekit.registry import MODELS


class GroupedShuffleUnit(nn.Module):
    """Grouped 1x1, depthwise 3x3 and grouped 1x1 convolutions, with a shuffle after the first.

    Args:
        groups: of the two 1x1 convolutions, ``first_groups`` of the first one.
        shrink: halve the size and join the pooled input on instead of adding it.
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
        out = channel_shuffle(self.depthwise_conv3x3_bn(self.g_conv_1x1_compress(x)), self.groups)
        out = self.g_conv_1x1_expand(out)
        if self.shrink:
            return torch.cat((F.avg_pool2d(x, 3, 2, 1), self.act(out)), 1)
        return self.act(x + out)

    def forward(self, x: Tensor) -> Tensor:
        return run_checkpointed(self.compute, x, enabled=self.with_cp)


@MODELS.register_module()
class ShuffleNetV1(ShuffleTrunk):
    """ShuffleNetV1. Source: Zhang et al., arXiv 1707.01083.

    Args:
        groups: of the 1x1 convolutions, a key of ``widths``.
        widen_factor: scales the channels.
        out_indices: the stages to return, from 0.
        frozen_stages: how many stages stay as loaded, with the stem; -1 for none.
    """

    widths: ClassVar[dict[int, tuple[int, int, int]]] = {
        1: (144, 288, 576),
        2: (200, 400, 800),
        3: (240, 480, 960),
        4: (272, 544, 1088),
        8: (384, 768, 1536),
    }

    def __init__(
        self,
        groups: int = 3,
        widen_factor: float = 1.0,
        out_indices: Sequence[int] = (2,),
        frozen_stages: int = -1,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
        act_cfg: Settings = RELU,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice("ShuffleNetV1.groups", groups, list(self.widths))
        options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        width = int(24 * widen_factor)
        stem = self.add_stem(width, **options)
        for stage, num_blocks in enumerate(self.stage_blocks):
            out = make_divisible(self.widths[groups][stage] * widen_factor, 8)
            units = []
            for block in range(num_blocks):
                first_groups = 1 if stage == block == 0 else groups
                unit = GroupedShuffleUnit(
                    out if block else width,
                    out,
                    groups=groups,
                    first_groups=first_groups,
                    shrink=block == 0,
                    with_cp=with_cp,
                    **options,
                )
                units.append(unit)
            self.layers.append(nn.Sequential(*units))
            width = out
        names = [f"layers.{index}" for index in range(len(self.layers))]
        self.arrange(stem, names, out_indices=out_indices, frozen_stages=frozen_stages, norm_eval=norm_eval)
