"""CSPNeXt, the backbone of RTMPose, whole or with fewer channels in some layers, as channel pruning leaves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from posekit.models.backbones.csp_darknet import CSPTrunk, csp_stages
from posekit.models.base_module import Settings
from posekit.models.layers.conv_module import ConvModule, DepthwiseSeparableConvModule
from posekit.models.layers.csp_layer import CSPLayer, SPPBottleneck
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


def prune_csp(backbone: nn.Module, stages: list[str], counts: Mapping[str, int]) -> None:
    """Rebuild the layers of a CSP network, and those that read them, with fewer channels.

    Args:
        backbone: has a ``stem`` of ConvModules, and stages of convolutions, SPPBottlenecks and CSPLayers.
        stages: names of the stages.
        counts: output channels of the pruned layers by name, such as ``{"stem.0.conv": 8}``. Layers that are added to
            others share the number of those.

    Raises:
        ValueError: if a name is not that of a layer that can have a number of its own, or a number does not fit.
    """
    pruner = _Pruner(type(backbone).__name__, counts)
    channels = 3
    for part in ("stem", *stages):
        for name, layer in backbone.get_submodule(part).named_children():
            channels = pruner.layer(f"{part}.{name}", layer, channels)
    if pruner.counts:
        raise ValueError(
            f"{pruner.owner}.pruned_channels: no layer {next(iter(pruner.counts))!r} with channels of its own"
        )


class _Pruner:
    """Resizes layers one after the other; each method takes the input channels and returns the output channels."""

    def __init__(self, owner: str, counts: Mapping[str, int]) -> None:
        self.owner, self.counts = owner, dict(counts)

    def layer(self, name: str, layer: Any, channels: int) -> int:
        if isinstance(layer, CSPLayer):
            return self.csp(name, layer, channels)
        if isinstance(layer, SPPBottleneck):
            middle = self.conv(f"{name}.conv1", layer.conv1, channels)
            return self.conv(f"{name}.conv2", layer.conv2, middle * (len(layer.poolings) + 1))
        if isinstance(layer, DepthwiseSeparableConvModule):
            return self.separable(name, layer, channels)
        return self.conv(name, layer, channels)

    def csp(self, name: str, layer: CSPLayer, channels: int) -> int:
        short = self.conv(f"{name}.short_conv", layer.short_conv, channels)
        main = self.conv(f"{name}.main_conv", layer.main_conv, channels)
        for index, block in enumerate(layer.blocks.children()):
            at, inner = f"{name}.blocks.{index}", self.layer(f"{name}.blocks.{index}.conv1", block.conv1, main)
            shared = main if block.add_identity else None
            main = self.separable(f"{at}.conv2", block.conv2, inner, shared)  # pyright: ignore[reportArgumentType]
        both = main + short
        if isinstance(layer.attention, nn.Module) and hasattr(layer.attention, "fc"):
            layer.attention.fc = nn.Conv2d(both, both, 1)
        return self.conv(f"{name}.final_conv", layer.final_conv, both)

    def separable(
        self, name: str, module: DepthwiseSeparableConvModule, channels: int, shared: int | None = None
    ) -> int:
        resize(module.depthwise_conv, channels, channels)
        return self.conv(f"{name}.pointwise_conv", module.pointwise_conv, channels, shared)

    def conv(self, name: str, module: ConvModule, channels: int, shared: int | None = None) -> int:
        full: int = module.conv.out_channels  # pyright: ignore[reportAssignmentType]
        key = f"{name}.conv"
        count = self.counts.pop(key, full) if shared is None else shared
        if not 0 < count <= full:
            raise ValueError(f"{self.owner}.pruned_channels[{key!r}]: {count}; the layer has from 1 to {full} channels")
        resize(module, channels, count)
        return count


def resize(module: ConvModule, in_channels: int, out_channels: int) -> None:
    """Give a ConvModule other numbers of channels and new weights."""
    conv: Any = module.conv
    module.conv = nn.Conv2d(
        in_channels,
        out_channels,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        conv.dilation,
        groups=in_channels if conv.groups > 1 else 1,
        bias=conv.bias is not None,
    )
    norm: Any = module.bn
    module.bn = type(norm)(out_channels, eps=norm.eps, momentum=norm.momentum)
