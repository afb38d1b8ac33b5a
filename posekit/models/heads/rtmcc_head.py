"""The head of RTMPose."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import Features
from posekit.models.heads.coordinate_classification_head import CoordinateClassificationHead
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.gau import GatedAttentionUnit
from posekit.models.layers.normalization import BN, ScaleNorm
from posekit.models.losses.base import BaseLoss
from posekit.registry import MODELS

GAU: Settings = {"hidden_dims": 256, "act_fn": "ReLU", "use_rel_bias": False}


def token_projection(num_cells: int, channels: int) -> nn.Sequential:
    """Return layers that map each keypoint's flattened map to a token."""
    return nn.Sequential(ScaleNorm(num_cells), nn.Linear(num_cells, channels, bias=False))


@MODELS.register_module()
class RTMCCHead(CoordinateClassificationHead):
    """One map for each keypoint, flattened to a token, refined by gated attention, classified along x and y.

    Shapes: K keypoints, Wx and Wy bins.

    Args:
        in_channels: channels of the last feature map.
        out_channels: number of keypoints.
        input_size: (w, h) of the network's input.
        in_featuremap_size: (w, h) of the last feature map.
        simcc_split_ratio: bins per input pixel.
        final_layer_kernel_size: kernel size of the convolution that gives the maps.
        gau_cfg: ``hidden_dims`` (the tokens' channels) and options of GatedAttentionUnit.
        loss: loss of both rows; the weighted divergence by default.
        decoder: codec that finds keypoints in the rows.
        init_cfg: rules for the initial weights.

    Raises:
        ValueError: if ``in_channels`` asks for several feature maps.

    Source: RTMPose, arXiv 2303.07399.
    """

    keypoint_layers = ("final_layer2?",)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        input_size: Sequence[int],
        in_featuremap_size: Sequence[int],
        simcc_split_ratio: float = 2.0,
        final_layer_kernel_size: int = 1,
        gau_cfg: Settings = GAU,
        loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(input_size, simcc_split_ratio, loss, decoder, init_cfg)
        if not isinstance(in_channels, int):
            raise ValueError(f"in_channels: {in_channels}; this head reads one feature map, give one number")
        options = dict(gau_cfg)
        channels = options.pop("hidden_dims")
        self.build_tokens(in_channels, out_channels, final_layer_kernel_size, in_featuremap_size, channels)
        self.gau = GatedAttentionUnit(out_channels, channels, channels, **options)
        self.cls_x = nn.Linear(channels, self.num_bins_x, bias=False)
        self.cls_y = nn.Linear(channels, self.num_bins_y, bias=False)

    def build_tokens(
        self, in_channels: int, num_keypoints: int, kernel_size: int, map_size: Sequence[int], channels: int
    ) -> None:
        """Build the layers that ``tokens`` uses."""
        self.final_layer = nn.Conv2d(in_channels, num_keypoints, kernel_size, padding=kernel_size // 2)
        self.mlp = token_projection(map_size[0] * map_size[1], channels)

    def tokens(self, feats: Features) -> Tensor:
        """Return one token for each keypoint (B, K, hidden_dims)."""
        return self.mlp(self.final_layer(feats[-1]).flatten(2))  # (B, K, hidden_dims)

    def forward(self, feats: Features) -> tuple[Tensor, Tensor]:
        """Compute logits of the bins along x (B, K, Wx) and y (B, K, Wy)."""
        tokens = self.gau(self.tokens(feats))  # (B, K, hidden_dims)
        return self.cls_x(tokens), self.cls_y(tokens)  # (B, K, Wx), (B, K, Wy)


@MODELS.register_module()
class RTMWHead(RTMCCHead):
    """RTMCCHead that takes half of each token from the last feature map and half from one of twice its size.

    Shapes: the last map (B, C, H, W), the finer one (B, C / 2, 2H, 2W).

    Source: RTMW, arXiv 2407.08634.
    """

    def build_tokens(
        self, in_channels: int, num_keypoints: int, kernel_size: int, map_size: Sequence[int], channels: int
    ) -> None:
        quarter, num_cells = in_channels // 4, map_size[0] * map_size[1]
        self.ps = nn.PixelShuffle(2)
        self.conv_dec = _conv(quarter, quarter, kernel_size)
        self.final_layer = _conv(in_channels, num_keypoints, kernel_size)
        self.final_layer2 = _conv(in_channels // 2 + quarter, num_keypoints, kernel_size)
        self.mlp = token_projection(num_cells, channels // 2)
        self.mlp2 = token_projection(num_cells * 4, channels // 2)

    def tokens(self, feats: Features) -> Tensor:
        fine, coarse = feats
        half = self.mlp(self.final_layer(coarse).flatten(2))  # (B, K, hidden_dims / 2)
        joined = torch.cat([self.conv_dec(self.ps(coarse)), fine], dim=1)  # (B, C / 2 + C / 4, 2H, 2W)
        return torch.cat([half, self.mlp2(self.final_layer2(joined).flatten(2))], dim=2)  # (B, K, hidden_dims)


def _conv(in_channels: int, out_channels: int, kernel_size: int) -> ConvModule:
    return ConvModule(in_channels, out_channels, kernel_size, norm_cfg=BN)
