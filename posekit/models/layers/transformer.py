"""Attention and feed-forward layers, the parts of transformers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.base_module import Settings
from posekit.models.layers.activation import build_activation

GELU: Settings = {"type": "GELU"}
LN: Settings = {"type": "LN"}
LN6: Settings = {"type": "LN", "eps": 1e-6}


class LayerScale(nn.Module):
    """One learned factor per channel."""

    def __init__(self, channels: int, value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), value))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight  # same shape


def layer_scale(channels: int, value: float) -> nn.Module:
    return LayerScale(channels, value) if value > 0 else nn.Identity()


class SelfAttention(nn.Module):
    """Multi-head attention of tokens (..., N, C) to each other, with one joint projection ``qkv``."""

    def __init__(
        self,
        channels: int,
        num_heads: int,
        *,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads, self.scale, self.attn_drop = num_heads, qk_scale, attn_drop
        self.qkv = nn.Linear(channels, channels * 3, bias=qkv_bias)
        self.proj = nn.Linear(channels, channels)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return tokens (..., N, C); ``bias``, broadcastable to (..., heads, N, N), is added before the softmax."""
        # -> (..., heads, N, C / heads) each
        q, k, v = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).transpose(-2, -4).unbind(-3)
        dropout = self.attn_drop if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, bias, dropout, scale=self.scale)  # (..., heads, N, C / heads)
        return self.proj_drop(self.proj(out.transpose(-2, -3).flatten(-2)))  # (..., N, C)


class ScaledSelfAttention(SelfAttention):
    """Self-attention followed by a layer scale ``gamma1``."""

    def __init__(self, channels: int, num_heads: int, scale_init: float, **options: float | bool) -> None:
        super().__init__(channels, num_heads, **options)  # pyright: ignore[reportArgumentType]
        self.gamma1 = layer_scale(channels, scale_init)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        return self.gamma1(super().forward(x, bias))  # (..., N, C)


class MultiheadAttention(nn.Module):
    """torch's attention under the name ``attn``; positions are added to queries and keys only."""

    def __init__(
        self, embed_dims: int, num_heads: int, *, dropout: float = 0.0, proj_drop: float = 0.0, bias: bool = True
    ) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(embed_dims, num_heads, dropout, bias=bias, batch_first=True)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        *,
        query_pos: Tensor | None = None,
        key_pos: Tensor | None = None,
        attn_mask: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
    ) -> Tensor:
        """Return (B, N, C) for queries (B, N, C); key and value (B, M, C) are the query and the key by default."""
        if key is None:
            key, key_pos = query, query_pos
        value = key if value is None else value
        out, _ = self.attn(
            query if query_pos is None else query + query_pos,
            key if key_pos is None else key + key_pos,
            value,
            attn_mask=attn_mask,
            key_padding_mask=key_padding_mask,
            need_weights=False,
        )
        return self.proj_drop(out)  # (B, N, C)


class FeedForward(nn.Module):
    """Two linear layers with an activation between them, named ``layers.0.0`` and ``layers.1``."""

    def __init__(
        self,
        embed_dims: int,
        feedforward_channels: int,
        *,
        act_cfg: Settings = GELU,
        ffn_drop: float = 0.0,
        scale_init: float = 0.0,
    ) -> None:
        super().__init__()
        inner = nn.Sequential(
            nn.Linear(embed_dims, feedforward_channels), build_activation(act_cfg), nn.Dropout(ffn_drop)
        )
        self.layers = nn.Sequential(inner, nn.Linear(feedforward_channels, embed_dims), nn.Dropout(ffn_drop))
        self.gamma2 = layer_scale(embed_dims, scale_init)

    def forward(self, x: Tensor) -> Tensor:
        return self.gamma2(self.layers(x))  # (..., C)
