"""Residual blocks and rows of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.layers.conv_module import build_conv, conv_norm
from posekit.models.layers.normalization import BN, build_norm, norm_name
from posekit.models.layers.residual_branch import run_checkpointed


class ResidualBlock(nn.Module):
    """A shortcut around convolutions ``conv1 bn1 .. convN bnN``, with ReLUs between them and after the sum.

    Shapes: from (B, in_channels, H, W) to (B, out_channels, h, w), where h and w are H / stride and W / stride.

    Args:
        downsample: layers of the shortcut where shapes differ; None for the identity.
        with_cp: whether activations are recomputed in the backward pass to save memory.
    """

    expansion: ClassVar[int] = 1

    def __init__(
        self,
        *,
        downsample: nn.Module | None = None,
        with_cp: bool = False,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
    ) -> None:
        super().__init__()
        self.conv_cfg, self.norm_cfg, self.with_cp = conv_cfg, norm_cfg, with_cp
        self.num_convs = 0
        self.norm = norm_name(norm_cfg)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def add_conv(self, in_channels: int, out_channels: int, kernel_size: int, **options: Any) -> None:
        """Append a convolution without bias and its norm."""
        self.num_convs += 1
        conv = build_conv(self.conv_cfg, in_channels, out_channels, kernel_size, bias=False, **options)
        self.add_module(f"conv{self.num_convs}", conv)
        self.add_module(f"{self.norm}{self.num_convs}", build_norm(self.norm_cfg, out_channels))

    @property
    def last_norm(self) -> nn.Module:
        return getattr(self, f"{self.norm}{self.num_convs}")

    def conv_norm(self, index: int, x: Tensor) -> Tensor:
        return getattr(self, f"{self.norm}{index}")(getattr(self, f"conv{index}")(x))

    def residual(self, x: Tensor) -> Tensor:
        for index in range(1, self.num_convs):
            x = self.relu(self.conv_norm(index, x))  # (B, middle, h, w)
        return self.conv_norm(self.num_convs, x)  # (B, out_channels, h, w)

    def add_shortcut(self, x: Tensor) -> Tensor:
        return self.residual(x) + (x if self.downsample is None else self.downsample(x))  # (B, out_channels, h, w)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(run_checkpointed(self.add_shortcut, x, enabled=self.with_cp))  # (B, out_channels, h, w)


class BasicBlock(ResidualBlock):
    """Two 3x3 convolutions."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        expansion: int = 1,
        style: str = "pytorch",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.add_conv(in_channels, out_channels // expansion, 3, stride=stride, dilation=dilation)
        self.add_conv(out_channels // expansion, out_channels, 3)


class Bottleneck(ResidualBlock):
    """1x1 to few channels, 3x3 there, 1x1 back.

    Args:
        expansion: channels of the output relative to those in the middle.
        style: place of the stride, ``pytorch`` (3x3) or ``caffe`` (first 1x1).
        groups: number of groups of the middle convolution; with ``width_per_group`` it has
            ``groups * width_per_group`` channels where it would have ``base_channels``.
        kernel_size: kernel size of the middle convolution.
    """

    expansion: ClassVar[int] = 4

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        expansion: int = 4,
        style: str = "pytorch",
        groups: int = 1,
        width_per_group: int | None = None,
        base_channels: int = 64,
        kernel_size: int = 3,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        first, second = (1, stride) if style == "pytorch" else (stride, 1)
        middle = out_channels // expansion
        if groups > 1 and width_per_group is not None:
            middle = groups * width_per_group * middle // base_channels
        self.add_conv(in_channels, middle, 1, stride=first)
        self.add_conv(middle, middle, kernel_size, stride=second, dilation=dilation, groups=groups)
        self.add_conv(middle, out_channels, 1)


def shortcut_conv(
    in_channels: int,
    out_channels: int,
    stride: int,
    *,
    avg_down: bool = False,
    conv_cfg: Settings | None = None,
    norm_cfg: Settings = BN,
) -> nn.Sequential | None:
    """Return a 1x1 convolution for a shortcut whose ends differ in shape; with ``avg_down`` it pools first."""
    if stride == 1 and in_channels == out_channels:
        return None
    if not avg_down or stride == 1:
        return conv_norm(in_channels, out_channels, 1, stride, conv_cfg=conv_cfg, norm_cfg=norm_cfg)
    pool = nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)
    return nn.Sequential(pool, *conv_norm(in_channels, out_channels, 1, conv_cfg=conv_cfg, norm_cfg=norm_cfg))


def res_layer(
    block: Callable[..., ResidualBlock],
    num_blocks: int,
    in_channels: int,
    out_channels: int,
    *,
    stride: int = 1,
    avg_down: bool = False,
    downsample_first: bool = True,
    conv_cfg: Settings | None = None,
    norm_cfg: Settings = BN,
    **options: Any,
) -> nn.Sequential:
    """Return a row of residual blocks of which the first (or the last) changes channels and size."""
    shapes: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
    change = shortcut_conv(in_channels, out_channels, stride, avg_down=avg_down, **shapes)
    changing = block(in_channels, out_channels, stride=stride, downsample=change, **shapes, **options)
    same = out_channels if downsample_first else in_channels
    keeping = [block(same, same, **shapes, **options) for _ in range(num_blocks - 1)]
    return nn.Sequential(changing, *keeping) if downsample_first else nn.Sequential(*keeping, changing)
