"""Backbones of the timm library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from posekit.models.backbones.staged import FreezableBackbone
from posekit.models.base_module import InitRules
from posekit.registry import MODELS


@MODELS.register_module()
class TimmBackbone(FreezableBackbone):
    """Any timm model that yields feature maps.

    Args:
        model_name: as ``timm.list_models()`` gives it.
        pretrained: load timm's weights.
        out_indices: the stages to return, from 0; negative ones count from the end; by default the last.
        checkpoint_path: weights to load, as timm reads them.
        in_channels: of the images.
        frozen: parts that stay as they are in training, by timm's names: ``("conv_stem", "bn1", "blocks.0")``.
        left_out: parts to leave out, such as stages behind the last output: ``("blocks.5", "blocks.6")``.
        norm_eval: whether batch norms keep their statistics in training.
        options: further arguments of the model.

    Raises:
        ValueError: if timm has no such model (the message lists near names), or the model no part of a name.
    """

    def __init__(
        self,
        model_name: str,
        pretrained: bool = False,
        out_indices: Sequence[int] = (-1,),
        checkpoint_path: str = "",
        in_channels: int = 3,
        frozen: Sequence[str] = (),
        left_out: Sequence[str] = (),
        norm_eval: bool = False,
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
        self.check_parts("frozen", frozen)
        self.check_parts("left_out", left_out)
        for name in left_out:
            self.timm_model.set_submodule(name, nn.Identity())
        self.frozen = [f"timm_model.{name}" for name in frozen]
        self.norm_eval = norm_eval
        self.freeze()

    def check_parts(self, argument: str, names: Sequence[str]) -> None:
        """Raise a ValueError unless timm's model has parts of these names."""
        parts = dict(self.timm_model.named_modules())
        if unknown := [name for name in names if name not in parts]:
            top = ", ".join(name for name, _ in self.timm_model.named_children())
            raise ValueError(f"TimmBackbone.{argument}: the model has no part {unknown[0]!r}; its parts are {top}")

    def convert_state(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Name the weights of a plain timm model, or of another backbone like this, as they are named here."""
        prefix = "timm_model."
        return {key if key.startswith(prefix) else prefix + key: value for key, value in state.items()}

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.timm_model(x))
