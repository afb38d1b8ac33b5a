"""The neck of PoseWarper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import DeformConv2d

from posekit.console import check_choice
from posekit.models.backbones.staged import freeze_norms
from posekit.models.base_module import SMALL_NORMAL, InitRules, Settings
from posekit.models.layers.residual import BasicBlock, Bottleneck, ResidualBlock, res_layer
from posekit.models.necks.base import BaseNeck
from posekit.registry import MODELS

BLOCKS: dict[str, type[ResidualBlock]] = {"BASIC": BasicBlock, "BOTTLENECK": Bottleneck}


@MODELS.register_module()
class PoseWarperNeck(BaseNeck):
    """Warps the heatmaps of neighbouring frames to the middle one and adds them. Source: arXiv 1906.04016.

    Shapes: B batch, F frames, K keypoints, V = B times the frames whose weight is not zero.

    Args:
        in_channels: channels of the backbone's feature map.
        out_channels: number of keypoints, K.
        inner_channels: channels of the layers that compare two frames' heatmaps.
        deform_groups: number of groups of channels that move together.
        dilations: dilations of the deformable convolutions, whose mean is the warped heatmap.
        trans_conv_kernel: kernel size of the convolution from features to heatmaps: 0 (none), 1 or 3.
        res_blocks_cfg: ``block`` (BASIC or BOTTLENECK) and ``num_blocks`` of the comparing layers.
        offsets_kernel: kernel size of the convolutions that compute offsets.
        deform_conv_kernel: kernel size of the deformable convolutions.
        in_index: index of the feature map to use, or several with ``input_transform='resize_concat'``.
        input_transform: None, or ``resize_concat`` to concatenate several feature maps.
        freeze_trans_layer: whether the convolution to heatmaps stays as loaded.
        norm_eval: whether batch norms keep their statistics in training.
        im2col_step: accepted for published configs.
        init_cfg: rules for the initial weights.
    """

    default_init = SMALL_NORMAL

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        inner_channels: int,
        deform_groups: int = 17,
        dilations: Sequence[int] = (3, 6, 12, 18, 24),
        trans_conv_kernel: int = 1,
        res_blocks_cfg: Settings | None = None,
        offsets_kernel: int = 3,
        deform_conv_kernel: int = 3,
        in_index: int | Sequence[int] = 0,
        input_transform: str | None = None,
        freeze_trans_layer: bool = True,
        norm_eval: bool = False,
        im2col_step: int = 80,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice("PoseWarperNeck.trans_conv_kernel", trans_conv_kernel, (0, 1, 3))
        check_choice("PoseWarperNeck.input_transform", input_transform, (None, "resize_concat"))
        self.in_index = [in_index] if isinstance(in_index, int) else in_index
        self.freeze_trans_layer, self.norm_eval = freeze_trans_layer, norm_eval
        kernel = trans_conv_kernel
        self.trans_layer = (
            nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2) if kernel else nn.Identity()
        )
        block, num_blocks = "BASIC", 20
        if res_blocks_cfg is not None:
            block, num_blocks = res_blocks_cfg.get("block", block), res_blocks_cfg.get("num_blocks", num_blocks)
        check_choice("PoseWarperNeck.res_blocks_cfg.block", block, list(BLOCKS))
        self.offset_feats = res_layer(BLOCKS[block], num_blocks, out_channels, inner_channels)
        num_offsets = 2 * offsets_kernel**2 * deform_groups

        def dilated(kernel: int, dilation: int) -> dict[str, Any]:
            return {"kernel_size": kernel, "padding": kernel // 2 * dilation, "dilation": dilation, "bias": False}

        self.offset_layers = nn.ModuleList(
            nn.Conv2d(inner_channels, num_offsets, **dilated(offsets_kernel, rate)) for rate in dilations
        )
        self.deform_conv_layers = nn.ModuleList(
            DeformConv2d(out_channels, out_channels, **dilated(deform_conv_kernel, rate)) for rate in dilations
        )
        self.freeze()

    def freeze(self) -> None:
        if self.freeze_trans_layer:
            self.trans_layer.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> PoseWarperNeck:
        super().train(mode)
        self.freeze()
        if self.norm_eval:
            freeze_norms(self)
        return self

    def init_weights(self) -> None:
        """Start as the identity: no offsets and deformable convolutions that copy."""
        super().init_weights()
        for layer in self.offset_layers:
            nn.init.zeros_(layer.weight)  # pyright: ignore[reportArgumentType]
        for layer in self.deform_conv_layers:
            nn.init.dirac_(layer.weight)  # pyright: ignore[reportArgumentType]

    def select(self, features: Tensor | Sequence[Tensor]) -> Tensor:
        if isinstance(features, Tensor):
            return features  # (B, C, H, W)
        chosen = [features[index] for index in self.in_index]
        size = chosen[0].shape[2:]
        # -> (B, sum of C_i, H_0, W_0)
        return torch.cat([F.interpolate(x, size, mode="bilinear") if x.shape[2:] != size else x for x in chosen], 1)

    def warp(self, heatmaps: Tensor, difference: Tensor) -> Tensor:
        """Move ``heatmaps`` (V, K, H, W) by offsets computed from their ``difference`` to the middle frame's."""
        features = self.offset_feats(difference)  # (V, inner_channels, H, W)
        offsets = [layer(features) for layer in self.offset_layers]  # (V, num_offsets, H, W) each
        dtype = torch.promote_types(heatmaps.dtype, torch.float32)
        with torch.autocast(heatmaps.device.type, enabled=False):  # torchvision has no kernel for half precision
            warped = [
                layer(heatmaps.to(dtype), offset.to(dtype))
                for layer, offset in zip(self.deform_conv_layers, offsets, strict=True)
            ]
        return torch.stack(warped).mean(0)  # (V, K, H, W)

    def forward(self, frames: Sequence[Any], frame_weight: Sequence[float]) -> Tensor:
        """Return the weighted sum of the warped heatmaps (B, K, H, W).

        Args:
            frames: feature maps of each frame, the middle one first; or a single entry whose batch holds
                the frames one after another.
            frame_weight: weight of each frame.
        """
        if len(frames) == 1:
            stacked = self.trans_layer(self.select(frames[0]))  # (F * B, K, H, W)
            heatmaps = stacked.chunk(len(frame_weight))  # F x (B, K, H, W)
        else:
            heatmaps = [self.trans_layer(self.select(frame)) for frame in frames]  # F x (B, K, H, W)
        used = [(x, weight) for x, weight in zip(heatmaps, frame_weight, strict=True) if weight != 0]
        # -> (V, K, H, W)
        moved = self.warp(torch.cat([x for x, _ in used]), torch.cat([heatmaps[0] - x for x, _ in used]))
        # -> (B, K, H, W)
        return sum(x * weight for x, (_, weight) in zip(moved.chunk(len(used)), used, strict=True))  # pyright: ignore
