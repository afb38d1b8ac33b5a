"""ResNeSt."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from posekit.models.backbones.resnet import ResNetV1d, deep_settings
from posekit.models.base_module import Settings
from posekit.models.layers.conv_module import build_conv
from posekit.models.layers.normalization import BN, build_norm, norm_name
from posekit.models.layers.residual import ResidualBlock
from posekit.registry import MODELS


class SplitAttentionConv2d(nn.Module):
    """A 3x3 convolution into ``radix`` sets of channels, which attention over the sets mixes.

    Shapes: C ``channels``, H and W after the stride.
    """

    def __init__(
        self,
        channels: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        radix: int = 2,
        reduction_factor: int = 4,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
    ) -> None:
        super().__init__()
        self.radix, self.groups, wide = radix, groups, channels * radix
        inner = max(wide // reduction_factor, 32)
        norm = norm_name(norm_cfg)
        self.norm0, self.norm1 = f"{norm}0", f"{norm}1"
        self.conv = build_conv(
            conv_cfg, channels, wide, 3, stride, dilation=dilation, groups=groups * radix, bias=False
        )
        self.add_module(self.norm0, build_norm(norm_cfg, wide))
        self.fc1 = nn.Conv2d(channels, inner, 1, groups=groups)
        self.add_module(self.norm1, build_norm(norm_cfg, inner))
        self.fc2 = nn.Conv2d(inner, wide, 1, groups=groups)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(getattr(self, self.norm0)(self.conv(x)))  # (B, radix * C, H, W)
        sets = x.unflatten(1, (self.radix, -1))  # (B, radix, C, H, W)
        means = sets.sum(1).mean((2, 3), keepdim=True)  # (B, C, 1, 1)
        scores = self.fc2(self.relu(getattr(self, self.norm1)(self.fc1(means))))  # (B, radix * C, 1, 1)
        if self.radix == 1:
            return x * scores.sigmoid()  # (B, C, H, W)
        weights = scores.view(x.shape[0], self.groups, self.radix, -1).softmax(2)  # (B, groups, radix, C / groups)
        weights = weights.transpose(1, 2).reshape(*sets.shape[:3], 1, 1)  # (B, radix, C, 1, 1)
        return (sets * weights).sum(1)  # (B, C, H, W)


class SplitAttentionBottleneck(ResidualBlock):
    """1x1, split attention, 1x1 convolutions; with ``avg_down_stride`` a pooling before the last does the stride."""

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
        groups: int = 1,
        width_per_group: int = 4,
        base_channels: int = 64,
        radix: int = 2,
        reduction_factor: int = 4,
        avg_down_stride: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        first, second = (1, stride) if style == "pytorch" else (stride, 1)
        middle = out_channels // expansion
        if groups > 1:
            middle = groups * width_per_group * middle // base_channels
        pooled = avg_down_stride and second > 1
        self.add_conv(in_channels, middle, 1, stride=first)
        self.num_convs += 1  # the attention takes number two and has its own norms
        self.conv2 = SplitAttentionConv2d(
            middle,
            stride=1 if pooled else second,
            dilation=dilation,
            groups=groups,
            radix=radix,
            reduction_factor=reduction_factor,
            conv_cfg=self.conv_cfg,
            norm_cfg=self.norm_cfg,
        )
        self.pool = nn.AvgPool2d(3, second, 1) if pooled else nn.Identity()
        self.add_conv(middle, out_channels, 1)

    def residual(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv_norm(1, x))  # (B, middle, H, W)
        return self.conv_norm(3, self.pool(self.conv2(x)))  # (B, out_channels, H/stride, W/stride)


@MODELS.register_module()
class ResNeSt(ResNetV1d):
    """ResNet of split attention. Source: Zhang et al., arXiv 2004.08955.

    Args:
        radix: number of sets of channels that the attention mixes.
        reduction_factor: factor by which the attention's inner layer is narrower.
        avg_down_stride: whether a pooling does the stride.
    """

    arch_settings = {  # noqa: RUF012
        **deep_settings(SplitAttentionBottleneck),
        200: (SplitAttentionBottleneck, (3, 24, 36, 3)),
        269: (SplitAttentionBottleneck, (3, 30, 48, 8)),
    }

    def __init__(
        self,
        depth: int,
        groups: int = 1,
        width_per_group: int = 4,
        radix: int = 2,
        reduction_factor: int = 4,
        avg_down_stride: bool = True,
        base_channels: int = 64,
        **options: Any,
    ) -> None:
        block_options: Settings = {
            "groups": groups,
            "width_per_group": width_per_group,
            "base_channels": base_channels,
            "radix": radix,
            "reduction_factor": reduction_factor,
            "avg_down_stride": avg_down_stride,
        }
        super().__init__(depth, base_channels=base_channels, block_options=block_options, **options)
