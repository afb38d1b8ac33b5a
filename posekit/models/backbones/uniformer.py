"""UniFormer: convolutions in the first two stages, attention in the last two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import InitRules
from posekit.models.layers.residual_branch import DropPath, run_checkpointed
from posekit.models.layers.transformer import SelfAttention
from posekit.models.layers.transformer_block import drop_path_rates
from posekit.models.layers.window_attention import join_windows, split_windows
from posekit.registry import MODELS


class Mlp(nn.Module):
    """Two layers, linear or 1x1 convolutions, with an activation between them."""

    def __init__(self, fc1: nn.Module, fc2: nn.Module, drop: float) -> None:
        super().__init__()
        self.fc1, self.fc2 = fc1, fc2
        self.act, self.drop = nn.GELU(), nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


class UniFormerBlock(nn.Module):
    """Positions by a depthwise convolution, then a mixer of places and one of channels, each beside a shortcut."""

    def __init__(self, channels: int, drop_path: float) -> None:
        super().__init__()
        self.pos_embed = depthwise(channels, 3)
        self.drop_path = DropPath(drop_path)


class ConvBlock(UniFormerBlock):
    """Mixes the places of maps (B, C, H, W) by a 5x5 depthwise convolution."""

    def __init__(self, channels: int, hidden: int, *, drop: float, drop_path: float) -> None:
        super().__init__(channels, drop_path)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, channels, 1)
        self.attn = depthwise(channels, 5)
        self.conv2 = nn.Conv2d(channels, channels, 1)
        self.norm2 = nn.BatchNorm2d(channels)
        self.mlp = Mlp(nn.Conv2d(channels, hidden, 1), nn.Conv2d(hidden, channels, 1), drop)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.pos_embed(x)
        x = x + self.drop_path(self.conv2(self.attn(self.conv1(self.norm1(x)))))
        return x + self.drop_path(self.mlp(self.norm2(x)))


class AttentionBlock(UniFormerBlock):
    """Mixes the places of maps (B, C, H, W) by attention to all others, or to those of the same window."""

    def __init__(
        self,
        channels: int,
        hidden: int,
        attn: SelfAttention,
        *,
        drop: float,
        drop_path: float,
        window_size: int | None = None,
    ) -> None:
        super().__init__(channels, drop_path)
        self.window_size = window_size
        self.norm1 = nn.LayerNorm(channels)
        self.attn = attn
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = Mlp(nn.Linear(channels, hidden), nn.Linear(hidden, channels), drop)

    def forward(self, x: Tensor) -> Tensor:
        x = (x + self.pos_embed(x)).permute(0, 2, 3, 1)  # (B, H, W, C)
        x = x + self.drop_path(self.mixed(self.norm1(x)))
        x = x + self.drop_path(self.mlp(self.norm2(x)))
        return x.permute(0, 3, 1, 2)

    def mixed(self, x: Tensor) -> Tensor:
        """Let the tokens of a grid (B, H, W, C) attend to one another."""
        height, width = x.shape[1:3]
        if self.window_size is None:
            return self.attn(x.flatten(1, 2)).unflatten(1, (height, width))
        window = (self.window_size, self.window_size)
        x = F.pad(x, (0, 0, 0, -width % self.window_size, 0, -height % self.window_size))
        windows = self.attn(split_windows(x, window))
        return join_windows(windows, window, (x.shape[1], x.shape[2]))[:, :height, :width]


class PatchProjection(nn.Module):
    """A strided convolution and a norm, from maps (B, C, H, W) to smaller ones."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(in_channels, channels, stride, stride)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        return on_tokens(self.norm, self.proj(x))


