"""The block that all transformer backbones here consist of."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.layers.normalization import build_norm
from posekit.models.layers.residual_branch import DropPath, run_checkpointed
from posekit.models.layers.transformer import LN


class TransformerBlock(nn.Module):
    """Attention and a feed-forward layer, each preceded by a norm and bypassed by a shortcut.

    Shapes: tokens (B, N, C) or grids of them (B, H, W, C), depending on the parts.

    Args:
        channels: number of channels, C.
        attn: attention layer.
        ffn: feed-forward layer.
        norm_cfg: kind of norm.
        drop_path: probability that training leaves a sample's branch out.
        norms: names of the two norms in state dicts.
        with_cp: whether activations are recomputed in the backward pass to save memory.
    """

    def __init__(
        self,
        channels: int,
        attn: nn.Module,
        ffn: nn.Module,
        *,
        norm_cfg: Settings = LN,
        drop_path: float = 0.0,
        norms: tuple[str, str] = ("norm1", "norm2"),
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.norms, self.with_cp = norms, with_cp
        for name in norms:
            self.add_module(name, build_norm(norm_cfg, channels))
        self.attn, self.ffn = attn, ffn
        self.drop_path = DropPath(drop_path)

    def compute(self, x: Tensor) -> Tensor:
        for name, layer in zip(self.norms, (self.attn, self.ffn), strict=True):
            x = x + self.drop_path(layer(getattr(self, name)(x)))  # same shape as x
        return x

    def forward(self, x: Tensor) -> Tensor:
        return run_checkpointed(self.compute, x, enabled=self.with_cp)  # same shape as x


def drop_path_rates(rate: float, depth: int) -> list[float]:
    """Return rates that rise evenly from 0 in the first block to ``rate`` in the last."""
    return [rate * index / max(depth - 1, 1) for index in range(depth)]


def on_grid(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply to (B, H, W, C) a function of (B, C, H, W)."""
    return function(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)  # (B, H, W, C)
