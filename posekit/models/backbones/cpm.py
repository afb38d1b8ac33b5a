"""Convolutional pose machines."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import SMALL_NORMAL, InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.normalization import BN
from posekit.registry import MODELS


class CPMStage(nn.Module):
    """Three 11x11 convolutions, which keep the size, under the name ``model``."""

    def __init__(self, in_channels: int, channels: int, **options: Any) -> None:
        super().__init__()
        widths = [in_channels, channels, channels]
        self.model = nn.Sequential(*(ConvModule(width, channels, 11, **options) for width in widths))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)  # (B, channels, h, w)


@MODELS.register_module()
class CPM(BaseBackbone):
    """Stages that refine each other's heatmaps; returns the heatmaps of every stage.

    Shapes: K ``out_channels``; sizes are divided by 8 and rounded up.

    Args:
        in_channels: channels of the images.
        out_channels: number of heatmaps.
        feat_channels: channels inside the stages.
        middle_channels: channels of the image features that each stage reads.
        num_stages: number of stages, the first included.
        norm_cfg: norm of the convolutions.
        init_cfg: rules for the initial weights.

    Source: Wei et al., arXiv 1602.00134.
    """

    default_init = SMALL_NORMAL

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        feat_channels: int = 128,
        middle_channels: int = 32,
        num_stages: int = 6,
        norm_cfg: Settings = BN,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        options: Settings = {"norm_cfg": norm_cfg}

        def shrinking_layers() -> list[nn.Module]:
            """Return three convolutions, each followed by a pooling that halves the size."""
            convs = [ConvModule(width, 128, 9, **options) for width in (in_channels, 128, 128)]
            return [layer for conv in convs for layer in (conv, nn.MaxPool2d(3, 2, 1))]

        self.stem = nn.Sequential(
            *shrinking_layers(),
            ConvModule(128, 32, 5, **options),
            ConvModule(32, 512, 9, **options),
            ConvModule(512, 512, 1, **options),
            ConvModule(512, out_channels, 1, act_cfg=None),
        )
        self.middle = nn.Sequential(*shrinking_layers())
        stages = range(num_stages - 1)
        self.cpm_stages = nn.ModuleList(
            CPMStage(middle_channels + out_channels, feat_channels, **options) for _ in stages
        )
        self.middle_conv = nn.ModuleList(nn.Sequential(ConvModule(128, middle_channels, 5, **options)) for _ in stages)
        self.out_convs = nn.ModuleList(
            nn.Sequential(
                ConvModule(feat_channels, feat_channels, 1, **options),
                ConvModule(feat_channels, out_channels, 1, act_cfg=None),
            )
            for _ in stages
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs, image = [self.stem(x)], self.middle(x)  # (B, K, H/8, W/8), (B, 128, H/8, W/8)
        for stage, middle, last in zip(self.cpm_stages, self.middle_conv, self.out_convs, strict=True):
            outputs.append(last(stage(torch.cat((outputs[-1], middle(image)), 1))))  # (B, K, H/8, W/8)
        return tuple(outputs)
