"""Attention over channels."""

from __future__ import annotations

from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.layers.activation import RELU
from posekit.models.layers.conv_module import ConvModule

SIGMOID: Settings = {"type": "Sigmoid"}


class SELayer(nn.Module):
    """Squeeze and excitation: weighs the channels by their means. Source: Hu et al., arXiv 1709.01507."""

    def __init__(
        self, channels: int, ratio: float = 16, act_cfg: Settings | tuple[Settings, Settings] = (RELU, SIGMOID)
    ) -> None:
        super().__init__()
        first, second = (act_cfg, act_cfg) if isinstance(act_cfg, dict) else act_cfg
        self.conv1 = ConvModule(channels, int(channels / ratio), 1, act_cfg=first)
        self.conv2 = ConvModule(int(channels / ratio), channels, 1, act_cfg=second)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.conv2(self.conv1(x.mean((2, 3), keepdim=True)))  # (B, C, H, W), weights (B, C, 1, 1)


class ChannelAttention(nn.Module):
    """Weighs the channels by one linear map of their means and a hard sigmoid."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Conv2d(channels, channels, 1)
        self.act = nn.Hardsigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return x * self.act(self.fc(x.mean((2, 3), keepdim=True)))  # (B, C, H, W), weights (B, C, 1, 1)
