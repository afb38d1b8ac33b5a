"""Hourglasses for associative embedding."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from posekit.models.backbones.base import BaseBackbone
from posekit.models.backbones.hourglass import Hourglass, check_stages
from posekit.models.base_module import SMALL_NORMAL, InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.normalization import BN
from posekit.registry import MODELS


class PooledConv(ConvModule):
    """A convolution of the halved feature map."""

    def forward(self, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return super().forward(nn.functional.max_pool2d(x, 2))  # (B, out_channels, H/2, W/2)


@MODELS.register_module()
class HourglassAENet(BaseBackbone):
    """Hourglasses of plain convolutions; returns the outputs of each. Source: Newell et al., arXiv 1611.05424.

    Shapes: C ``feat_channels``.

    Args:
        downsample_times: number of times that each hourglass halves the size.
        num_stacks: number of hourglasses.
        out_channels: number of outputs, heatmaps and tags together.
        stage_channels: channels at each size.
        feat_channels: channels between hourglasses; equal to the first of ``stage_channels``.
        norm_cfg: norm of the convolutions.
        init_cfg: rules for the initial weights.

    Raises:
        ValueError: if there are too few stages for ``downsample_times``.
    """

    default_init = SMALL_NORMAL

    def __init__(
        self,
        downsample_times: int = 4,
        num_stacks: int = 1,
        out_channels: int = 34,
        stage_channels: Sequence[int] = (256, 384, 512, 640, 768),
        feat_channels: int = 256,
        norm_cfg: Settings = BN,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        check_stages("HourglassAENet", downsample_times, stage_channels)
        options: Settings = {"norm_cfg": norm_cfg}

        def build(name: str, level: int) -> nn.Module:
            outer, inner = stage_channels[level : level + 2]
            width = inner if name in ("low2", "low3") else outer
            out = inner if name in ("low1", "low2") else outer
            return (PooledConv if name == "low1" else ConvModule)(width, out, 3, **options)

        self.stem = nn.Sequential(
            ConvModule(3, 64, 7, 2, **options),
            ConvModule(64, 128, 3, **options),
            nn.MaxPool2d(2, 2),
            ConvModule(128, 128, 3, **options),
            ConvModule(128, feat_channels, 3, **options),
        )
        self.hourglass_modules = nn.ModuleList(
            nn.Sequential(
                Hourglass(downsample_times, build),
                ConvModule(feat_channels, feat_channels, 3, **options),
                ConvModule(feat_channels, feat_channels, 3, **options),
            )
            for _ in range(num_stacks)
        )
        self.out_convs = nn.ModuleList(
            ConvModule(stage_channels[0], out_channels, 1, act_cfg=None) for _ in range(num_stacks)
        )

        def remap(width: int) -> nn.ModuleList:
            convs = (ConvModule(width, feat_channels, 1, act_cfg=None, **options) for _ in range(num_stacks - 1))
            return nn.ModuleList(convs)

        self.remap_out_convs, self.remap_feature_convs = remap(out_channels), remap(feat_channels)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)  # (B, C, H/4, W/4)
        outputs = []
        for index, (hourglass, conv) in enumerate(zip(self.hourglass_modules, self.out_convs, strict=True)):
            features = hourglass(x)  # (B, C, H/4, W/4)
            outputs.append(conv(features))  # (B, out_channels, H/4, W/4)
            if index < len(self.remap_out_convs):
                # -> (B, C, H/4, W/4)
                x = x + self.remap_out_convs[index](outputs[-1]) + self.remap_feature_convs[index](features)
        return tuple(outputs)
