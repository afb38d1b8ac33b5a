"""A convolution with its norm and activation, the brick of most networks."""

from __future__ import annotations

from typing import Literal

from torch import nn

from posekit.models.base_module import Settings
from posekit.models.layers.activation import RELU, build_activation
from posekit.models.layers.normalization import BN, build_norm, norm_name
from posekit.registry import strip_scope

CONVS: dict[str, type[nn.Module]] = {
    "Conv": nn.Conv2d,
    "Conv1d": nn.Conv1d,
    "Conv2d": nn.Conv2d,
    "Conv3d": nn.Conv3d,
}


def build_conv(
    conv_cfg: Settings | None,
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    padding: int | None = None,
    dilation: int = 1,
    groups: int = 1,
    bias: bool = True,
) -> nn.Module:
    """Build a convolution, by default 2D and padded so that stride 1 keeps the size.

    Raises:
        ValueError: if ``conv_cfg`` has an unknown type.
    """
    kind = strip_scope(conv_cfg["type"]) if conv_cfg else "Conv2d"
    if kind not in CONVS:
        raise ValueError(f"conv_cfg has no type '{kind}'; use one of {', '.join(CONVS)}")
    padding = dilation * (kernel_size - 1) // 2 if padding is None else padding
    return CONVS[kind](in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)


class ConvModule(nn.Sequential):
    """Convolution, norm, activation, named ``conv``, ``bn`` (``gn``, ...) and ``activate``.

    Shapes: (B, in_channels, H, W) to (B, out_channels, H/stride, W/stride) with the default padding.

    Args:
        padding: padding on each side; keeps the size at stride 1 by default.
        bias: whether the convolution has a bias; ``auto`` gives it one exactly where no norm follows.
        norm_cfg: kind of norm; None for no norm.
        act_cfg: kind of activation; None for no activation.
        inplace: whether the activation may overwrite its input.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | None = None,
        dilation: int = 1,
        groups: int = 1,
        *,
        bias: bool | Literal["auto"] = "auto",
        conv_cfg: Settings | None = None,
        norm_cfg: Settings | None = None,
        act_cfg: Settings | None = RELU,
        inplace: bool = True,
    ) -> None:
        super().__init__()
        with_bias = norm_cfg is None if bias == "auto" else bias
        self.conv = build_conv(
            conv_cfg, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, with_bias
        )
        _init_conv(self.conv, act_cfg)
        if norm_cfg is not None:
            self.add_module(norm_name(norm_cfg), build_norm(norm_cfg, out_channels))
        if act_cfg is not None:
            self.activate = build_activation(act_cfg, inplace=inplace)


class DepthwiseSeparableConvModule(nn.Sequential):
    """A depthwise convolution and a 1x1 convolution across the channels."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | None = None,
        dilation: int = 1,
        *,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings | None = None,
        act_cfg: Settings | None = RELU,
        dw_act_cfg: Settings | Literal["default"] | None = "default",
        pw_act_cfg: Settings | Literal["default"] | None = "default",
    ) -> None:
        super().__init__()
        self.depthwise_conv = ConvModule(
            in_channels,
            in_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups=in_channels,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg if dw_act_cfg == "default" else dw_act_cfg,  # pyright: ignore[reportArgumentType]
        )
        self.pointwise_conv = ConvModule(
            in_channels,
            out_channels,
            1,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg if pw_act_cfg == "default" else pw_act_cfg,  # pyright: ignore[reportArgumentType]
        )


def conv_norm(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    *,
    groups: int = 1,
    relu: bool = False,
    conv_cfg: Settings | None = None,
    norm_cfg: Settings = BN,
) -> nn.Sequential:
    """Return a convolution without bias, a norm and perhaps a ReLU, numbered 0, 1, 2 in state dicts."""
    conv = build_conv(conv_cfg, in_channels, out_channels, kernel_size, stride, groups=groups, bias=False)
    parts = [conv, build_norm(norm_cfg, out_channels)]
    return nn.Sequential(*parts, nn.ReLU(inplace=True)) if relu else nn.Sequential(*parts)


def make_divisible(value: float, divisor: int, min_value: int | None = None, min_ratio: float = 0.9) -> int:
    """Round to a multiple of ``divisor`` that is at least ``min_value`` and ``min_ratio * value``."""
    nearest = max(min_value or divisor, int(value + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < min_ratio * value else nearest


def _init_conv(conv: nn.Module, act_cfg: Settings | None) -> None:
    leaky = act_cfg is not None and strip_scope(act_cfg["type"]) == "LeakyReLU"
    slope = act_cfg.get("negative_slope", 0.01) if leaky and act_cfg else 0.0
    nn.init.kaiming_normal_(conv.weight, slope, "fan_out", "leaky_relu" if leaky else "relu")  # pyright: ignore
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)  # pyright: ignore[reportArgumentType]
