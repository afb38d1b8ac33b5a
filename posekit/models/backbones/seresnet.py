"""SE-ResNet."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from posekit.models.backbones.resnet import ResNet, deep_settings
from posekit.models.layers.residual import Bottleneck
from posekit.models.layers.se_layer import SELayer
from posekit.registry import MODELS


class SEBottleneck(Bottleneck):
    """A bottleneck that weighs its channels before the sum."""

    def __init__(self, in_channels: int, out_channels: int, *, se_ratio: int = 16, **options: Any) -> None:
        super().__init__(in_channels, out_channels, **options)
        self.se_layer = SELayer(out_channels, se_ratio)

    def residual(self, x: Tensor) -> Tensor:
        return self.se_layer(super().residual(x))  # (B, out_channels, H/stride, W/stride)


@MODELS.register_module()
class SEResNet(ResNet):
    """ResNet with squeeze and excitation. Source: Hu et al., arXiv 1709.01507."""

    arch_settings = deep_settings(SEBottleneck)

    def __init__(self, depth: int, se_ratio: int = 16, **options: Any) -> None:
        super().__init__(depth, block_options={"se_ratio": se_ratio}, **options)
