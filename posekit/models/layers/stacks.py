"""Stacks of convolutions and transposed convolutions, as heads use them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from posekit.models.base_module import Settings
from posekit.models.layers.conv_module import build_conv
from posekit.models.layers.normalization import BN, build_norm

# kernel size -> (padding, output padding) with which stride 2 doubles the size exactly
DECONV_PADDING = {4: (1, 0), 3: (1, 1), 2: (0, 0)}


def conv_stack(
    in_channels: int, out_channels: Sequence[int], kernel_sizes: Sequence[int] | None, norm_cfg: Settings = BN
) -> nn.Sequential:
    """Return convolutions that keep the size, each followed by norm and ReLU.

    Raises:
        ValueError: if the two sequences differ in length.
    """
    kernel_sizes = _matched("conv", out_channels, kernel_sizes)
    layers: list[nn.Module] = []
    for channels, kernel_size in zip(out_channels, kernel_sizes, strict=True):
        layers += [
            build_conv(None, in_channels, channels, kernel_size),
            build_norm(norm_cfg, channels),
            nn.ReLU(inplace=True),
        ]
        in_channels = channels
    return nn.Sequential(*layers)


def deconv_stack(
    in_channels: int,
    out_channels: Sequence[int],
    kernel_sizes: Sequence[int] | None,
    norm_cfg: Settings = BN,
    groups: Sequence[int] | None = None,
) -> nn.Sequential:
    """Return transposed convolutions, each of which doubles the size, followed by norm and ReLU.

    Args:
        in_channels: channels of the input.
        out_channels: channels of each transposed convolution.
        kernel_sizes: kernel size of each transposed convolution.
        norm_cfg: kind of norm.
        groups: number of groups of each transposed convolution; 1 by default.

    Raises:
        ValueError: if a kernel size is not 2, 3 or 4, or the sequences differ in length.
    """
    groups = groups or [1] * len(out_channels)
    kernel_sizes = _matched("deconv", out_channels, kernel_sizes)
    layers: list[nn.Module] = []
    for channels, kernel_size, group in zip(out_channels, kernel_sizes, groups, strict=True):
        if kernel_size not in DECONV_PADDING:
            raise ValueError(f"deconv_kernel_sizes: {kernel_size} is not possible; use {sorted(DECONV_PADDING)}")
        padding, output_padding = DECONV_PADDING[kernel_size]
        layers += [
            nn.ConvTranspose2d(in_channels, channels, kernel_size, 2, padding, output_padding, group, bias=False),
            build_norm(norm_cfg, channels),
            nn.ReLU(inplace=True),
        ]
        in_channels = channels
    return nn.Sequential(*layers)


def final_conv(in_channels: int, out_channels: int, settings: Settings | None) -> nn.Module:
    """Return the Conv2d of a head's outputs, 1x1 unless the settings say otherwise; the identity without settings."""
    if settings is None:
        return nn.Identity()
    options = {"kernel_size": 1, **{key: value for key, value in settings.items() if key != "type"}}
    return nn.Conv2d(in_channels, out_channels, **options)


def _matched(name: str, channels: Sequence[int], kernel_sizes: Sequence[int] | None) -> Sequence[int]:
    if kernel_sizes is None or len(channels) != len(kernel_sizes):
        raise ValueError(
            f"{name}_out_channels {tuple(channels)} and {name}_kernel_sizes {kernel_sizes}: "
            "give one kernel size per layer"
        )
    return kernel_sizes