@MODELS.register_module()
class UniFormer(BaseBackbone):
    """UniFormer for dense prediction; the maps of its four stages have strides of 4, 8, 16 and 32.

    Args:
        depths: blocks of each stage.
        in_channels: channels of the image.
        embed_dims: channels of each stage.
        head_dim: channels of an attention head.
        mlp_ratio: how many times wider the layers between are.
        qkv_bias: whether queries, keys and values have a bias.
        qk_scale: factor on the products of queries and keys; by default one over the root of ``head_dim``.
        drop_rate: dropout of tokens.
        attn_drop_rate: dropout of attention.
        drop_path_rate: of the last block; it rises evenly from 0.
        use_checkpoint: recompute activations in the backward pass to save memory.
        checkpoint_num: in how many blocks of each stage.
        use_window: in the third stage, attention only within windows.
        use_hybrid: there, every fourth block attends to everything, the others within windows.
        window_size: rows and columns of a window.
        out_indices: the stages to return, from 0.
        init_cfg: rules for the initial weights.

    Source: Li et al., arXiv 2201.09450.
    """

    default_init: ClassVar[InitRules] = [
        {"type": "TruncNormal", "layer": "Linear", "std": 0.02, "bias": 0.0},
        {"type": "Constant", "layer": "LayerNorm", "val": 1.0, "bias": 0.0},
    ]

    def __init__(
        self,
        depths: Sequence[int] = (3, 4, 8, 3),
        in_channels: int = 3,
        embed_dims: Sequence[int] = (64, 128, 320, 512),
        head_dim: int = 64,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        use_checkpoint: bool = False,
        checkpoint_num: Sequence[int] = (0, 0, 0, 0),
        use_window: bool = False,
        use_hybrid: bool = False,
        window_size: int = 14,
        out_indices: Sequence[int] = (0, 1, 2, 3),
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        self.out_indices = out_indices
        self.num_checkpointed = checkpoint_num if use_checkpoint else (0,) * len(depths)
        self.drop_after_pos = nn.Dropout(drop_rate)
        rates = iter(drop_path_rates(drop_path_rate, sum(depths)))

        def block(stage: int, index: int) -> nn.Module:
            channels, drops = embed_dims[stage], {"drop": drop_rate, "drop_path": next(rates)}
            hidden = int(channels * mlp_ratio)
            if stage < 2:
                return ConvBlock(channels, hidden, **drops)
            windowed = stage == 2 and (use_window or (use_hybrid and index % 4 != 3))
            scale = {"qkv_bias": qkv_bias, "qk_scale": qk_scale}
            attn = SelfAttention(channels, channels // head_dim, **scale, attn_drop=attn_drop_rate, proj_drop=drop_rate)
            return AttentionBlock(channels, hidden, attn, **drops, window_size=window_size if windowed else None)

        for stage, channels in enumerate(embed_dims):
            patches = PatchProjection(in_channels, channels, stride=4 if stage == 0 else 2)
            blocks = nn.ModuleList([block(stage, index) for index in range(depths[stage])])
            self.add_module(f"patch_embed{stage + 1}", patches)
            self.add_module(f"blocks{stage + 1}", blocks)
            norm = nn.LayerNorm(channels, eps=1e-6).requires_grad_(stage in out_indices)
            self.add_module(f"norm{stage + 1}", norm)
            in_channels = channels

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Turn images (B, 3, H, W) into the maps of the chosen stages."""
        outputs = {}
        for stage, num_checkpointed in enumerate(self.num_checkpointed):
            x = self.get_submodule(f"patch_embed{stage + 1}")(x)
            x = self.drop_after_pos(x) if stage == 0 else x
            for index, block in enumerate(self.get_submodule(f"blocks{stage + 1}").children()):
                x = run_checkpointed(block, x, enabled=index < num_checkpointed)
            if stage in self.out_indices:
                outputs[stage] = on_tokens(self.get_submodule(f"norm{stage + 1}"), x)
        return tuple(outputs[stage] for stage in self.out_indices)


def depthwise(channels: int, kernel_size: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2, groups=channels)


def on_tokens(layer: nn.Module, maps: Tensor) -> Tensor:
    """Apply what works on the last axis to the channels of maps (B, C, H, W)."""
    return layer(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
