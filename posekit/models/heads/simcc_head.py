"""The head of SimCC."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.console import check_choice
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import Features
from posekit.models.heads.coordinate_classification_head import CoordinateClassificationHead
from posekit.models.heads.heatmap_head import POINTWISE, HeatmapHead
from posekit.models.heads.vipnas_head import ViPNASHead
from posekit.models.layers.stacks import final_conv
from posekit.models.losses.base import BaseLoss
from posekit.registry import MODELS


@MODELS.register_module()
class SimCCHead(CoordinateClassificationHead):
    """One map for each keypoint, flattened and classified along x and along y.

    Shapes: K keypoints, Wx and Wy bins.

    Args:
        in_channels: channels of the last feature map.
        out_channels: number of keypoints.
        input_size: (w, h) of the network's input.
        in_featuremap_size: (w, h) of the last feature map.
        simcc_split_ratio: bins per input pixel.
        deconv_type: kind of the deconvolutions, heatmap (HeatmapHead) or vipnas (ViPNASHead).
        deconv_out_channels: channels of each deconvolution; None for no such layers.
        deconv_kernel_sizes: kernel size of each deconvolution.
        deconv_num_groups: number of groups of each deconvolution, for ``vipnas``.
        conv_out_channels: channels of each convolution after the deconvolutions.
        conv_kernel_sizes: kernel size of each convolution.
        final_layer: options of the Conv2d that gives the maps; None for no such layer.
        loss: loss of both rows; the weighted divergence by default.
        decoder: codec that finds keypoints in the rows.
        init_cfg: rules for the initial weights.

    Source: Li et al., arXiv 2107.03332.
    """

    keypoint_layers = ("final_layer",)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        input_size: Sequence[int],
        in_featuremap_size: Sequence[int],
        simcc_split_ratio: float = 2.0,
        deconv_type: str = "heatmap",
        deconv_out_channels: Sequence[int] | None = (256, 256, 256),
        deconv_kernel_sizes: Sequence[int] | None = (4, 4, 4),
        deconv_num_groups: Sequence[int] | None = (16, 16, 16),
        conv_out_channels: Sequence[int] | None = None,
        conv_kernel_sizes: Sequence[int] | None = None,
        final_layer: Settings | None = POINTWISE,
        loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(input_size, simcc_split_ratio, loss, decoder, init_cfg)
        check_choice("deconv_type", deconv_type, ("heatmap", "vipnas"))
        if deconv_out_channels:
            options = {
                "deconv_out_channels": deconv_out_channels,
                "deconv_kernel_sizes": deconv_kernel_sizes,
                "conv_out_channels": conv_out_channels,
                "conv_kernel_sizes": conv_kernel_sizes,
                "final_layer": final_layer,
            }
            if deconv_type == "heatmap":
                self.deconv_head = HeatmapHead(in_channels, out_channels, **options)
            else:
                self.deconv_head = ViPNASHead(in_channels, out_channels, deconv_num_groups=deconv_num_groups, **options)
        else:
            self.deconv_head = None
            self.final_layer = final_conv(in_channels, out_channels, final_layer)
        upscaling = 2 ** len(deconv_out_channels or ())
        num_cells = in_featuremap_size[0] * in_featuremap_size[1] * upscaling**2
        self.mlp_head_x = nn.Linear(num_cells, self.num_bins_x)
        self.mlp_head_y = nn.Linear(num_cells, self.num_bins_y)

    def forward(self, feats: Features) -> tuple[Tensor, Tensor]:
        """Compute logits of the bins along x (B, K, Wx) and y (B, K, Wy)."""
        maps = self.final_layer(feats[-1]) if self.deconv_head is None else self.deconv_head(feats)  # (B, K, H, W)
        cells = maps.flatten(2)  # (B, K, H * W)
        return self.mlp_head_x(cells), self.mlp_head_y(cells)  # (B, K, Wx), (B, K, Wy)

    def row_sigmas(self) -> tuple[float | None, float | None]:
        return tuple(self.codec.sigma)  # pyright: ignore[reportAttributeAccessIssue, reportReturnType]
