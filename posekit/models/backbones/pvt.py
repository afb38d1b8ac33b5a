"""Pyramid Vision Transformers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isqrt, prod
from typing import Any

import torch
from torch import Tensor, nn

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import KAIMING, InitRules, Settings
from posekit.models.layers.activation import build_activation
from posekit.models.layers.normalization import build_norm
from posekit.models.layers.patch_embed import PatchEmbed, learned_positions, resize_positions, size_hw
from posekit.models.layers.transformer import GELU, LN6, MultiheadAttention
from posekit.models.layers.transformer_block import TransformerBlock, drop_path_rates, on_grid
from posekit.registry import MODELS


class SpatialReductionAttention(MultiheadAttention):
    """Attention of the tokens of a grid (B, H, W, C) to the same grid at 1 / ``sr_ratio`` of its size."""

    def __init__(self, channels: int, num_heads: int, sr_ratio: int, *, norm_cfg: Settings, **options: Any) -> None:
        super().__init__(channels, num_heads, **options)
        self.sr_ratio = sr_ratio
        if sr_ratio > 1:
            self.sr = nn.Conv2d(channels, channels, sr_ratio, sr_ratio)
            self.norm = build_norm(norm_cfg, channels)

    def forward(self, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        key = self.norm(on_grid(self.sr, x)) if self.sr_ratio > 1 else x  # (B, H / sr_ratio, W / sr_ratio, C)
        return super().forward(x.flatten(1, 2), key.flatten(1, 2)).unflatten(1, x.shape[1:3])  # (B, H, W, C)


class MixFeedForward(nn.Module):
    """1x1 convolutions on a grid (B, H, W, C), with a depthwise 3x3 between them where ``use_conv``."""

    def __init__(self, channels: int, inner: int, *, act_cfg: Settings, drop: float, use_conv: bool) -> None:
        super().__init__()
        middle = [nn.Conv2d(inner, inner, 3, padding=1, groups=inner)] if use_conv else []
        drops = nn.Dropout(drop), nn.Dropout(drop)
        outer = nn.Conv2d(channels, inner, 1), nn.Conv2d(inner, channels, 1)
        self.layers = nn.Sequential(outer[0], *middle, build_activation(act_cfg), drops[0], outer[1], drops[1])

    def forward(self, x: Tensor) -> Tensor:
        return on_grid(self.layers, x)  # (B, H, W, C)


class AbsolutePositions(nn.Module):
    """Adds learned positions, interpolated to the grid's size."""

    def __init__(self, grid_hw: tuple[int, int], channels: int, drop: float) -> None:
        super().__init__()
        self.grid_hw = grid_hw
        self.pos_embed = learned_positions(grid_hw[0] * grid_hw[1], channels)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        size = (x.shape[1], x.shape[2])
        # -> (B, H, W, C)
        return self.drop(x + resize_positions(self.pos_embed, self.grid_hw, size, "bilinear").unflatten(1, size))


