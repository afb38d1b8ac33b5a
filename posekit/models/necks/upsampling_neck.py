"""Coarse features enlarged step by step, with finer ones added on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.normalization import BN
from posekit.models.layers.path_aggregation import check_levels
from posekit.models.necks.base import BaseNeck
from posekit.registry import MODELS


@MODELS.register_module()
class UpsamplingNeck(BaseNeck):
    """Turns a backbone's feature maps into one map of the finest size, as a U-Net's decoder does.

    Each step brings the coarse map and the next finer one to the same channels by 1x1 convolutions, enlarges the
    coarse one by repeating its cells, adds the two and applies a 3x3 convolution.

    Args:
        in_channels: channels of each incoming level, finest first.
        out_channels: channels of the map after each step, coarsest step first.
        norm_cfg: norm of every convolution.
        init_cfg: rules for the initial weights.

    Raises:
        ValueError: if ``out_channels`` does not have one entry fewer than ``in_channels``.

    Source: Ronneberger et al., arXiv 1505.04597; sums in place of concatenations as in arXiv 1612.03144.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: Sequence[int],
        norm_cfg: Settings = BN,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(out_channels) != len(in_channels) - 1:
            raise ValueError(
                f"UpsamplingNeck.out_channels: {len(out_channels)} steps for {len(in_channels)} levels; "
                "each step joins two levels, so give one fewer"
            )
        self.in_channels = in_channels
        finer = list(in_channels[-2::-1])
        coarser = [in_channels[-1], *out_channels[:-1]]
        self.reductions = self._convs(coarser, out_channels, 1, norm_cfg, act_cfg=None)
        self.laterals = self._convs(finer, out_channels, 1, norm_cfg, act_cfg=None)
        self.fusions = self._convs(out_channels, out_channels, 3, norm_cfg)

    @staticmethod
    def _convs(
        widths: Sequence[int], out_channels: Sequence[int], kernel_size: int, norm_cfg: Settings, **options: Any
    ) -> nn.ModuleList:
        pairs = zip(widths, out_channels, strict=True)
        return nn.ModuleList(ConvModule(a, b, kernel_size, norm_cfg=norm_cfg, **options) for a, b in pairs)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor]:
        """Return one map (B, out_channels[-1], H, W) of the size of ``features[0]``."""
        check_levels(self, features, self.in_channels)
        x = features[-1]
        for finer, reduce, lateral, fuse in zip(
            features[-2::-1], self.reductions, self.laterals, self.fusions, strict=True
        ):
            # -> (B, out_channels[step], H_i, W_i)
            x = F.relu(lateral(finer) + F.interpolate(reduce(x), size=finer.shape[2:], mode="nearest"))
            x = fuse(x)  # (B, out_channels[step], H_i, W_i)
        return (x,)
