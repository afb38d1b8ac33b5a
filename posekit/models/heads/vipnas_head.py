"""The head of ViPNAS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from posekit.models.heads.heatmap_head import HeatmapHead
from posekit.registry import MODELS


@MODELS.register_module()
class ViPNASHead(HeatmapHead):
    """HeatmapHead with narrow, grouped deconvolutions.

    Args:
        in_channels: channels of the last feature map.
        out_channels: number of heatmaps.
        deconv_out_channels: channels of each deconvolution.
        deconv_num_groups: number of groups of each deconvolution.
        options: further arguments of HeatmapHead.

    Source: Xu et al., arXiv 2105.10154.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        deconv_out_channels: Sequence[int] | None = (144, 144, 144),
        deconv_num_groups: Sequence[int] | None = (16, 16, 16),
        **options: Any,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            deconv_out_channels=deconv_out_channels,
            deconv_num_groups=deconv_num_groups,
            **options,
        )
