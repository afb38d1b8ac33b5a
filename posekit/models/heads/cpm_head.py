"""Heatmaps from each stage of a convolutional pose machine or an hourglass."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import Features
from posekit.models.heads.heatmap_head import POINTWISE, HeatmapHead
from posekit.models.heads.multi_stage_head import MultiStageHead
from posekit.models.layers.stacks import deconv_stack, final_conv
from posekit.models.losses.base import BaseLoss
from posekit.registry import MODELS


@MODELS.register_module()
class CPMHead(MultiStageHead):
    """Deconvolutions and a last convolution for each stage's feature map.

    Args:
        in_channels: channels of each feature map.
        out_channels: number of heatmaps.
        num_stages: number of feature maps.
        deconv_out_channels: channels of each deconvolution; None for no such layers.
        deconv_kernel_sizes: kernel size of each deconvolution.
        final_layer: options of the last Conv2d; None for no such layer.
        loss: one loss for all stages, or a list with one for each.
        decoder: codec that finds keypoints in the heatmaps.
        init_cfg: rules for the initial weights.

    Source: Wei et al., arXiv 1602.00134; Newell et al., arXiv 1603.06937.
    """

    default_init = HeatmapHead.default_init
    keypoint_layers = (r"multi_final_layers\.\d+",)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_stages: int,
        deconv_out_channels: Sequence[int] | None = None,
        deconv_kernel_sizes: Sequence[int] | None = None,
        final_layer: Settings | None = POINTWISE,
        loss: BaseLoss | list[BaseLoss] | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(num_stages, loss, decoder, init_cfg)
        channels = deconv_out_channels or ()
        self.multi_deconv_layers = nn.ModuleList(
            deconv_stack(in_channels, channels, deconv_kernel_sizes or ()) for _ in range(num_stages)
        )
        self.multi_final_layers = nn.ModuleList(
            final_conv([in_channels, *channels][-1], out_channels, final_layer) for _ in range(num_stages)
        )

    def forward(self, feats: Features) -> list[Tensor]:
        """Compute heatmaps (B, out_channels, H_out, W_out) for each stage's feature map."""
        stages = zip(feats, self.multi_deconv_layers, self.multi_final_layers, strict=True)
        return [final(deconv(feat)) for feat, deconv, final in stages]  # (B, out_channels, H_out, W_out) each
