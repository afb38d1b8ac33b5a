"""The path aggregation necks of YOLOX and RTMDet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.csp_layer import SWISH, TORCH_INIT, YOLO_BN, CSPLayer, conv_type
from posekit.models.layers.path_aggregation import aggregate_paths, check_levels
from posekit.models.necks.base import BaseNeck
from posekit.registry import MODELS

DOUBLE: Settings = {"scale_factor": 2, "mode": "nearest"}


class PAFPN(BaseNeck):
    """Joins levels with CSP layers, from coarse to fine and back. Source: Liu et al., arXiv 1803.01534."""

    default_init = TORCH_INIT

    def add_layers(
        self,
        in_channels: Sequence[int],
        *,
        use_depthwise: bool,
        upsample_cfg: Settings,
        block: Settings,
        **options: Any,
    ) -> None:
        """Add the layers of both directions; ``block`` holds arguments of the CSP layers."""
        self.in_channels = in_channels
        self.upsample = nn.Upsample(**upsample_cfg)
        pairs = list(pairwise(in_channels))
        layer: Settings = {"add_identity": False, "use_depthwise": use_depthwise, **block, **options}
        self.reduce_layers = nn.ModuleList(ConvModule(b, a, 1, **options) for a, b in reversed(pairs))
        self.top_down_blocks = nn.ModuleList(CSPLayer(a * 2, a, **layer) for a, _ in reversed(pairs))
        self.downsamples = nn.ModuleList(conv_type(use_depthwise)(a, a, 3, 2, **options) for a, _ in pairs)
        self.bottom_up_blocks = nn.ModuleList(CSPLayer(a * 2, b, **layer) for a, b in pairs)
        self.out_convs: nn.ModuleList | None = None

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        check_levels(self, features, self.in_channels)
        outputs = aggregate_paths(  # (B, C_i, H_i, W_i) each
            features,
            reduce_layers=self.reduce_layers,
            top_down_blocks=self.top_down_blocks,
            downsamples=self.downsamples,
            bottom_up_blocks=self.bottom_up_blocks,
            upsample=self.upsample,
        )
        if self.out_convs is not None:
            # -> (B, out_channels, H_i, W_i) each
            outputs = [conv(x) for conv, x in zip(self.out_convs, outputs, strict=True)]
        return tuple(outputs)


@MODELS.register_module()
class YOLOXPAFPN(PAFPN):
    """The neck of YOLOX; each level ends in a 1x1 convolution to ``out_channels``. Source: arXiv 2107.08430."""

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int,
        num_csp_blocks: int = 3,
        use_depthwise: bool = False,
        upsample_cfg: Settings = DOUBLE,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = YOLO_BN,
        act_cfg: Settings = SWISH,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        block: Settings = {"num_blocks": num_csp_blocks}
        self.add_layers(in_channels, use_depthwise=use_depthwise, upsample_cfg=upsample_cfg, block=block, **options)
        self.out_convs = nn.ModuleList(ConvModule(width, out_channels, 1, **options) for width in in_channels)
