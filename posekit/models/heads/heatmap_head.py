"""Heatmaps from one feature map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import HEATMAPS, KEYPOINT_WEIGHTS, BaseHead, Features
from posekit.models.layers.stacks import conv_stack, deconv_stack, final_conv
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.heatmap_loss import KeypointMSELoss
from posekit.registry import MODELS

POINTWISE: Settings = {"kernel_size": 1}


@MODELS.register_module()
class HeatmapHead(BaseHead):
    """Deconvolutions, convolutions and a last convolution that gives one heatmap for each keypoint.

    Args:
        in_channels: channels of the last feature map.
        out_channels: number of heatmaps.
        deconv_out_channels: channels of each deconvolution, which doubles the map; None for no such layers.
        deconv_kernel_sizes: kernel size of each deconvolution (2, 3 or 4).
        conv_out_channels: channels of each convolution after the deconvolutions.
        conv_kernel_sizes: kernel size of each convolution.
        final_layer: options of the last Conv2d; None for no such layer.
        loss: loss of the heatmaps; the weighted mean squared error by default.
        decoder: codec that finds keypoints in the heatmaps.
        init_cfg: rules for the initial weights.
        deconv_num_groups: number of groups of each deconvolution; 1 by default.

    Source: Xiao et al., Simple Baselines, arXiv 1804.06208.
    """

    reads = (HEATMAPS, KEYPOINT_WEIGHTS)
    keypoint_layers = ("final_layer",)
    default_init: ClassVar[InitRules] = [
        {"type": "Normal", "layer": ["Conv2d", "ConvTranspose2d"], "std": 0.001},
        {"type": "Constant", "layer": "BatchNorm2d", "val": 1},
    ]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        deconv_out_channels: Sequence[int] | None = (256, 256, 256),
        deconv_kernel_sizes: Sequence[int] | None = (4, 4, 4),
        conv_out_channels: Sequence[int] | None = None,
        conv_kernel_sizes: Sequence[int] | None = None,
        final_layer: Settings | None = POINTWISE,
        loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
        deconv_num_groups: Sequence[int] | None = None,
    ) -> None:
        super().__init__(loss or KeypointMSELoss(use_target_weight=True), decoder, init_cfg)
        self.deconv_layers = self.conv_layers = nn.Identity()
        channels = in_channels
        if deconv_out_channels:
            self.deconv_layers = deconv_stack(
                channels, deconv_out_channels, deconv_kernel_sizes, groups=deconv_num_groups
            )
            channels = deconv_out_channels[-1]
        if conv_out_channels:
            self.conv_layers = conv_stack(channels, conv_out_channels, conv_kernel_sizes)
            channels = conv_out_channels[-1]
        self.final_layer = final_conv(channels, out_channels, final_layer)

    def forward(self, feats: Features) -> Tensor:
        """Compute heatmaps (B, out_channels, H, W) from the last feature map."""
        return self.final_layer(self.conv_layers(self.deconv_layers(feats[-1])))  # (B, out_channels, H, W)
