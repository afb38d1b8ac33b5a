"""HRFormer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.backbones.hrnet import HRNet
from posekit.models.base_module import Settings
from posekit.models.layers.activation import build_activation
from posekit.models.layers.branches import separable_step
from posekit.models.layers.normalization import build_norm
from posekit.models.layers.residual import Bottleneck
from posekit.models.layers.transformer import GELU, LN6
from posekit.models.layers.transformer_block import TransformerBlock, drop_path_rates, on_grid
from posekit.models.layers.window_attention import WindowAttention, join_windows, split_windows
from posekit.registry import MODELS


class LocalWindowAttention(nn.Module):
    """Attention within windows of a grid, which is padded equally on opposite sides.

    Shapes: the grid (B, H, W, C), padded (B, H', W', C); windows of h rows and w columns.
    """

    def __init__(
        self, channels: int, num_heads: int, window_size: int, *, with_rpe: bool = True, with_pad_mask: bool = False
    ) -> None:
        super().__init__()
        self.window_hw, self.with_pad_mask = (window_size, window_size), with_pad_mask
        self.attn = WindowAttention(channels, num_heads, self.window_hw, with_rpe=with_rpe)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[1:3]
        down, right = (-side % window for side, window in zip((height, width), self.window_hw, strict=True))
        sides = (0, 0, right // 2, right - right // 2, down // 2, down - down // 2)
        mask = None
        if self.with_pad_mask and down and right:
            outside = F.pad(x.new_zeros(1, height, width, 1), sides, value=-torch.inf)  # (1, H', W', 1)
            mask = split_windows(outside, self.window_hw).transpose(1, 2)  # (windows, 1, h * w)
        x = self.attn(split_windows(F.pad(x, sides), self.window_hw), mask)  # (B * windows, h * w, C)
        x = join_windows(x, self.window_hw, (height + down, width + right))  # (B, H', W', C)
        return x[:, down // 2 : down // 2 + height, right // 2 : right // 2 + width]  # (B, H, W, C)


class CrossFeedForward(nn.Module):
    """1x1, depthwise 3x3 and 1x1 convolutions, each with norm and activation, on a grid (B, H, W, C)."""

    def __init__(self, channels: int, inner: int, *, norm_cfg: Settings, act_cfg: Settings = GELU) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, inner, 1)
        self.norm1 = build_norm(norm_cfg, inner)
        self.dw3x3 = nn.Conv2d(inner, inner, 3, padding=1, groups=inner)
        self.norm2 = build_norm(norm_cfg, inner)
        self.fc2 = nn.Conv2d(inner, channels, 1)
        self.norm3 = build_norm(norm_cfg, channels)
        self.act = build_activation(act_cfg)

    def convolve(self, x: Tensor) -> Tensor:
        x = self.act(self.norm1(self.fc1(x)))  # (B, inner, H, W)
        x = self.act(self.norm2(self.dw3x3(x)))  # (B, inner, H, W)
        return self.act(self.norm3(self.fc2(x)))  # (B, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        return on_grid(self.convolve, x)  # (B, H, W, C)


class HRFormerBlock(TransformerBlock):
    """A transformer block on feature maps (B, C, H, W)."""

    expansion = 1

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)  # (B, C, H, W)


@MODELS.register_module()
class HRFormer(HRNet):
    """HRNet with attention within windows. Source: Yuan et al., arXiv 2110.09408.

    Args:
        extra: settings as for ``HRNet``; stages of ``HRFORMERBLOCK`` have ``num_heads``, ``window_sizes`` and
            ``mlp_ratios``, one per branch; beside the stages ``drop_path_rate``, ``with_rpe`` (learned biases
            per offset) and ``with_pad_mask`` (no attention to padded tokens).
        transformer_norm_cfg: norm of tokens.
        options: further arguments of ``HRNet``.
    """

    blocks = {"BOTTLENECK": Bottleneck, "HRFORMERBLOCK": HRFormerBlock}  # noqa: RUF012
    fusion_step = staticmethod(separable_step)
    upsample = {"mode": "bilinear", "align_corners": False}  # noqa: RUF012

    def __init__(
        self,
        extra: Settings,
        *,
        transformer_norm_cfg: Settings = LN6,
        **options: Any,
    ) -> None:
        self.transformer_norm_cfg = transformer_norm_cfg
        self.window_options = {key: extra[key] for key in ("with_rpe", "with_pad_mask") if key in extra}
        depths = [extra[f"stage{i}"]["num_blocks"][0] * extra[f"stage{i}"]["num_modules"] for i in (2, 3, 4)]
        rates = drop_path_rates(extra["drop_path_rate"], sum(depths))
        self.rates = {i: rates[sum(depths[: i - 2]) : sum(depths[: i - 1])] for i in (2, 3, 4)}
        super().__init__(extra, **options)

    def make_branch(self, stage: int, spec: Settings, module: int, branch: int, width: int) -> nn.Module:
        depth, heads = spec["num_blocks"][branch], spec["num_heads"][branch]
        inner = int(width * spec["mlp_ratios"][branch])

        def block(index: int) -> nn.Module:
            attention: Any = LocalWindowAttention(width, heads, spec["window_sizes"][branch], **self.window_options)
            return HRFormerBlock(
                width,
                attention,
                CrossFeedForward(width, inner, norm_cfg=self.shared["norm_cfg"]),
                norm_cfg=self.transformer_norm_cfg,
                drop_path=self.rates[stage][module * depth + index],
                with_cp=self.with_cp,
            )

        return nn.Sequential(*(block(index) for index in range(depth)))
