"""Lite-HRNet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posekit.console import check_choice
from posekit.models.backbones.staged import FreezableBackbone
from posekit.models.base_module import SMALL_NORMAL, InitRules, Settings
from posekit.models.layers.activation import RELU
from posekit.models.layers.branches import add_all, build_fusion, build_transition, enter, separable_step
from posekit.models.layers.conv_module import ConvModule, DepthwiseSeparableConvModule
from posekit.models.layers.normalization import BN
from posekit.models.layers.se_layer import SIGMOID, SELayer
from posekit.models.layers.shuffle import ShuffleUnit, channel_shuffle, depthwise_pair
from posekit.registry import MODELS


class CrossResolutionWeighting(nn.Module):
    """Weighs the channels of all branches by their content at the coarsest size.

    Shapes: branch i has (B, C_i, H_i, W_i), the coarsest one h rows and w columns.
    """

    def __init__(self, channels: Sequence[int], ratio: int, **options: Any) -> None:
        super().__init__()
        total = sum(channels)
        self.channels = list(channels)
        self.conv1 = ConvModule(total, total // ratio, 1, **options)
        self.conv2 = ConvModule(total // ratio, total, 1, act_cfg=SIGMOID, **options)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        size = (features[-1].shape[2], features[-1].shape[3])
        # -> (B, sum of C_i, h, w)
        joined = torch.cat([*(F.adaptive_avg_pool2d(x, size) for x in features[:-1]), features[-1]], 1)
        weights = self.conv2(self.conv1(joined)).split(self.channels, 1)  # (B, C_i, h, w) each
        # -> (B, C_i, H_i, W_i) each
        return [x * F.interpolate(weight, x.shape[2:]) for x, weight in zip(features, weights, strict=True)]


class ConditionalChannelWeighting(nn.Module):
    """A shuffle block over all branches; it weighs channels where a shuffle block has 1x1 convolutions."""

    def __init__(self, channels: Sequence[int], ratio: int, **options: Any) -> None:
        super().__init__()
        halves = [width // 2 for width in channels]
        self.cross_resolution_weighting = CrossResolutionWeighting(halves, ratio, **options)
        self.depthwise_convs = nn.ModuleList(
            ConvModule(width, width, 3, groups=width, act_cfg=None, **options) for width in halves
        )
        self.spatial_weighting = nn.ModuleList(SELayer(width, 4) for width in halves)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        untouched, changed = zip(*(x.chunk(2, 1) for x in features), strict=True)  # (B, C_i / 2, H_i, W_i) each
        changed = self.cross_resolution_weighting(changed)  # (B, C_i / 2, H_i, W_i) each
        layers = zip(untouched, changed, self.depthwise_convs, self.spatial_weighting, strict=True)
        # -> (B, C_i, H_i, W_i) each
        return [channel_shuffle(torch.cat((a, weigh(conv(b))), 1), 2) for a, b, conv, weigh in layers]


class Stem(nn.Module):
    """A convolution and one shuffle block, which together divide the size by 4."""

    def __init__(
        self, in_channels: int, stem_channels: int, out_channels: int, expand_ratio: float, **options: Any
    ) -> None:
        super().__init__()
        middle, half = round(stem_channels * expand_ratio), stem_channels // 2
        right = half if stem_channels == out_channels else stem_channels
        self.conv1 = ConvModule(in_channels, stem_channels, 3, 2, **options)
        self.branch1 = nn.Sequential(*depthwise_pair(half, out_channels - right, 2, act_cfg=RELU, **options))
        self.expand_conv = ConvModule(half, middle, 1, **options)
        self.depthwise_conv = ConvModule(middle, middle, 3, 2, groups=middle, act_cfg=None, **options)
        self.linear_conv = ConvModule(middle, right, 1, **options)

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.conv1(x).chunk(2, 1)  # twice (B, stem_channels / 2, H/2, W/2)
        second = self.linear_conv(self.depthwise_conv(self.expand_conv(second)))  # (B, right, H/4, W/4)
        return channel_shuffle(torch.cat((self.branch1(first), second), 1), 2)  # (B, out_channels, H/4, W/4)


class IterativeHead(nn.Module):
    """Adds each branch's projection to the next finer one.

    Shapes: branch i has (B, C_i, H_i, W_i), the finest is 0 and keeps its channels.
    """

    def __init__(self, channels: Sequence[int], norm_cfg: Settings) -> None:
        super().__init__()
        widths = list(reversed(channels))
        self.projects = nn.ModuleList(
            DepthwiseSeparableConvModule(width, out, 3, norm_cfg=norm_cfg, dw_act_cfg=None)
            for width, out in zip(widths, [*widths[1:], widths[-1]], strict=True)
        )

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Return the sum at the finest branch (B, C_0, H_0, W_0)."""
        out = None
        for x, project in zip(reversed(features), self.projects, strict=True):
            if out is not None:
                x = x + F.interpolate(out, x.shape[2:], mode="bilinear", align_corners=True)  # (B, C_i, H_i, W_i)
            out = project(x)  # (B, C_(i-1), H_i, W_i)
        return out  # pyright: ignore[reportReturnType]


