"""The neck of RTMDet."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.csp_layer import SWISH, YOLO_BN, conv_type
from posekit.models.necks.yolox_pafpn import DOUBLE, PAFPN
from posekit.registry import MODELS


@MODELS.register_module()
class CSPNeXtPAFPN(PAFPN):
    """Path aggregation with CSPNeXt blocks. Source: Lyu et al., arXiv 2212.07784.

    Args:
        out_channels: channels of a 3x3 convolution at the end of each level; None for no convolution.
        out_indices: indices of the levels to return.
        expand_ratio: share of a layer's channels that passes its blocks.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int | None,
        out_indices: Sequence[int] = (0, 1, 2),
        num_csp_blocks: int = 3,
        use_depthwise: bool = False,
        expand_ratio: float = 0.5,
        upsample_cfg: Settings = DOUBLE,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = YOLO_BN,
        act_cfg: Settings = SWISH,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        block: Settings = {"num_blocks": num_csp_blocks, "use_cspnext_block": True, "expand_ratio": expand_ratio}
        self.add_layers(in_channels, use_depthwise=use_depthwise, upsample_cfg=upsample_cfg, block=block, **options)
        self.out_indices = out_indices
        if out_channels is not None:
            conv = conv_type(use_depthwise)
            self.out_convs = nn.ModuleList(conv(width, out_channels, 3, **options) for width in in_channels)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        outputs = super().forward(features)  # (B, out_channels or C_i, H_i, W_i) each
        return tuple(outputs[index] for index in self.out_indices)
