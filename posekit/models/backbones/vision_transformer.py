"""Vision Transformer, the backbone of ViTPose."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from posekit.console import check_choice
from posekit.models.backbones.staged import FreezableBackbone
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.normalization import build_norm
from posekit.models.layers.patch_embed import PatchEmbed, learned_positions, resize_positions, size_hw
from posekit.models.layers.transformer import GELU, LN6, FeedForward, ScaledSelfAttention
from posekit.models.layers.transformer_block import TransformerBlock, drop_path_rates
from posekit.registry import MODELS

OUT_TYPES = ("raw", "cls_token", "featmap", "avg_featmap")


def architecture(embed_dims: int, num_layers: int, num_heads: int, feedforward_channels: int) -> Settings:
    return {
        "embed_dims": embed_dims,
        "num_layers": num_layers,
        "num_heads": num_heads,
        "feedforward_channels": feedforward_channels,
    }


def encoder_block(
    *,
    embed_dims: int,
    num_heads: int,
    feedforward_channels: int,
    layer_scale_init_value: float = 0.0,
    drop_rate: float = 0.0,
    attn_drop_rate: float = 0.0,
    drop_path_rate: float = 0.0,
    qkv_bias: bool = True,
    act_cfg: Settings = GELU,
    norm_cfg: Settings = LN6,
) -> TransformerBlock:
    """Return a block with this network's names: ``ln1``, ``attn``, ``ln2``, ``ffn``."""
    attn = ScaledSelfAttention(
        embed_dims,
        num_heads,
        layer_scale_init_value,
        qkv_bias=qkv_bias,
        attn_drop=attn_drop_rate,
        proj_drop=drop_rate,
    )
    ffn = FeedForward(
        embed_dims, feedforward_channels, act_cfg=act_cfg, ffn_drop=drop_rate, scale_init=layer_scale_init_value
    )
    return TransformerBlock(embed_dims, attn, ffn, norm_cfg=norm_cfg, drop_path=drop_path_rate, norms=("ln1", "ln2"))


