"""Learning rates that shrink from a transformer's last layer to its first."""

from __future__ import annotations

from typing import Any

from torch import nn

from posekit.engine.optimizers.param_groups import owned_parameters

STEM = ("backbone.cls_token", "backbone.mask_token", "backbone.pos_embed", "backbone.patch_embed")


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