@MODELS.register_module()
class PyramidVisionTransformer(BaseBackbone):
    """PVT. Source: Wang et al., arXiv 2102.12122.

    Args:
        pretrain_img_size: image size of the learned positions.
        embed_dims: channels per attention head of each stage.
        num_layers: number of blocks of each stage; ``num_heads``, ``patch_sizes``, ``strides``, ``paddings``,
            ``sr_ratios`` (the factor by which keys and values are reduced) and ``mlp_ratios`` likewise.
        out_indices: indices of the stages to return, from 0.
        norm_after_stage: whether each stage's output is normalised.
        use_conv_ffn: whether feed-forward layers contain a depthwise convolution.
        convert_weights: whether pretrained weights have the original project's keys.
    """

    default_init = [{"type": "TruncNormal", "std": 0.02, "layer": "Linear"}, KAIMING]  # noqa: RUF012

    def __init__(
        self,
        pretrain_img_size: int | Sequence[int] = 224,
        in_channels: int = 3,
        embed_dims: int = 64,
        num_stages: int = 4,
        num_layers: Sequence[int] = (3, 4, 6, 3),
        num_heads: Sequence[int] = (1, 2, 5, 8),
        patch_sizes: Sequence[int] = (4, 2, 2, 2),
        strides: Sequence[int] = (4, 2, 2, 2),
        paddings: Sequence[int] = (0, 0, 0, 0),
        sr_ratios: Sequence[int] = (8, 4, 2, 1),
        out_indices: Sequence[int] = (0, 1, 2, 3),
        mlp_ratios: Sequence[int] = (8, 8, 4, 4),
        qkv_bias: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        use_abs_pos_embed: bool = True,
        norm_after_stage: bool = False,
        use_conv_ffn: bool = False,
        act_cfg: Settings = GELU,
        norm_cfg: Settings = LN6,
        convert_weights: bool = True,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        self.out_indices, self.convert_weights = out_indices, convert_weights
        height, width = size_hw(pretrain_img_size)
        rates = iter(drop_path_rates(drop_path_rate, sum(num_layers)))
        attention: Settings = dict(dropout=attn_drop_rate, proj_drop=drop_rate, bias=qkv_bias, norm_cfg=norm_cfg)

        def block(stage: int, width: int) -> nn.Module:
            attn = SpatialReductionAttention(width, num_heads[stage], sr_ratios[stage], **attention)
            inner = mlp_ratios[stage] * width
            ffn = MixFeedForward(width, inner, act_cfg=act_cfg, drop=drop_rate, use_conv=use_conv_ffn)
            return TransformerBlock(width, attn, ffn, norm_cfg=norm_cfg, drop_path=next(rates))

        self.layers = nn.ModuleList()
        for stage in range(num_stages):
            channels = embed_dims * num_heads[stage]
            patches = PatchEmbed(
                in_channels, channels, patch_sizes[stage], strides[stage], padding=paddings[stage], norm_cfg=norm_cfg
            )
            blocks = [block(stage, channels) for _ in range(num_layers[stage])]
            if use_abs_pos_embed:
                side = prod(patch_sizes[: stage + 1])
                blocks.insert(0, AbsolutePositions((height // side, width // side), channels, drop_rate))
            norm = build_norm(norm_cfg, channels) if norm_after_stage else nn.Identity()
            self.layers.append(nn.ModuleList([patches, nn.Sequential(*blocks), norm]))
            in_channels = channels

    def convert_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Convert pretrained weights of the original project to this class's keys."""
        return convert_pvt_state(state) if self.convert_weights else state

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs = []
        for patches, blocks, norm in self.layers:  # pyright: ignore[reportGeneralTypeIssues]
            x = norm(blocks(patches(x))).permute(0, 3, 1, 2)  # (B, C_i, H_i, W_i)
            outputs.append(x)
        return tuple(outputs[index] for index in self.out_indices)


@MODELS.register_module()
class PyramidVisionTransformerV2(PyramidVisionTransformer):
    """PVT v2: patches overlap, and convolutions take the place of learned positions.

    Source: Wang et al., arXiv 2106.13797.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            patch_sizes=(7, 3, 3, 3),
            paddings=(3, 1, 1, 1),
            use_abs_pos_embed=False,
            norm_after_stage=True,
            use_conv_ffn=True,
            **options,
        )


def convert_pvt_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the original project's weights; queries and keys-with-values become one projection."""
    first = int(any(key.startswith("pos_embed") for key in state))  # positions come before the blocks
    last = 4 if any("dwconv" in key for key in state) else 3
    renamed = {
        "proj.": "attn.out_proj.",
        "q.": "attn.in_proj_",
        "fc1.": "ffn.layers.0.",
        "dwconv.dwconv.": "ffn.layers.1.",
        "fc2.": f"ffn.layers.{last}.",
    }
    converted = {}
    for key, value in state.items():
        match = re.match(r"(pos_embed|patch_embed|block|norm)(\d)\.?(.*)", key)
        if match is None or ".attn.kv." in key:
            continue
        kind, stage, rest = match[1], int(match[2]) - 1, match[3]
        if kind == "pos_embed":
            extra = value.shape[1] - isqrt(value.shape[1]) ** 2  # the last stage has one more, for the class token
            converted[f"layers.{stage}.1.0.pos_embed"] = value[:, extra:]
        elif kind == "patch_embed":
            converted[f"layers.{stage}.0.{rest.replace('proj.', 'projection.')}"] = value
        elif kind == "norm":
            converted[f"layers.{stage}.2.{rest}"] = value
        else:
            index, _, rest = rest.partition(".")
            part, _, leaf = rest.partition(".")
            if leaf.startswith("q."):
                value = torch.cat((value, state[key.replace(".q.", ".kv.")]))
            if leaf in ("fc1.weight", "fc2.weight"):
                value = value[..., None, None]
            for old, new in renamed.items():
                if leaf.startswith(old):
                    leaf = new + leaf.removeprefix(old)
            path = leaf if part == "mlp" else f"{part}.{leaf}"
            converted[f"layers.{stage}.1.{int(index) + first}.{path}"] = value
    return converted
