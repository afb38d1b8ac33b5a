"""Means over feature maps."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from posekit.models.necks.base import BaseNeck
from posekit.registry import MODELS


@MODELS.register_module()
class GlobalAveragePooling(BaseNeck):
    """Turns each feature map (B, C, H, W) into its means (B, C)."""

    def forward(self, features: Tensor | Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
        if isinstance(features, Tensor):
            return features.mean((2, 3))  # (B, C)
        return tuple(x.mean((2, 3)) for x in features)  # (B, C_i) each