@MODELS.register_module()
class VisionTransformer(FreezableBackbone):
    """Vision Transformer. Source: Dosovitskiy et al., arXiv 2010.11929.

    Shapes: h and w rows and columns of patches, C channels, N = h * w tokens, one more with a class token.

    Args:
        arch: a key of ``arch_zoo``, or a dict with the same keys as its values.
        img_size: image size (height, width) of the learned positions.
        out_indices: indices of the blocks to return, from 0; negative ones count from the end.
        final_norm: whether the last block's output is normalised.
        out_type: ``raw`` tokens (B, N, C), ``cls_token`` (B, C), ``featmap`` (B, C, h, w) or its normalised mean
            ``avg_featmap`` (B, C).
        with_cls_token: whether a learned token precedes the patches.
        frozen_stages: number of blocks to freeze besides the patch embedding; -1 freezes nothing.
        interpolate_mode: interpolation that fits positions to other image sizes.
        layer_scale_init_value: initial value of a learned factor of each layer's output; 0 for no factor.
        patch_cfg: further arguments of the patch embedding, such as ``padding``.
        layer_cfgs: further arguments of the blocks, one dict for all or one for each.
        pre_norm: whether tokens are normalised before the first block.
        output_cls_token: the older way to ask for ``featmap``, by False.
    """

    arch_zoo: ClassVar[dict[str, Settings]] = {
        **dict.fromkeys(["s", "small"], architecture(768, 8, 8, 2304)),
        **dict.fromkeys(["b", "base", "deit-b", "deit-base"], architecture(768, 12, 12, 3072)),
        **dict.fromkeys(["l", "large"], architecture(1024, 24, 16, 4096)),
        **dict.fromkeys(["h", "huge"], architecture(1280, 32, 16, 5120)),
        **dict.fromkeys(["eva-g", "eva-giant"], architecture(1408, 40, 16, 6144)),
        **dict.fromkeys(["deit-t", "deit-tiny"], architecture(192, 12, 3, 768)),
        **dict.fromkeys(["deit-s", "deit-small", "dinov2-s", "dinov2-small"], architecture(384, 12, 6, 1536)),
        **dict.fromkeys(["dinov2-g", "dinov2-giant"], architecture(1536, 40, 24, 6144)),
    }

    def __init__(
        self,
        arch: str | Settings = "base",
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        norm_cfg: Settings = LN6,
        final_norm: bool = True,
        out_type: str = "cls_token",
        with_cls_token: bool = True,
        frozen_stages: int = -1,
        interpolate_mode: str = "bicubic",
        layer_scale_init_value: float = 0.0,
        patch_cfg: Settings | None = None,
        layer_cfgs: Settings | Sequence[Settings] | None = None,
        pre_norm: bool = False,
        output_cls_token: bool | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        self.out_type = resolve_out_type(out_type, output_cls_token, with_cls_token)
        if isinstance(arch, str):
            check_choice("VisionTransformer.arch", arch.lower(), list(self.arch_zoo))
            arch = self.arch_zoo[arch.lower()]
        depth, width = arch["num_layers"], arch["embed_dims"]
        self.interpolate_mode, self.final_norm = interpolate_mode, final_norm
        self.out_indices = [i % depth for i in ([out_indices] if isinstance(out_indices, int) else out_indices)]
        self.num_extra = int(with_cls_token)
        patches: Any = {"kernel_size": patch_size, "stride": patch_size, "bias": not pre_norm, "padding": None}
        self.patch_embed = PatchEmbed(in_channels, width, **{**patches, **(patch_cfg or {})})
        self.grid_hw = self.patch_embed.out_size(*size_hw(img_size))
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width)) if with_cls_token else None
        self.pos_embed = learned_positions(self.grid_hw[0] * self.grid_hw[1] + self.num_extra, width)
        self.drop_after_pos = nn.Dropout(drop_rate)
        self.pre_norm = build_norm(norm_cfg, width) if pre_norm else nn.Identity()
        options = layer_cfgs if isinstance(layer_cfgs, Sequence) else [layer_cfgs or {}] * depth
        shared: Settings = {
            **{key: value for key, value in arch.items() if key != "num_layers"},
            "layer_scale_init_value": layer_scale_init_value,
            "drop_rate": drop_rate,
            "qkv_bias": qkv_bias,
            "norm_cfg": norm_cfg,
        }
        rates = drop_path_rates(drop_path_rate, depth)
        self.layers = nn.ModuleList(
            encoder_block(**{**shared, "drop_path_rate": rate, **cfg}) for rate, cfg in zip(rates, options, strict=True)
        )
        self.ln1 = build_norm(norm_cfg, width) if final_norm else nn.Identity()
        self.ln2 = build_norm(norm_cfg, width) if self.out_type == "avg_featmap" else nn.Identity()
        self.freeze_blocks(frozen_stages)

    def freeze_blocks(self, count: int) -> None:
        if count <= 0:
            return
        norms = ["ln1", "ln2"] if count == len(self.layers) else []
        self.frozen = ["patch_embed", "drop_after_pos", "pre_norm", *(f"layers.{i}" for i in range(count)), *norms]
        self.freeze()
        self.pos_embed.requires_grad_(False)
        if self.cls_token is not None:
            self.cls_token.requires_grad_(False)

    def init_weights(self) -> None:
        super().init_weights()
        if not self.is_pretrained:
            for part in self.modules():
                if isinstance(part, FeedForward):
                    init_feed_forward(part)

    def fit_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Fit positions of images of another size, which may include a class token that this network lacks."""
        positions = state.get("pos_embed")
        if positions is None or positions.shape == self.pos_embed.shape or positions.ndim != 3:
            return state
        for extra in range(self.num_extra, 2):
            if before := patch_grid(positions.shape[1] - extra, self.grid_hw):
                tokens = positions[:, extra - self.num_extra :]
                return {**state, "pos_embed": resize_positions(tokens, before, self.grid_hw, self.interpolate_mode)}
        return state

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.patch_embed(x)  # (B, h, w, C)
        grid_hw = (x.shape[1], x.shape[2])
        x = x.flatten(1, 2)  # (B, h * w, C)
        if self.cls_token is not None:
            x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), 1)  # (B, 1 + h * w, C)
        x = x + resize_positions(self.pos_embed, self.grid_hw, grid_hw, self.interpolate_mode)  # (B, N, C)
        x = self.pre_norm(self.drop_after_pos(x))
        outputs = []
        for index, layer in enumerate(self.layers):
            x = layer(x)  # (B, N, C)
            if index == len(self.layers) - 1:
                x = self.ln1(x)
            if index in self.out_indices:
                outputs.append(self.format_output(x, grid_hw))
        return tuple(outputs)

    def format_output(self, x: Tensor, grid_hw: tuple[int, int]) -> Tensor:
        if self.out_type == "raw":
            return x  # (B, N, C)
        if self.out_type == "cls_token":
            return x[:, 0]  # (B, C)
        patches = x[:, self.num_extra :]  # (B, h * w, C)
        if self.out_type == "avg_featmap":
            return self.ln2(patches.mean(1))  # (B, C)
        return patches.transpose(1, 2).unflatten(2, grid_hw)  # (B, C, h, w)


def resolve_out_type(out_type: str, output_cls_token: bool | None, with_cls_token: bool) -> str:
    """Return the kind of output that the current and the older settings ask for.

    Raises:
        ValueError: if there is no such output.
    """
    if output_cls_token:
        raise ValueError("VisionTransformer.output_cls_token: True is not supported; use out_type='cls_token'")
    if output_cls_token is False and out_type == "cls_token":
        out_type = "featmap"
    check_choice("VisionTransformer.out_type", out_type, OUT_TYPES)
    if out_type == "cls_token" and not with_cls_token:
        raise ValueError("VisionTransformer.out_type: 'cls_token' needs with_cls_token=True")
    return out_type


def patch_grid(count: int, like_hw: tuple[int, int]) -> tuple[int, int] | None:
    """Return rows and columns of ``count`` patches, in proportion to ``like_hw`` or square; None if neither fits."""
    rows = isqrt(count * like_hw[0] // like_hw[1]) if count > 0 else 0
    if rows and rows * rows * like_hw[1] == count * like_hw[0]:
        return rows, count // rows
    side = isqrt(max(count, 0))
    return (side, side) if side and side * side == count else None


def init_feed_forward(part: FeedForward) -> None:
    for layer in part.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=1e-6)
