"""Build the optimizer that a config's ``optim_wrapper`` describes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from posekit.engine.optimizers.param_groups import ParamRules, group_by_layer, group_parameters
from posekit.registry import OPTIMIZERS, strip_scope

LAYER_DECAY = "LayerDecayOptimWrapperConstructor"
CONSTRUCTORS = ("DefaultOptimWrapperConstructor", "ForceDefaultOptimWrapperConstructor", LAYER_DECAY)


def build_optimizer(
    model: nn.Module, optim_wrapper: Mapping[str, Any], *, lr_factor: float = 1.0
) -> torch.optim.Optimizer:
    """Build the optimizer for a model's trainable parameters.

    Args:
        optim_wrapper: with ``optimizer``, ``paramwise_cfg`` and ``constructor``.
        lr_factor: multiplies every learning rate (``auto_scale_lr``).

    Raises:
        ValueError: if the model has nothing to train, or the optimizer cannot take its settings.
        KeyError: if there is no optimizer of that name.
    """
    settings = {key: value for key, value in optim_wrapper["optimizer"].items() if key != "_scope_"}
    kind = settings.pop("type")
    optimizer_class = kind if isinstance(kind, type) else OPTIMIZERS.get(kind)
    groups = parameter_groups(model, optim_wrapper, settings)
    if not any(group["params"] for group in groups):
        raise ValueError("optim_wrapper: the model has no parameter that requires a gradient; nothing would be trained")
    try:
        optimizer = optimizer_class(groups, **fast_defaults(optimizer_class, settings))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"optim_wrapper.optimizer: {optimizer_class.__name__} cannot be made of these values ({error})"
        ) from error
    for group in optimizer.param_groups:
        group["lr"] = group["lr"] * lr_factor
    return optimizer


def parameter_groups(
    model: nn.Module, optim_wrapper: Mapping[str, Any], settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the optimizer's parameter groups by the wrapper's constructor and ``paramwise_cfg``."""
    rules = dict(optim_wrapper.get("paramwise_cfg") or {})
    lr, weight_decay = settings.get("lr"), settings.get("weight_decay")
    if strip_scope(optim_wrapper.get("constructor", "")) == LAYER_DECAY:
        if lr is None or weight_decay is None:
            raise ValueError(f"optim_wrapper: {LAYER_DECAY} needs optimizer.lr and optimizer.weight_decay")
        return group_by_layer(
            model,
            num_layers=rules["num_layers"],
            layer_decay_rate=rules["layer_decay_rate"],
            lr=lr,
            weight_decay=weight_decay,
        )
    return group_parameters(model, ParamRules(**rules), lr=lr, weight_decay=weight_decay)


def fast_defaults(optimizer_class: type, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings, with the fused implementation where the optimizer has one and none is asked for."""
    chosen = dict(settings)
    accepted = inspect.signature(optimizer_class).parameters
    if "fused" in accepted and not {"fused", "foreach", "differentiable", "capturable"} & set(chosen):
        chosen["fused"] = True
    return chosen
