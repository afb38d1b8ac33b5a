"""Selecting, joining and scaling of feature maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from posekit.models.necks.base import BaseNeck
from posekit.registry import MODELS


@MODELS.register_module()
class FeatureMapProcessor(BaseNeck):
    """Selects feature maps, joins them at the size of the first, applies ReLU and scales; each step is optional.

    Args:
        select_index: indices of the maps to keep; all by default.
        concat: whether the maps are resized to the first and concatenated along the channels.
        scale_factor: factor of the size at the end.
        apply_relu: whether ReLU is applied before scaling.
        align_corners: whether the interpolation aligns the corners' centres.

    Raises:
        ValueError: if ``scale_factor`` is not positive.
    """

    def __init__(
        self,
        select_index: int | Sequence[int] | None = None,
        concat: bool = False,
        scale_factor: float = 1.0,
        apply_relu: bool = False,
        align_corners: bool = False,
    ) -> None:
        super().__init__()
        if scale_factor <= 0:
            raise ValueError(f"FeatureMapProcessor.scale_factor: {scale_factor} must be above 0")
        self.select_index = [select_index] if isinstance(select_index, int) else select_index
        self.concat, self.apply_relu = concat, apply_relu
        self.scale_factor, self.align_corners = scale_factor, align_corners

    def forward(self, features: Tensor | Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
        if isinstance(features, Tensor):
            return self.finish(features)  # (B, C, H, W), scaled
        if self.select_index is not None:
            features = [features[index] for index in self.select_index]  # (B, C_i, H_i, W_i) each
        if self.concat:
            size = features[0].shape[2:]
            # -> (B, sum of C_i, H_0, W_0)
            features = [torch.cat([x if x.shape[2:] == size else self.resize(x, size=size) for x in features], 1)]
        return tuple(self.finish(x) for x in features)  # scaled maps

    def finish(self, x: Tensor) -> Tensor:
        x = F.relu(x) if self.apply_relu else x
        # -> (B, C, H * scale_factor, W * scale_factor)
        return x if self.scale_factor == 1.0 else self.resize(x, scale_factor=self.scale_factor)

    def resize(self, x: Tensor, *, size: Sequence[int] | None = None, scale_factor: float | None = None) -> Tensor:
        return F.interpolate(x, size, scale_factor, "bilinear", self.align_corners)  # pyright: ignore
