"""ResNeXt."""

from __future__ import annotations

from typing import Any

from posekit.models.backbones.resnet import ResNet, deep_settings
from posekit.models.base_module import Settings
from posekit.models.layers.residual import Bottleneck
from posekit.registry import MODELS


@MODELS.register_module()
class ResNeXt(ResNet):
    """ResNet with grouped convolutions in its bottlenecks. Source: Xie et al., arXiv 1611.05431."""

    arch_settings = deep_settings(Bottleneck)

    def __init__(
        self, depth: int, groups: int = 32, width_per_group: int = 4, base_channels: int = 64, **options: Any
    ) -> None:
        groups_of: Settings = {"groups": groups, "width_per_group": width_per_group, "base_channels": base_channels}
        block_options: Settings = {**groups_of, **options.pop("block_options", {})}
        super().__init__(depth, base_channels=base_channels, block_options=block_options, **options)
