"""CSPNeXt, the backbone of RTMPose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from posekit.models.backbones.csp_darknet import CSPTrunk, csp_stages
from posekit.models.backbones.pruned_csp import prune_csp
from posekit.models.base_module import Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.registry import MODELS


@MODELS.register_module()
class CSPNeXt(CSPTrunk):
    """CSPNeXt. Source: Lyu et al., arXiv 2212.07784.

    Args:
        arch: ``P5`` or ``P6``.
        out_indices: indices of the outputs to return; 0 is the stem.
        expand_ratio: share of a layer's channels that passes its blocks.
        spp_kernel_sizes: windows of the spatial pyramid pooling.
        channel_attention: whether layers weigh their channels.
        pruned_channels: output channels of layers that pruning left with fewer, such as ``{"stem.0.conv": 8}``.
        options: further arguments of ``CSPTrunk``.
    """

    arch_settings = csp_stages(num_blocks=6)

    def __init__(
        self,
        arch: str = "P5",
        *,
        out_indices: Sequence[int] = (2, 3, 4),
        expand_ratio: float = 0.5,
        spp_kernel_sizes: Sequence[int] = (5, 9, 13),
        channel_attention: bool = True,
        pruned_channels: Mapping[str, int] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(arch, out_indices=out_indices, **options)
        half, width = int(self.stem_width // 2), int(self.stem_width)
        plain: Settings = {**self.conv_options, "conv_cfg": None}
        stem = nn.Sequential(
            ConvModule(3, half, 3, 2, **plain),
            ConvModule(half, half, 3, **plain),
            ConvModule(half, width, 3, **plain),
        )
        self.build(
            stem,
            spp_kernel_sizes,
            use_cspnext_block=True,
            expand_ratio=expand_ratio,
            channel_attention=channel_attention,
        )
        if pruned_channels:
            prune_csp(self, self.order[1:], pruned_channels)
            self.freeze()
