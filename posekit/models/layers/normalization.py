"""Norm layers by the name a ``norm_cfg`` gives them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.base_module import Settings
from posekit.registry import strip_scope

BN: Settings = {"type": "BN"}


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of (B, C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        # -> (B, H, W, C)
        normed = F.layer_norm(input.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return normed.permute(0, 3, 1, 2)  # (B, C, H, W)


class FrozenBatchNorm2d(nn.Module):
    """Batch norm that never changes: training updates neither its statistics nor its weights."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        for name, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((channels,), value))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        state_dict.pop(prefix + "num_batches_tracked", None)  # which only plain batch norms have
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, x: Tensor) -> Tensor:
        # -> (B, C, H, W)
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


class ScaleNorm(nn.Module):
    """Divides each vector by its root mean square and multiplies it by one learned number.

    Args:
        dim: length of the vectors.
        eps: smallest root mean square.

    Source: Nguyen and Salazar, arXiv 1910.05895.
    """

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.scale = dim**-0.5
        self.eps = eps
        self.g = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        rms = torch.linalg.vector_norm(x, dim=-1, keepdim=True) * self.scale  # (..., 1)
        return x / rms.clamp(min=self.eps) * self.g  # (..., dim)


# name in a config -> (class, stem of the layer's name in a state dict)
NORMS: dict[str, tuple[type[nn.Module], str]] = {
    "BN": (nn.BatchNorm2d, "bn"),
    **dict.fromkeys(("BN1d", "BatchNorm1d"), (nn.BatchNorm1d, "bn")),
    **dict.fromkeys(("BN2d", "BatchNorm2d"), (nn.BatchNorm2d, "bn")),
    **dict.fromkeys(("BN3d", "BatchNorm3d"), (nn.BatchNorm3d, "bn")),
    **dict.fromkeys(("SyncBN", "SyncBatchNorm"), (nn.BatchNorm2d, "bn")),
    "FrozenBatchNorm2d": (FrozenBatchNorm2d, "bn"),
    "GN": (nn.GroupNorm, "gn"),
    "GroupNorm": (nn.GroupNorm, "gn"),
    **dict.fromkeys(("LN", "LayerNorm"), (nn.LayerNorm, "ln")),
    "LN2d": (LayerNorm2d, "ln"),
    "IN": (nn.InstanceNorm2d, "in"),
    **dict.fromkeys(("IN1d", "InstanceNorm1d"), (nn.InstanceNorm1d, "in")),
    **dict.fromkeys(("IN2d", "InstanceNorm2d"), (nn.InstanceNorm2d, "in")),
    **dict.fromkeys(("IN3d", "InstanceNorm3d"), (nn.InstanceNorm3d, "in")),
}
SYNCHRONISED = ("SyncBN", "SyncBatchNorm")
"""Types whose statistics are computed over all devices together."""


def norm_name(norm_cfg: Settings) -> str:
    """Return the name of a norm layer in state dicts: ``bn``, ``gn``, ``ln`` or ``in``.

    Raises:
        ValueError: if the type is unknown.
    """
    kind = strip_scope(norm_cfg["type"])
    if kind not in NORMS:
        raise ValueError(f"norm_cfg has no type '{norm_cfg['type']}'; use one of {', '.join(NORMS)}")
    return NORMS[kind][1]


def build_norm(norm_cfg: Settings, channels: int) -> nn.Module:
    """Build the norm layer that ``norm_cfg`` describes.

    ``SyncBN`` or ``SyncBatchNorm`` gives a plain batch norm marked ``sync``, which the trainer converts where several
    devices train.

    Raises:
        ValueError: if the type is unknown.
    """
    norm_name(norm_cfg)
    kind = strip_scope(norm_cfg["type"])
    options = {"eps": 1e-5, **{k: v for k, v in norm_cfg.items() if k not in ("type", "requires_grad")}}
    cls = NORMS[kind][0]
    norm = cls(num_channels=channels, **options) if cls is nn.GroupNorm else cls(channels, **options)
    if kind in SYNCHRONISED:
        norm.sync = True  # pyright: ignore[reportArgumentType]
    return norm.requires_grad_(norm_cfg.get("requires_grad", True))
