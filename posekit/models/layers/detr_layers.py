"""The layers of DETR and its descendants: attention and feed-forward layers, each followed by a norm."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.layers.activation import RELU
from posekit.models.layers.normalization import build_norm
from posekit.models.layers.transformer import LN, FeedForward

IMPLIED = ("batch_first", "im2col_step", "num_fcs")
"""Settings of older configs that have only one possible value or do not change the result."""


def without_implied(settings: Settings) -> Settings:
    """Return the settings without those that are implied."""
    return {key: value for key, value in settings.items() if key not in IMPLIED}


def feed_forward(settings: Settings) -> FeedForward:
    """Build a feed-forward layer, with ReLU by default."""
    return FeedForward(**{"act_cfg": RELU, **without_implied(settings)})


def norm_list(count: int, norm_cfg: Settings, channels: int) -> nn.ModuleList:
    """Build one norm for each part of a layer."""
    return nn.ModuleList(build_norm(norm_cfg, channels) for _ in range(count))


class DetrEncoderLayer(nn.Module):
    """Self attention and a feed-forward layer. Source: Carion et al., arXiv 2005.12872.

    Args:
        self_attn: attention layer.
        embed_dims: number of channels.
        ffn_cfg: settings of the feed-forward layer.
        norm_cfg: kind of norm.
    """

    def __init__(self, self_attn: nn.Module, embed_dims: int, ffn_cfg: Settings, norm_cfg: Settings = LN) -> None:
        super().__init__()
        self.self_attn = self_attn
        self.ffn = feed_forward(ffn_cfg)
        self.norms = norm_list(2, norm_cfg, embed_dims)

    def forward(self, x: Tensor, **attention: Any) -> Tensor:
        """Transform tokens (B, N, C); ``attention`` holds further arguments of the attention."""
        x = self.norms[0](x + self.self_attn(x, **attention))  # (B, N, C)
        return self.norms[1](x + self.ffn(x))  # (B, N, C)


class DetrDecoderLayer(nn.Module):
    """Attention of queries to each other and to tokens, and a feed-forward layer.

    Args:
        self_attn: attention among the queries.
        cross_attn: attention of the queries to the tokens.
        embed_dims: number of channels.
        ffn_cfg: settings of the feed-forward layer.
        norm_cfg: kind of norm.
    """

    def __init__(
        self,
        self_attn: nn.Module,
        cross_attn: nn.Module,
        embed_dims: int,
        ffn_cfg: Settings,
        norm_cfg: Settings = LN,
    ) -> None:
        super().__init__()
        self.self_attn, self.cross_attn = self_attn, cross_attn
        self.ffn = feed_forward(ffn_cfg)
        self.norms = norm_list(3, norm_cfg, embed_dims)

    def forward(self, x: Tensor, value: Tensor, *, query_pos: Tensor, blocked: Tensor | None, **cross: Any) -> Tensor:
        """Transform queries (B, Q, C).

        Args:
            x: (B, Q, C) queries.
            value: (B, M, C) tokens.
            query_pos: (B, Q, C) positions of the queries.
            blocked: (Q, Q) mask of the queries (columns) that each query (row) must not see, or None.
            cross: further arguments of the attention to the tokens.
        """
        x = self.norms[0](x + self.self_attn(x, query_pos=query_pos, attn_mask=blocked))  # (B, Q, C)
        x = self.norms[1](x + self.cross_attn(x, value, query_pos=query_pos, **cross))  # (B, Q, C)
        return self.norms[2](x + self.ffn(x))  # (B, Q, C)


class MLP(nn.Module):
    """Linear layers with ReLUs between them, named ``layers.0``, ``layers.1`` ...

    Args:
        widths: channels before, between and after the layers.
        starts_at_zero: whether the last layer starts with zero weights, so that a correction starts as none.
    """

    def __init__(self, *widths: int, starts_at_zero: bool = False) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(widths))
        for parameter in self.layers[-1].parameters() if starts_at_zero else ():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = layer(x).relu()  # (..., widths[i])
        return self.layers[-1](x)  # (..., widths[-1])


def inverse_sigmoid(x: Tensor, eps: float = 1e-3) -> Tensor:
    """Return the logits of shares in 0..1; shares near the ends count as if ``eps`` away from them."""
    x = x.clamp(0, 1)
    return torch.log(x.clamp(min=eps) / (1 - x).clamp(min=eps))
