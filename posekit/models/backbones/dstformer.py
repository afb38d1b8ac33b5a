"""DSTFormer, the backbone of MotionBERT."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import InitRules
from posekit.models.layers.residual_branch import DropPath
from posekit.models.layers.transformer import SelfAttention
from posekit.models.layers.transformer_block import drop_path_rates
from posekit.registry import MODELS


class SpaceTimeBlock(nn.Module):
    """Attention between the keypoints of a frame and between the frames of a keypoint, each with its own MLP.

    Args:
        order: ``st`` for space first, ``ts`` for time first.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        inner: int,
        *,
        order: str,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop: float = 0.0,
        attn_drop: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.order = order
        self.drop_path = DropPath(drop_path)
        for axis in "st":
            attention = SelfAttention(
                channels, num_heads, qkv_bias=qkv_bias, qk_scale=qk_scale, attn_drop=attn_drop, proj_drop=drop
            )
            layers = nn.Linear(channels, inner), nn.GELU(), nn.Linear(inner, channels), nn.Dropout(drop)
            self.add_module(f"norm1_{axis}", nn.LayerNorm(channels, eps=1e-6))
            self.add_module(f"attn_{axis}", attention)
            self.add_module(f"norm2_{axis}", nn.LayerNorm(channels, eps=1e-6))
            self.add_module(f"mlp_{axis}", nn.Sequential(*layers))

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (B, T, K, C): B batch, T frames, K keypoints, C channels."""
        for axis in self.order:
            norm1, attn, norm2, mlp = (getattr(self, f"{name}_{axis}") for name in ("norm1", "attn", "norm2", "mlp"))
            y = norm1(x)  # (B, T, K, C)
            y = each(attn, y) if axis == "s" else each(attn, y.transpose(1, 2)).transpose(1, 2)  # "t": (B, K, T, C)
            x = x + self.drop_path(y)  # (B, T, K, C)
            x = x + self.drop_path(mlp(norm2(x)))  # (B, T, K, C)
        return x


def each(attn: SelfAttention, x: Tensor) -> Tensor:
    """Return attention within each of x (B, S, N, C), as a batch (B S, N, C): ONNX has none of more dimensions."""
    return attn(x.flatten(0, 1)).unflatten(0, x.shape[:2])  # (B, S, N, C)


@MODELS.register_module()
class DSTFormer(BaseBackbone):
    """Two streams of space-time attention over a sequence of poses. Source: Zhu et al., arXiv 2210.06551.

    Shapes: B batch, T frames, K keypoints, C ``in_channels``, D ``feat_size``.

    Args:
        in_channels: numbers per keypoint.
        depth: number of blocks of each stream.
        seq_len: largest number of frames.
        att_fuse: whether learned attention weighs the two streams; otherwise their mean is taken.
    """

    default_init = {"type": "TruncNormal", "std": 0.02, "layer": "Linear"}  # noqa: RUF012

    def __init__(
        self,
        in_channels: int,
        feat_size: int = 256,
        depth: int = 5,
        num_heads: int = 8,
        mlp_ratio: float = 4,
        num_keypoints: int = 17,
        seq_len: int = 243,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        att_fuse: bool = True,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        self.joints_embed = nn.Linear(in_channels, feat_size)
        self.pos_drop = nn.Dropout(drop_rate)

        def blocks(order: str) -> nn.ModuleList:
            return nn.ModuleList(
                SpaceTimeBlock(
                    feat_size,
                    num_heads,
                    int(feat_size * mlp_ratio),
                    order=order,
                    qkv_bias=qkv_bias,
                    qk_scale=qk_scale,
                    drop=drop_rate,
                    attn_drop=attn_drop_rate,
                    drop_path=rate,
                )
                for rate in drop_path_rates(drop_path_rate, depth)
            )

        self.blocks_st, self.blocks_ts = blocks("st"), blocks("ts")
        self.norm = nn.LayerNorm(feat_size, eps=1e-6)
        self.temp_embed = nn.Parameter(nn.init.trunc_normal_(torch.zeros(1, seq_len, 1, feat_size), std=0.02))
        self.spat_embed = nn.Parameter(nn.init.trunc_normal_(torch.zeros(1, num_keypoints, feat_size), std=0.02))
        self.attn_regress = nn.ModuleList(nn.Linear(feat_size * 2, 2) for _ in range(depth)) if att_fuse else None

    def forward(self, x: Tensor) -> Tensor:
        """Return features (B, T, K, D) of sequences (B, T, K, C), or of a single one (T, K, C)."""
        x = x.unsqueeze(0) if x.ndim == 3 else x  # (B, T, K, C)
        x = self.pos_drop(self.joints_embed(x) + self.spat_embed + self.temp_embed[:, : x.shape[1]])  # (B, T, K, D)
        for index, (space_first, time_first) in enumerate(zip(self.blocks_st, self.blocks_ts, strict=True)):
            streams = space_first(x), time_first(x)  # twice (B, T, K, D)
            if self.attn_regress is None:
                x = (streams[0] + streams[1]) * 0.5
                continue
            share = self.attn_regress[index](torch.cat(streams, -1)).softmax(-1)  # (B, T, K, 2)
            x = streams[0] * share[..., :1] + streams[1] * share[..., 1:]  # (B, T, K, D)
        return self.norm(x)  # (B, T, K, D)
