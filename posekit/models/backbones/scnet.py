"""SCNet."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.backbones.resnet import ResNet
from posekit.models.base_module import Settings
from posekit.models.layers.conv_module import conv_norm
from posekit.models.layers.residual import ResidualBlock
from posekit.registry import MODELS


class SCConv(nn.Module):
    """A convolution calibrated by its own input at a quarter of the size."""

    def __init__(self, channels: int, stride: int, **options: Any) -> None:
        super().__init__()
        self.k2 = nn.Sequential(nn.AvgPool2d(4, 4), *conv_norm(channels, channels, 3, **options))
        self.k3 = conv_norm(channels, channels, 3, **options)
        self.k4 = conv_norm(channels, channels, 3, stride, relu=True, **options)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(x + F.interpolate(self.k2(x), x.shape[2:]))  # (B, C, H, W), from H/4 and W/4
        return self.k4(self.k3(x) * gate)  # (B, C, H/stride, W/stride)


class SCBottleneck(ResidualBlock):
    """Two narrow paths, a plain and a self-calibrated one, which a 1x1 convolution joins."""

    expansion = 4

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        expansion: int = 4,
        style: str = "pytorch",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        half = out_channels // expansion // 2
        shared: Settings = {"conv_cfg": self.conv_cfg, "norm_cfg": self.norm_cfg}
        self.add_conv(in_channels, half, 1)
        self.k1 = conv_norm(half, half, 3, stride, relu=True, **shared)
        self.add_conv(in_channels, half, 1)
        self.scconv = SCConv(half, stride, **shared)
        self.add_conv(half * 2, out_channels, 1)

    def residual(self, x: Tensor) -> Tensor:
        plain = self.k1(self.relu(self.conv_norm(1, x)))  # (B, half, h, w)
        calibrated = self.scconv(self.relu(self.conv_norm(2, x)))  # (B, half, h, w)
        return self.conv_norm(3, torch.cat((plain, calibrated), 1))  # (B, out_channels, h, w)


@MODELS.register_module()
class SCNet(ResNet):
    """ResNet with self-calibrated convolutions. Source: Liu et al., CVPR 2020."""

    arch_settings = {50: (SCBottleneck, (3, 4, 6, 3)), 101: (SCBottleneck, (3, 4, 23, 3))}  # noqa: RUF012
