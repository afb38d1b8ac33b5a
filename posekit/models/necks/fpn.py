"""Feature pyramid network."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.path_aggregation import check_levels
from posekit.models.necks.base import BaseNeck
from posekit.registry import MODELS

XAVIER: Settings = {"type": "Xavier", "layer": "Conv2d", "distribution": "uniform"}
NEAREST: Settings = {"mode": "nearest"}
SOURCES = ("on_input", "on_lateral", "on_output")


@MODELS.register_module()
class FPN(BaseNeck):
    """Adds coarse features to finer ones. Source: Lin et al., arXiv 1612.03144.

    Args:
        in_channels: channels of each incoming level.
        out_channels: channels of all outgoing levels.
        num_outs: number of outgoing levels; pooling or extra convolutions add to those that come in.
        start_level: index of the finest level to use.
        end_level: index of the coarsest level to use; -1 for the last.
        add_extra_convs: input of the extra convolutions, one of ``SOURCES``; True means ``on_input``.
        relu_before_extra_convs: whether ReLU precedes all extra convolutions but the first.
        no_norm_on_lateral: whether the 1x1 convolutions have no norm.

    Raises:
        ValueError: if the numbers of levels do not fit, or ``add_extra_convs`` is unknown.
    """

    default_init = XAVIER

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int,
        num_outs: int,
        start_level: int = 0,
        end_level: int = -1,
        add_extra_convs: bool | str = False,
        relu_before_extra_convs: bool = False,
        no_norm_on_lateral: bool = False,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings | None = None,
        act_cfg: Settings | None = None,
        upsample_cfg: Settings = NEAREST,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        source = add_extra_convs if isinstance(add_extra_convs, str) else "on_input" if add_extra_convs else ""
        if source and source not in SOURCES:
            raise ValueError(f"FPN.add_extra_convs: {add_extra_convs!r}; use True, False or one of {SOURCES}")
        self.in_channels, self.source, self.relu_before_extra_convs = in_channels, source, relu_before_extra_convs
        self.upsample_cfg = upsample_cfg
        self.levels = list(range(start_level, len(in_channels) if end_level == -1 else end_level + 1))
        self.num_extra = num_outs - len(self.levels)
        if self.num_extra < 0 or (self.num_extra and self.levels[-1] != len(in_channels) - 1):
            raise ValueError(f"FPN.num_outs: {num_outs} does not fit levels {self.levels} of {len(in_channels)}")
        shared: Settings = {"conv_cfg": conv_cfg, "act_cfg": act_cfg, "inplace": False}
        lateral_norm = None if no_norm_on_lateral else norm_cfg
        self.lateral_convs = nn.ModuleList(
            ConvModule(in_channels[level], out_channels, 1, norm_cfg=lateral_norm, **shared) for level in self.levels
        )
        self.fpn_convs = nn.ModuleList(
            ConvModule(out_channels, out_channels, 3, norm_cfg=norm_cfg, **shared) for _ in self.levels
        )
        for index in range(self.num_extra if source else 0):
            width = in_channels[self.levels[-1]] if index == 0 and source == "on_input" else out_channels
            self.fpn_convs.append(ConvModule(width, out_channels, 3, 2, norm_cfg=norm_cfg, **shared))

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        check_levels(self, features, self.in_channels)
        # -> (B, out_channels, H_i, W_i) each
        laterals = [conv(features[level]) for conv, level in zip(self.lateral_convs, self.levels, strict=True)]
        for index in range(len(laterals) - 1, 0, -1):
            size = {} if "scale_factor" in self.upsample_cfg else {"size": laterals[index - 1].shape[2:]}
            # -> (B, out_channels, H_(i-1), W_(i-1))
            laterals[index - 1] = laterals[index - 1] + F.interpolate(laterals[index], **size, **self.upsample_cfg)
        # -> (B, out_channels, H_i, W_i) each
        outputs = [conv(x) for conv, x in zip(self.fpn_convs, laterals, strict=False)]
        if not self.source:
            for _ in range(self.num_extra):
                outputs.append(F.max_pool2d(outputs[-1], 1, 2))  # (B, out_channels, h/2, w/2)
            return tuple(outputs)
        x = {"on_input": features[self.levels[-1]], "on_lateral": laterals[-1], "on_output": outputs[-1]}[self.source]
        for index, conv in enumerate(self.fpn_convs[len(self.levels) :]):
            # -> (B, out_channels, h/2, w/2)
            outputs.append(conv(F.relu(x) if index and self.relu_before_extra_convs else x))
            x = outputs[-1]
        return tuple(outputs)
