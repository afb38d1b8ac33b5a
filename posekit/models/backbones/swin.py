"""Swin Transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.backbones.staged import FreezableBackbone
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.normalization import build_norm
from posekit.models.layers.patch_embed import PatchEmbed, PatchMerging, learned_positions, size_hw
from posekit.models.layers.transformer import GELU, LN, FeedForward
from posekit.models.layers.transformer_block import TransformerBlock, drop_path_rates
from posekit.models.layers.window_attention import WindowAttention, join_windows, split_windows
from posekit.registry import MODELS


class ShiftedWindowAttention(nn.Module):
    """Attention within windows of a grid that is shifted first.

    Shapes: the grid (B, H, W, C), padded (B, H', W', C); windows of h rows and w columns.
    """

    def __init__(self, channels: int, num_heads: int, window_size: int, shift: int, **options: Any) -> None:
        super().__init__()
        self.window_hw, self.shift = (window_size, window_size), shift
        self.w_msa = WindowAttention(channels, num_heads, self.window_hw, **options)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[1:3]
        size = self.window_hw[0]
        x = F.pad(x, (0, 0, 0, -width % size, 0, -height % size))  # (B, H', W', C)
        grid_hw = (x.shape[1], x.shape[2])
        mask = None
        if self.shift:
            x = x.roll((-self.shift, -self.shift), (1, 2))  # (B, H', W', C)
            mask = self.border_mask(grid_hw, x)  # (windows, h * w, h * w)
        x = join_windows(self.w_msa(split_windows(x, self.window_hw), mask), self.window_hw, grid_hw)  # (B, H', W', C)
        if self.shift:
            x = x.roll((self.shift, self.shift), (1, 2))
        return x[:, :height, :width]  # (B, H, W, C)

    def border_mask(self, grid_hw: tuple[int, int], like: Tensor) -> Tensor:
        """Return the mask: -100 between tokens of a window that were neighbours only through the shift, else 0."""
        parts = []
        for side in grid_hw:
            place = torch.arange(side, device=like.device)
            parts.append((place >= side - self.window_hw[0]).int() + (place >= side - self.shift).int())
        part = (parts[0][:, None] * 3 + parts[1])[None, ..., None]  # (1, H', W', 1)
        part = split_windows(part, self.window_hw).squeeze(-1)  # (windows, h * w)
        return (part[:, None] != part[:, :, None]).to(like.dtype) * -100.0  # (windows, h * w, h * w)


class SwinStage(nn.Module):
    """Blocks, every second of which shifts its windows, and the layer that builds the next stage's grid."""

    def __init__(self, blocks: Sequence[nn.Module], downsample: nn.Module | None) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.downsample = downsample


