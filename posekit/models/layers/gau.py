"""Gated attention between the keypoints of a pose."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from posekit.models.layers.normalization import ScaleNorm
from posekit.models.layers.residual_branch import DropPath

_ACTIVATIONS = {"SiLU": nn.SiLU, "ReLU": nn.ReLU}


class LearnedScale(nn.Module):
    """Multiplies by one learned number, or by one per channel of the last axis."""

    def __init__(self, scale: float = 1.0, channels: int | None = None, *, trainable: bool = True) -> None:
        super().__init__()
        value = torch.tensor(scale) if channels is None else torch.full((channels,), scale)
        self.scale = nn.Parameter(value, requires_grad=trainable)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale  # same shape


class GatedAttentionUnit(nn.Module):
    """Self-attention with squared ReLU instead of softmax, whose result is gated by its input.

    Shapes: B batch, K tokens, C input channels, E = C * expansion_factor, S attention channels.

    Args:
        num_token: number of tokens K, for the relative bias.
        in_token_dims: input channels C.
        out_token_dims: output channels; where they equal C, a residual connection is added.
        expansion_factor: E / C.
        s: attention channels S.
        eps: smallest root mean square of a token.
        dropout_rate: dropout of the attention.
        drop_path: probability that training leaves a sample's branch out.
        act_fn: SiLU or ReLU.
        bias: whether linear layers have a bias.
        use_rel_bias: whether a learned bias is added for each distance between two tokens.
        pos_enc: whether queries and keys are rotated by their position.

    Raises:
        ValueError: if the activation is unknown.

    Source: Hua et al., arXiv 2202.10447, section 3; RTMPose, arXiv 2303.07399.
    """

    def __init__(
        self,
        num_token: int,
        in_token_dims: int,
        out_token_dims: int,
        *,
        expansion_factor: float = 2,
        s: int = 128,
        eps: float = 1e-5,
        dropout_rate: float = 0.0,
        drop_path: float = 0.0,
        act_fn: str = "SiLU",
        bias: bool = False,
        use_rel_bias: bool = True,
        pos_enc: bool = False,
    ) -> None:
        super().__init__()
        if act_fn not in _ACTIVATIONS:
            raise ValueError(f"act_fn: got {act_fn!r}, allowed are {', '.join(_ACTIVATIONS)}")
        wide = int(in_token_dims * expansion_factor)
        self.sizes = [wide, wide, s]
        self.pos_enc = pos_enc
        self.ln = ScaleNorm(in_token_dims, eps)
        self.uv = nn.Linear(in_token_dims, sum(self.sizes), bias=bias)
        self.gamma = nn.Parameter(torch.rand(2, s))
        self.beta = nn.Parameter(torch.rand(2, s))
        self.w = nn.Parameter(torch.rand(2 * num_token - 1)) if use_rel_bias else None
        self.o = nn.Linear(wide, out_token_dims, bias=bias)
        self.act_fn = _ACTIVATIONS[act_fn](inplace=True)
        self.dropout = nn.Dropout(dropout_rate)
        self.drop_path = DropPath(drop_path)
        self.res_scale = LearnedScale(channels=in_token_dims) if in_token_dims == out_token_dims else None
        nn.init.xavier_uniform_(self.uv.weight)

    def forward(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """Map tokens (B, K, C) to (B, K, out_token_dims); positions (K, S) are added to queries and keys."""
        branch = self.drop_path(self.attend(tokens, positions))  # (B, K, out_token_dims)
        return branch if self.res_scale is None else self.res_scale(tokens) + branch

    def attend(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """Return the gated mixture of all tokens."""
        # -> (B, K, E), (B, K, E), (B, K, S)
        gate, value, shared = self.act_fn(self.uv(self.ln(tokens))).split(self.sizes, dim=-1)
        shared = shared.unsqueeze(2) * self.gamma + self.beta  # (B, K, 2, S)
        if positions is not None:
            shared = shared + positions[:, None]  # (B, K, 2, S)
        if self.pos_enc:
            shared = rotate_by_position(shared)  # (B, K, 2, S)
        query, key = shared.unbind(2)  # (B, K, S) each
        scores = query @ key.transpose(1, 2)  # (B, K, K)
        if self.w is not None:
            scores = scores + self.relative_bias(self.w, tokens.shape[1])
        attention = F.relu(scores / math.sqrt(self.sizes[-1])).square()  # (B, K, K)
        return self.o(gate * (self.dropout(attention) @ value))  # (B, K, out_token_dims)

    @staticmethod
    def relative_bias(weight: Tensor, num_tokens: int) -> Tensor:
        """Return the (K, K) matrix whose entry (i, j) is the weight of the distance j - i."""
        position = torch.arange(num_tokens, device=weight.device)  # (K,)
        return weight[position[None] - position[:, None] + num_tokens - 1]  # (K, K)


def rotate_by_position(x: Tensor) -> Tensor:
    """Rotate pairs of channels of (B, K, 2, S) by angles that grow with the token's position.

    The angular step grows with the channel, 10000 ** (i / half), because released weights were trained with that.

    Source: Su et al., arXiv 2104.09864, with the frequencies inverted.
    """
    half = x.shape[-1] // 2
    step = 10000 ** (torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angle = (torch.arange(x.shape[1], device=x.device)[:, None, None] * step).to(x.dtype)  # (K, 1, S / 2)
    first, second = x.chunk(2, dim=-1)  # (B, K, 2, S / 2) each
    # -> (B, K, 2, S)
    return torch.cat([first * angle.cos() - second * angle.sin(), second * angle.cos() + first * angle.sin()], dim=-1)
