"""Backbones of the timm library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import InitRules
from posekit.registry import MODELS


@MODELS.register_module()
class TimmBackbone(BaseBackbone):
    """Any timm model that yields feature maps.

    Args:
        model_name: as ``timm.list_models()`` gives it.
        pretrained: load timm's weights.
        out_indices: the stages to return, from 0; negative ones count from the end; by default the last.
        checkpoint_path: weights to load, as timm reads them.
        in_channels: of the images.
        options: further arguments of the model.

    Raises:
        ValueError: if timm has no such model; the message lists near names.
    """

    def __init__(
        self,
        model_name: str,
        pretrained: bool = False,
        out_indices: Sequence[int] = (-1,),
        checkpoint_path: str = "",
        in_channels: int = 3,
        init_cfg: InitRules = None,
        **options: Any,
    ) -> None:
        super().__init__(init_cfg)
        import timm

        if not timm.is_model(model_name):
            near = timm.list_models(f"*{model_name[:6]}*")[:8]
            raise ValueError(
                f"TimmBackbone.model_name: timm has no '{model_name}'; near it: {', '.join(near) or 'none'}"
            )
        self.timm_model = timm.create_model(
            model_name,
            pretrained=pretrained,
            features_only=True,
            out_indices=tuple(out_indices),
            checkpoint_path=checkpoint_path,
            in_chans=in_channels,
            **options,
        )
        info: Any = self.timm_model.feature_info
        self.out_channels: list[int] = info.channels()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.timm_model(x))
