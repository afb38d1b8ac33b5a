"""Backbones of the timm library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from posekit.models.backbones.base import BaseBackbone
from posekit.models.backbones.staged import FreezableBackbone
from posekit.models.base_module import InitRules
from posekit.registry import MODELS


@MODELS.register_module()
class TimmBackbone(FreezableBackbone):
    """Any timm model that yields feature maps.

    Args:
        model_name: name as ``timm.list_models()`` gives it.
        pretrained: whether to load timm's weights.
        out_indices: indices of the levels to return, from 0; negative ones count from the end; the last by default.
        checkpoint_path: file of weights to load, in a form that timm reads.
        in_channels: channels of the images.
        frozen_stages: number of levels, counted as in ``out_indices``, that stay as they are in training, with all
            layers before them; 0 for the layers before the first level, -1 for none.
        norm_eval: whether batch norms keep their statistics in training.
        left_out: timm's names of modules to leave out, such as stages behind the last level: ``("blocks.6",)``.
        init_cfg: rules for the initial weights.
        options: further arguments of the model.

    Attributes:
        out_channels: channels of each returned level.

    Raises:
        ValueError: if timm has no such model (the message lists similar names), or the model no such level or module.
    """

    def __init__(
        self,
        model_name: str,
        pretrained: bool = False,
        out_indices: Sequence[int] | int = (-1,),
        checkpoint_path: str = "",
        in_channels: int = 3,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        left_out: Sequence[str] = (),
        init_cfg: InitRules = None,
        **options: Any,
    ) -> None:
        super().__init__(init_cfg)
        indices = (out_indices,) if isinstance(out_indices, int) else tuple(out_indices)
        self.timm_model = create_timm_model(
            type(self).__name__,
            model_name,
            pretrained=pretrained,
            features_only=True,
            out_indices=indices,
            checkpoint_path=checkpoint_path,
            in_chans=in_channels,
            **options,
        )
        info: Any = self.timm_model.feature_info
        self.out_channels: list[int] = info.channels()
        self.norm_eval = norm_eval
        for name in left_out:
            self.leave_out(name)
        if frozen_stages >= 0:
            last = max(index % len(info.info) for index in indices)
            levels = [level["module"] for level in info.info[: last + 1]]
            self.frozen = self.layers_up_to(levels, frozen_stages)
            self.freeze()

    def leave_out(self, name: str) -> None:
        """Replace one of timm's modules by one that changes nothing.

        Raises:
            ValueError: if the model has no such module.
        """
        if name not in dict(self.timm_model.named_modules()):
            parts = ", ".join(part for part, _ in self.timm_model.named_children())
            raise ValueError(
                f"{type(self).__name__}.left_out: this model has no module '{name}'; it is made of {parts}"
            )
        self.timm_model.set_submodule(name, nn.Identity())

    def convert_state(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename the weights of a plain timm model, or of another backbone like this, to the keys used here."""
        return with_prefix(state)

    def layers_up_to(self, levels: Sequence[str], count: int) -> list[str]:
        """Return the names of the modules that the first ``count`` levels run through.

        Args:
            levels: name of the module at whose end each level lies.
            count: number of levels; 0 for what lies before the first.
        """
        names = [name for name, _ in self.named_modules()]
        if count > len(levels):
            raise ValueError(f"{type(self).__name__}.frozen_stages: {count} not in -1..{len(levels)}")
        # timm names a module of a part either by its path, or with underscores for dots, or below the wrapped model
        level = levels[max(count - 1, 0)]
        forms = (f"timm_model.{level}", f"timm_model.{level.replace('.', '_')}", f"timm_model.model.{level}")
        last = next((form for form in forms if form in names), None)
        if last is None:
            raise ValueError(f"{type(self).__name__}.frozen_stages: this model has no layer '{level}' to freeze up to")
        before = [name for name in names[: names.index(last)] if not f"{last}.".startswith(f"{name}.") and name]
        return [*before, last] if count else before

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.timm_model(x))  # (B, C_i, H_i, W_i) each


@MODELS.register_module()
class TIMMBackbone(BaseBackbone):
    """A timm model with MMPretrain's name and arguments; TimmBackbone can do more.

    Args:
        model_name: name as ``timm.list_models()`` gives it.
        features_only: whether to return all levels, or those of ``out_indices`` in ``options``; otherwise only the
            whole model's features before its pooling are returned.
        pretrained: whether to load timm's weights.
        checkpoint_path: file of weights to load, in a form that timm reads.
        in_channels: channels of the images.
        init_cfg: rules for the initial weights.
        options: further arguments of the model.

    Raises:
        ValueError: if timm has no such model; the message lists similar names.
    """

    def __init__(
        self,
        model_name: str,
        features_only: bool = False,
        pretrained: bool = False,
        checkpoint_path: str = "",
        in_channels: int = 3,
        init_cfg: InitRules = None,
        **options: Any,
    ) -> None:
        super().__init__(init_cfg)
        self.timm_model = create_timm_model(
            type(self).__name__,
            model_name,
            features_only=features_only,
            pretrained=pretrained,
            checkpoint_path=checkpoint_path,
            in_chans=in_channels,
            **options,
        )
        if not features_only:
            self.timm_model.reset_classifier(0, "")

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        features = self.timm_model(x)
        return (features,) if isinstance(features, Tensor) else tuple(features)  # (B, C_i, H_i, W_i) each


def with_prefix(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights under the keys that they have where the timm model is a part named ``timm_model``."""
    prefix = "timm_model."
    return {key if key.startswith(prefix) else prefix + key: value for key, value in state.items()}


def create_timm_model(owner: str, name: str, **options: Any) -> Any:
    """Return a timm model.

    Raises:
        ValueError: if timm has no such model or the model no such level; ``owner`` names the class in the message.
    """
    import timm

    if not timm.is_model(name):
        near = timm.list_models(f"*{name[:6]}*")[:8]
        raise ValueError(f"{owner}.model_name: timm has no '{name}'; near it: {', '.join(near) or 'none'}")
    try:
        return timm.create_model(name, **options)
    except (AssertionError, IndexError) as error:
        raise ValueError(f"{owner}.out_indices: {options.get('out_indices')} are no levels of '{name}'") from error
