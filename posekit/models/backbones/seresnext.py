"""SE-ResNeXt."""

from __future__ import annotations

from typing import Any

from posekit.models.backbones.resnext import ResNeXt
from posekit.models.backbones.seresnet import SEResNet
from posekit.registry import MODELS


@MODELS.register_module()
class SEResNeXt(ResNeXt):
    """ResNeXt with squeeze and excitation. Source: Hu et al., arXiv 1709.01507."""

    arch_settings = SEResNet.arch_settings

    def __init__(self, depth: int, se_ratio: int = 16, **options: Any) -> None:
        super().__init__(depth, block_options={"se_ratio": se_ratio}, **options)