@MODELS.register_module()
class SwinTransformer(FreezableBackbone):
    """Swin Transformer. Source: Liu et al., arXiv 2103.14030.

    Args:
        pretrain_img_size: image size of learned absolute positions, used with ``use_abs_pos_embed``.
        depths: number of blocks of each stage; ``num_heads`` likewise.
        strides: strides of the patches and between the stages; only (patch_size, 2, 2, 2) is possible.
        out_indices: indices of the stages to return, from 0.
        patch_norm: whether patches are normalised, and tokens before they are merged.
        with_cp: whether activations are recomputed in the backward pass to save memory.
        convert_weights: whether pretrained weights have the original project's keys.
        frozen_stages: number of stages to freeze besides the patch embedding; -1 freezes nothing.
    """

    default_init = {"type": "TruncNormal", "std": 0.02, "layer": "Linear"}  # noqa: RUF012

    def __init__(
        self,
        pretrain_img_size: int | Sequence[int] = 224,
        in_channels: int = 3,
        embed_dims: int = 96,
        patch_size: int = 4,
        window_size: int = 7,
        mlp_ratio: int = 4,
        depths: Sequence[int] = (2, 2, 6, 2),
        num_heads: Sequence[int] = (3, 6, 12, 24),
        strides: Sequence[int] = (4, 2, 2, 2),
        out_indices: Sequence[int] = (0, 1, 2, 3),
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        patch_norm: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        use_abs_pos_embed: bool = False,
        act_cfg: Settings = GELU,
        norm_cfg: Settings = LN,
        with_cp: bool = False,
        convert_weights: bool = False,
        frozen_stages: int = -1,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        if list(strides) != [patch_size, *[2] * (len(depths) - 1)]:
            fitting = (patch_size, *[2] * (len(depths) - 1))
            raise ValueError(f"SwinTransformer.strides: {strides} do not fit; use {fitting}")
        self.out_indices, self.convert_weights = out_indices, convert_weights
        patch_norm_cfg = norm_cfg if patch_norm else None
        self.patch_embed = PatchEmbed(in_channels, embed_dims, patch_size, patch_size, norm_cfg=patch_norm_cfg)
        self.absolute_pos_embed = None
        if use_abs_pos_embed:
            height, width = size_hw(pretrain_img_size)
            self.absolute_pos_embed = learned_positions((height // patch_size) * (width // patch_size), embed_dims)
        self.drop_after_pos = nn.Dropout(drop_rate)
        rates = iter(drop_path_rates(drop_path_rate, sum(depths)))
        attention: Settings = {
            "qkv_bias": qkv_bias,
            "qk_scale": qk_scale,
            "attn_drop": attn_drop_rate,
            "proj_drop": drop_rate,
        }

        def block(width: int, heads: int, index: int) -> nn.Module:
            shift = window_size // 2 if index % 2 else 0
            return TransformerBlock(
                width,
                ShiftedWindowAttention(width, heads, window_size, shift, **attention),
                FeedForward(width, mlp_ratio * width, act_cfg=act_cfg, ffn_drop=drop_rate),
                norm_cfg=norm_cfg,
                drop_path=next(rates),
                with_cp=with_cp,
            )

        self.stages = nn.ModuleList()
        for stage, (depth, heads) in enumerate(zip(depths, num_heads, strict=True)):
            width, is_last = embed_dims * 2**stage, stage == len(depths) - 1
            blocks = [block(width, heads, index) for index in range(depth)]
            merging = None if is_last else PatchMerging(width, 2 * width, norm_cfg=patch_norm_cfg)
            self.stages.append(SwinStage(blocks, merging))
            if stage in out_indices:
                self.add_module(f"norm{stage}", build_norm(norm_cfg, width))
        self.freeze_stages(frozen_stages)

    def freeze_stages(self, count: int) -> None:
        if count < 0:
            return
        norms = [f"norm{stage}" for stage in self.out_indices if stage < count]
        self.frozen = ["patch_embed", "drop_after_pos", *norms, *(f"stages.{i}" for i in range(count))]
        self.freeze()
        if self.absolute_pos_embed is not None:
            self.absolute_pos_embed.requires_grad_(False)

    def convert_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Convert pretrained weights of the original project to this class's keys and fit other window sizes."""
        state = dict(map(convert_swin_weight, state.items())) if self.convert_weights else dict(state)
        weights = self.state_dict()
        for key, table in state.items():
            if key.endswith("relative_position_bias_table") and table.shape[0] != weights[key].shape[0]:
                sides = [round(rows**0.5) for rows in (table.shape[0], weights[key].shape[0])]
                grid = table.T.unflatten(1, (sides[0], sides[0]))[None]
                state[key] = F.interpolate(grid, (sides[1], sides[1]), mode="bicubic")[0].flatten(1).T
        return state

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.patch_embed(x)  # (B, H/4, W/4, embed_dims)
        if self.absolute_pos_embed is not None:
            x = x + self.absolute_pos_embed.view(1, *x.shape[1:])  # (B, H/4, W/4, embed_dims)
        x = self.drop_after_pos(x)
        outputs = []
        stage: Any
        for index, stage in enumerate(self.stages):
            x = stage.blocks(x)  # (B, H_i, W_i, C_i)
            if index in self.out_indices:
                outputs.append(getattr(self, f"norm{index}")(x).permute(0, 3, 1, 2))  # (B, C_i, H_i, W_i)
            if stage.downsample is not None:
                x = stage.downsample(x)  # (B, H_i / 2, W_i / 2, 2 * C_i)
        return tuple(outputs)


RENAMED = {
    "layers.": "stages.",
    "attn.": "attn.w_msa.",
    "mlp.fc1.": "ffn.layers.0.0.",
    "mlp.fc2.": "ffn.layers.1.",
    "patch_embed.proj.": "patch_embed.projection.",
}


def convert_swin_weight(item: tuple[str, Tensor]) -> tuple[str, Tensor]:
    """Rename a weight of the original project, which orders merged tokens by column, row and then channel."""
    key, value = item
    if "downsample." in key:
        value = value.unflatten(-1, (2, 2, -1)).movedim(-1, -3).transpose(-1, -2).flatten(-3)
    for old, new in RENAMED.items():
        key = key.replace(old, new)
    return key, value
