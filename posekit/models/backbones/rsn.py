"""RSN."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.backbones.multi_stage import MultiStageBackbone
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.normalization import BN
from posekit.registry import MODELS


class RSB(nn.Module):
    """Branches of 1 to ``num_steps`` convolutions; each step also reads the same step of the branch before.

    Shapes: h and w are H / stride and W / stride.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        num_steps: int = 4,
        stride: int = 1,
        downsample: nn.Module | None = None,
        norm_cfg: Settings = BN,
        expand_times: int = 26,
        res_top_channels: int = 64,
    ) -> None:
        super().__init__()
        self.num_steps = num_steps
        self.width = in_channels * expand_times // res_top_channels
        self.conv_bn_relu1 = ConvModule(in_channels, num_steps * self.width, 1, stride, norm_cfg=norm_cfg)
        for branch in range(num_steps):
            for step in range(branch + 1):
                conv = ConvModule(self.width, self.width, 3, norm_cfg=norm_cfg)
                self.add_module(f"conv_bn_relu2_{branch + 1}_{step + 1}", conv)
        self.conv_bn3 = ConvModule(num_steps * self.width, out_channels, 1, norm_cfg=norm_cfg, act_cfg=None)
        self.downsample = nn.Identity() if downsample is None else downsample

    def forward(self, x: Tensor) -> Tensor:
        before: list[Tensor] = []
        ends = []
        for branch, part in enumerate(self.conv_bn_relu1(x).split(self.width, 1), 1):  # (B, width, h, w) each
            steps = []
            for step in range(branch):
                part = part + before[step] if step < len(before) else part  # (B, width, h, w)
                part = getattr(self, f"conv_bn_relu2_{branch}_{step + 1}")(part)  # (B, width, h, w)
                steps.append(part)
            before = steps
            ends.append(part)
        return F.relu(self.conv_bn3(torch.cat(ends, 1)) + self.downsample(x))  # (B, out_channels, h, w)


@MODELS.register_module()
class RSN(MultiStageBackbone):
    """Residual steps network. Source: Cai et al., arXiv 2003.04030.

    Args:
        unit_channels: channels of the outputs.
        num_stages: number of stages.
        num_units: number of levels of each stage.
        num_blocks: number of blocks on each level.
        num_steps: number of branches of each block.
        norm_cfg: norm of the convolutions.
        res_top_channels: channels of the stem.
        expand_times: channels of a branch for every ``res_top_channels`` channels of a block's input.
        init_cfg: rules for the initial weights.
    """

    def __init__(
        self,
        unit_channels: int = 256,
        num_stages: int = 4,
        num_units: int = 4,
        num_blocks: Sequence[int] = (2, 2, 2, 2),
        num_steps: int = 4,
        norm_cfg: Settings = BN,
        res_top_channels: int = 64,
        expand_times: int = 26,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__("multi_stage_rsn", init_cfg)
        self.check_units(num_units, num_blocks)
        block = partial(RSB, num_steps=num_steps, expand_times=expand_times, res_top_channels=res_top_channels)
        self.add_stages(
            block,
            1,
            num_stages=num_stages,
            num_blocks=num_blocks,
            unit_channels=unit_channels,
            channels=res_top_channels,
            norm_cfg=norm_cfg,
        )
