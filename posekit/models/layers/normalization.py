"""Norm layers by the name a ``norm_cfg`` gives them."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.base_module import Settings

BN: Settings = {"type": "BN"}


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of (B, C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        normed = F.layer_norm(input.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return normed.permute(0, 3, 1, 2)


# name in a config -> (class, stem of the layer's name in a state dict)
NORMS: dict[str, tuple[type[nn.Module], str]] = {
    "BN": (nn.BatchNorm2d, "bn"),
    "BN1d": (nn.BatchNorm1d, "bn"),
    "BN2d": (nn.BatchNorm2d, "bn"),
    "BN3d": (nn.BatchNorm3d, "bn"),
    "SyncBN": (nn.BatchNorm2d, "bn"),
    "GN": (nn.GroupNorm, "gn"),
    "LN": (nn.LayerNorm, "ln"),
    "LN2d": (LayerNorm2d, "ln"),
    "IN": (nn.InstanceNorm2d, "in"),
    "IN1d": (nn.InstanceNorm1d, "in"),
    "IN2d": (nn.InstanceNorm2d, "in"),
    "IN3d": (nn.InstanceNorm3d, "in"),
}


def norm_name(norm_cfg: Settings) -> str:
    """Return what a norm layer is called in state dicts: ``bn``, ``gn``, ``ln`` or ``in``.

    Raises:
        ValueError: for an unknown type.
    """
    if norm_cfg["type"] not in NORMS:
        raise ValueError(f"norm_cfg has no type '{norm_cfg['type']}'; use one of {', '.join(NORMS)}")
    return NORMS[norm_cfg["type"]][1]


def build_norm(norm_cfg: Settings, channels: int) -> nn.Module:
    """Build the norm layer that ``norm_cfg`` describes.

    ``SyncBN`` gives a plain batch norm marked ``sync``: the trainer converts it where several devices train.

    Raises:
        ValueError: for an unknown type.
    """
    norm_name(norm_cfg)
    kind = norm_cfg["type"]
    options = {"eps": 1e-5, **{k: v for k, v in norm_cfg.items() if k not in ("type", "requires_grad")}}
    cls = NORMS[kind][0]
    norm = cls(num_channels=channels, **options) if kind == "GN" else cls(channels, **options)
    if kind == "SyncBN":
        norm.sync = True  # pyright: ignore[reportArgumentType]
    return norm.requires_grad_(norm_cfg.get("requires_grad", True))
