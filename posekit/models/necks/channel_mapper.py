"""Equal channels on all levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.activation import RELU
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.path_aggregation import check_levels
from posekit.models.necks.base import BaseNeck
from posekit.models.necks.fpn import XAVIER
from posekit.registry import MODELS


@MODELS.register_module()
class ChannelMapper(BaseNeck):
    """Convolves each level to ``out_channels`` and appends strided levels until there are ``num_outs``."""

    default_init = XAVIER

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int,
        kernel_size: int = 3,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings | None = None,
        act_cfg: Settings | None = RELU,
        num_outs: int | None = None,
        bias: bool | Literal["auto"] = "auto",
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        shared: Settings = {"bias": bias, "conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        self.convs = nn.ModuleList(ConvModule(width, out_channels, kernel_size, **shared) for width in in_channels)
        widths = [in_channels[-1], *[out_channels] * (num_outs or 0)]
        num_extra = max((num_outs or 0) - len(in_channels), 0)
        extra = [ConvModule(width, out_channels, 3, 2, **shared) for width in widths[:num_extra]]
        self.extra_convs = nn.ModuleList(extra) if extra else None

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        check_levels(self, features, self.in_channels)
        outputs = [conv(x) for conv, x in zip(self.convs, features, strict=True)]  # (B, out_channels, H_i, W_i) each
        x = features[-1]
        for conv in self.extra_convs or ():
            x = conv(x)  # (B, out_channels, h/2, w/2)
            outputs.append(x)
        return tuple(outputs)
