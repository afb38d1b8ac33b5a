"""Branches of several resolutions: how new ones start and how they exchange features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any

from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.layers.conv_module import build_conv, conv_norm
from posekit.models.layers.normalization import BN, build_norm

# (in_channels, out_channels, stride, relu=) -> a 3x3 convolution between branches
StepBuilder = Callable[..., nn.Sequential]


def dense_step(in_channels: int, out_channels: int, stride: int, *, relu: bool, **options: Any) -> nn.Sequential:
    return conv_norm(in_channels, out_channels, 3, stride, relu=relu, **options)


def separable_step(
    in_channels: int,
    out_channels: int,
    stride: int,
    *,
    relu: bool,
    conv_cfg: Settings | None = None,
    norm_cfg: Settings = BN,
) -> nn.Sequential:
    """A depthwise 3x3 and a 1x1 convolution, each with its norm, numbered 0 to 3."""
    depthwise = build_conv(conv_cfg, in_channels, in_channels, 3, stride, groups=in_channels, bias=False)
    pointwise = conv_norm(in_channels, out_channels, 1, relu=relu, conv_cfg=conv_cfg, norm_cfg=norm_cfg)
    return nn.Sequential(depthwise, build_norm(norm_cfg, in_channels), *pointwise)


def build_transition(before: Sequence[int], after: Sequence[int], step: StepBuilder) -> nn.ModuleList:
    """Return the layers from branches of ``before`` to ``after`` channels; new branches start at the coarsest."""
    layers: list[nn.Module] = []
    for index, channels in enumerate(after):
        if index < len(before):
            same = before[index] == channels
            layers.append(nn.Identity() if same else step(before[index], channels, 1, relu=True))
        else:
            widths = [before[-1]] * (index + 1 - len(before)) + [channels]
            pairs = pairwise(widths)
            layers.append(nn.Sequential(*(step(a, b, 2, relu=True) for a, b in pairs)))
    return nn.ModuleList(layers)


def build_fusion(
    channels: Sequence[int],
    num_outs: int,
    step: StepBuilder,
    *,
    upsample: Settings,
    conv_cfg: Settings | None = None,
    norm_cfg: Settings = BN,
) -> nn.ModuleList:
    """Return, per output branch, the layers that bring every branch to its size and channels, to be summed."""

    def path(source: int, target: int) -> nn.Module:
        if source == target:
            return nn.Identity()
        if source > target:
            narrow = conv_norm(channels[source], channels[target], 1, conv_cfg=conv_cfg, norm_cfg=norm_cfg)
            return nn.Sequential(*narrow, nn.Upsample(scale_factor=2 ** (source - target), **upsample))
        widths = [channels[source]] * (target - source) + [channels[target]]
        last = target - source - 1
        return nn.Sequential(*(step(widths[k], widths[k + 1], 2, relu=k < last) for k in range(last + 1)))

    rows = (nn.ModuleList(path(source, target) for source in range(len(channels))) for target in range(num_outs))
    return nn.ModuleList(rows)


def add_all(terms: Iterable[Tensor]) -> Tensor:
    return reduce(add, terms)


def fuse(row: nn.ModuleList, features: Sequence[Tensor]) -> Tensor:
    """Sum the outputs (B, C_i, H_i, W_i) of one row of ``build_fusion``."""
    return add_all(layer(x) for layer, x in zip(row, features, strict=True))  # (B, C_i, H_i, W_i)


def enter(transition: nn.ModuleList, features: Sequence[Tensor]) -> list[Tensor]:
    """Apply ``build_transition``: existing branches continue, new ones start from the last."""
    # -> (B, C_i, H_i, W_i) each
    return [layer(features[min(index, len(features) - 1)]) for index, layer in enumerate(transition)]