class LiteHRModule(nn.Module):
    """Blocks over all branches (``LITE``) or in each (``NAIVE``), and the exchange between branches."""

    def __init__(
        self,
        channels: Sequence[int],
        num_blocks: int,
        *,
        kind: str,
        ratio: int,
        with_fuse: bool,
        with_cp: bool,
        **options: Any,
    ) -> None:
        super().__init__()
        check_choice("LiteHRNet.extra.stages_spec.module_type", kind, ("LITE", "NAIVE"))
        self.is_lite = kind == "LITE"
        if self.is_lite:
            blocks = (ConditionalChannelWeighting(channels, ratio, **options) for _ in range(num_blocks))
            self.layers = nn.Sequential(*blocks)
        else:
            self.layers = nn.ModuleList(
                nn.Sequential(*(ShuffleUnit(width, width, with_cp=with_cp, **options) for _ in range(num_blocks)))
                for width in channels
            )
        self.fuse_layers = None
        if with_fuse:
            step = partial(separable_step, **options)
            self.fuse_layers = build_fusion(channels, len(channels), step, upsample={"mode": "nearest"}, **options)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        if self.is_lite:
            features = self.layers(features)  # (B, C_i, H_i, W_i) each
        else:
            features = [branch(x) for branch, x in zip(self.layers, features, strict=True)]  # (B, C_i, H_i, W_i) each
        return list(features) if self.fuse_layers is None else self.fuse(features)

    def fuse(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Add the branches up as the released weights expect it.

        The finest branch counts twice in every sum, and its own sum takes its place in the others'.
        """
        rows: Any = self.fuse_layers
        first, *rest = rows
        finest_input, *others = features
        # -> (B, C_0, H_0, W_0)
        finest = add_all([finest_input, finest_input, *(layer(x) for layer, x in zip(first[1:], others, strict=True))])
        sums = [finest]
        for row in rest:
            from_finest = row[0](finest)  # (B, C_i, H_i, W_i)
            sums.append(
                add_all([from_finest, from_finest, *(layer(x) for layer, x in zip(row[1:], others, strict=True))])
            )
        return [F.relu(x) for x in sums]


@MODELS.register_module()
class LiteHRNet(FreezableBackbone):
    """Lite-HRNet; returns the finest branch. Source: Yu et al., arXiv 2104.06403.

    Args:
        extra: ``stem`` (``stem_channels``, ``out_channels``, ``expand_ratio``), ``num_stages``, ``stages_spec``
            with one entry per stage of ``num_modules``, ``num_branches``, ``num_blocks``, ``module_type``,
            ``with_fuse``, ``reduce_ratios`` and ``num_channels``; ``with_head`` adds the branches up at the end.
        norm_eval: whether batch norms keep their statistics in training.
        with_cp: whether activations are recomputed in the backward pass to save memory.
    """

    default_init = SMALL_NORMAL

    def __init__(
        self,
        extra: Settings,
        in_channels: int = 3,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        self.norm_eval = norm_eval
        self.stem = Stem(in_channels, **extra["stem"], **options)
        self.num_stages, spec = extra["num_stages"], extra["stages_spec"]
        channels = [extra["stem"]["out_channels"]]
        for stage in range(self.num_stages):
            widths = list(spec["num_channels"][stage])
            transition = build_transition(channels, widths, partial(separable_step, **options))
            modules = (
                LiteHRModule(
                    widths,
                    spec["num_blocks"][stage],
                    kind=spec["module_type"][stage].upper(),
                    ratio=spec["reduce_ratios"][stage],
                    with_fuse=spec["with_fuse"][stage],
                    with_cp=with_cp,
                    **options,
                )
                for _ in range(spec["num_modules"][stage])
            )
            self.add_module(f"transition{stage}", transition)
            self.add_module(f"stage{stage}", nn.Sequential(*modules))
            channels = widths
        self.head_layer = IterativeHead(channels, norm_cfg) if extra["with_head"] else None

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        features = [self.stem(x)]  # (B, out_channels, H/4, W/4)
        for stage in range(self.num_stages):
            features = enter(getattr(self, f"transition{stage}"), features)
            features = getattr(self, f"stage{stage}")(features)  # (B, C_i, H / 2^(i+2), W / 2^(i+2)) each
        return (features[0] if self.head_layer is None else self.head_layer(features),)  # (B, C_0, H/4, W/4)
