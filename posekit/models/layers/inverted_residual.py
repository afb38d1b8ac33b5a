"""The block of MobileNetV3."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.layers.activation import RELU
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.residual_branch import run_checkpointed
from posekit.models.layers.se_layer import SELayer

GATE: tuple[Settings, Settings] = (RELU, {"type": "HSigmoid", "bias": 1.0, "divisor": 2.0})


class InvertedResidual(nn.Module):
    """Widens the channels, convolves them in ``groups``, weighs and narrows them.

    Shapes: h and w are H / stride and W / stride.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        mid_channels: channels in the middle.
        kernel_size: kernel size of the middle convolution.
        stride: stride of the middle convolution.
        groups: number of groups of the middle convolution; one per channel by default.
        attention: whether squeeze and excitation weighs the channels.
        expand: whether a first layer widens the input; it can be left out where the input has ``mid_channels`` already.
        act_cfg: activation.
        with_cp: whether activations are recomputed in the backward pass to save memory.
        options: further arguments of the convolutions.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        *,
        kernel_size: int = 3,
        stride: int = 1,
        groups: int | None = None,
        attention: bool = False,
        expand: bool = True,
        act_cfg: Settings = RELU,
        with_cp: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        self.has_shortcut = stride == 1 and in_channels == out_channels
        self.with_cp = with_cp
        acting: Settings = {**options, "act_cfg": act_cfg}
        self.expand_conv = ConvModule(in_channels, mid_channels, 1, **acting) if expand else nn.Identity()
        groups = mid_channels if groups is None else groups
        self.depthwise_conv = ConvModule(mid_channels, mid_channels, kernel_size, stride, groups=groups, **acting)
        self.se = SELayer(mid_channels, 4, GATE) if attention else nn.Identity()
        self.linear_conv = ConvModule(mid_channels, out_channels, 1, act_cfg=None, **options)

    def compute(self, x: Tensor) -> Tensor:
        out = self.linear_conv(self.se(self.depthwise_conv(self.expand_conv(x))))  # (B, out_channels, h, w)
        return x + out if self.has_shortcut else out  # (B, out_channels, h, w)

    def forward(self, x: Tensor) -> Tensor:
        return run_checkpointed(self.compute, x, enabled=self.with_cp)  # (B, out_channels, h, w)
