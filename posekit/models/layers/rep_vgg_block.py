"""Parallel convolutions that are one at inference."""

from __future__ import annotations

from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.layers.activation import RELU, build_activation
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.normalization import BN


class RepVGGBlock(nn.Module):
    """A 3x3 and a 1x1 convolution in parallel, then an activation. Source: Ding et al., arXiv 2101.03697."""

    def __init__(
        self, in_channels: int, out_channels: int, *, norm_cfg: Settings = BN, act_cfg: Settings = RELU
    ) -> None:
        super().__init__()
        self.branch_3x3 = ConvModule(in_channels, out_channels, 3, norm_cfg=norm_cfg, act_cfg=None)
        self.branch_1x1 = ConvModule(in_channels, out_channels, 1, norm_cfg=norm_cfg, act_cfg=None)
        self.act = build_activation(act_cfg)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.branch_3x3(x) + self.branch_1x1(x))  # (B, out_channels, H, W)
