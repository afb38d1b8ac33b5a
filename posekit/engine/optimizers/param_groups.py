"""Parameter groups with learning rates and weight decays of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

NORMS = (
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.GroupNorm,
    nn.LayerNorm,
)
STEM = ("backbone.cls_token", "backbone.mask_token", "backbone.pos_embed", "backbone.patch_embed")


@dataclass(frozen=True)
class ParamRules:
    """How the learning rate and weight decay of a parameter follow from its name and its module.

    Of ``custom_keys`` the longest key found in a parameter's name holds; it puts the other
    rules out of force unless ``force_default_settings`` applies them on top.

    Args:
        custom_keys: part of a name -> ``lr_mult``, ``decay_mult`` and settings for the group.
        bias_lr_mult, bias_decay_mult: for biases outside of normalisation layers.
        norm_decay_mult: factor for all parameters of normalisation layers.
        dwconv_decay_mult: factor for depth-wise convolutions.
        flat_decay_mult: factor for one-dimensional parameters.
        bypass_duplicate: parameters are always taken once; accepted for the sake of configs.
        dcn_offset_lr_mult: accepted for the sake of configs; there are no deformable layers.
    """

    custom_keys: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    bias_lr_mult: float | None = None
    bias_decay_mult: float | None = None
    norm_decay_mult: float | None = None
    dwconv_decay_mult: float | None = None
    flat_decay_mult: float | None = None
    bypass_duplicate: bool = False
    dcn_offset_lr_mult: float | None = None
    force_default_settings: bool = False

    def settings(self, name: str, parameter: nn.Parameter, module: nn.Module) -> dict[str, Any]:
        """Return the multipliers ``lr_mult`` and ``decay_mult``, where given, and other group settings."""
        keys = [key for key in self.custom_keys if key in name]
        chosen = dict(self.custom_keys[min(keys, key=lambda key: (-len(key), key))]) if keys else {}
        if keys:
            chosen = {"lr_mult": 1.0, "decay_mult": 1.0, **chosen}
        if not keys or self.force_default_settings:
            chosen.update(self.default_settings(name, parameter, module))
        return chosen

    def default_settings(self, name: str, parameter: nn.Parameter, module: nn.Module) -> dict[str, float]:
        norm = isinstance(module, NORMS)
        bias = name.rpartition(".")[2] == "bias"
        depthwise = isinstance(module, nn.Conv2d) and module.in_channels == module.groups
        decays = [
            (norm, self.norm_decay_mult),
            (bias, self.bias_decay_mult),
            (depthwise, self.dwconv_decay_mult),
            (parameter.ndim == 1, self.flat_decay_mult),
        ]
        settings: dict[str, float] = {}
        if bias and not norm and self.bias_lr_mult is not None:
            settings["lr_mult"] = self.bias_lr_mult
        decay = next((mult for applies, mult in decays if applies and mult is not None), None)
        if decay is not None:
            settings["decay_mult"] = decay
        return settings


def owned_parameters(model: nn.Module) -> Iterator[tuple[str, nn.Parameter, nn.Module]]:
    """Yield (name, parameter, its module) of each trainable parameter once."""
    seen: set[int] = set()
    for prefix, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                yield f"{prefix}.{name}" if prefix else name, parameter, module


def group_parameters(
    model: nn.Module, rules: ParamRules, *, lr: float | None, weight_decay: float | None
) -> list[dict[str, Any]]:
    """Return one optimizer group per distinct setting, in the order of first use.

    Raises:
        ValueError: if a rule changes a learning rate or weight decay that the optimizer is not given.
    """
    groups: dict[tuple, dict[str, Any]] = {}
    for name, parameter, module in owned_parameters(model):
        settings = rules.settings(name, parameter, module)
        for mult, base, key in (("lr_mult", lr, "lr"), ("decay_mult", weight_decay, "weight_decay")):
            if mult in settings:
                factor = settings.pop(mult)
                if base is None and factor != 1:
                    raise ValueError(f"paramwise_cfg: {mult} for '{name}' needs optimizer.{key} to be given")
                if base is not None:
                    settings[key] = base * factor
        place = tuple(sorted((key, repr(value)) for key, value in settings.items()))
        groups.setdefault(place, {"params": [], **settings})["params"].append(parameter)
    return list(groups.values())


def layer_of(name: str, num_layers: int) -> int:
    """Return a parameter's depth: 0 for the embeddings, then the layers, at last all that follows them."""
    if name.startswith(STEM):
        return 0
    if name.startswith("backbone.layers."):
        return int(name.split(".")[2]) + 1
    return num_layers + 1


def group_by_layer(
    model: nn.Module, *, num_layers: int, layer_decay_rate: float, lr: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Return groups by layer; one-dimensional parameters and position embeddings do not decay.

    Source: Bao et al., arXiv 2106.08254 (layer-wise decay), as used by ViTPose.
    """
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, parameter, _ in owned_parameters(model):
        layer = layer_of(name, num_layers)
        decays = not (parameter.ndim == 1 or name.endswith(".bias") or "pos_embed" in name)
        scale = layer_decay_rate ** (num_layers + 1 - layer)
        settings = {"params": [], "lr": lr * scale, "weight_decay": weight_decay if decays else 0.0}
        groups.setdefault((layer, decays), settings)["params"].append(parameter)
    return list(groups.values())
