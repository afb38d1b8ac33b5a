"""Temporal convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import mul

import torch
from torch import Tensor, nn

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.registry import MODELS

CONV1D: Settings = {"type": "Conv1d"}
BN1D: Settings = {"type": "BN1d"}


class TemporalBlock(nn.Module):
    """A convolution over time and a pointwise one, added to the frames at the centres of their windows.

    Args:
        channels: channels of input and output.
        kernel_size: number of frames of the first convolution.
        dilation: dilation of the first convolution; with ``use_stride_conv`` it strides instead.
        dropout: dropout after each convolution.
        causal: whether windows end at their frame instead of being centred on it.
        residual: whether the input is added.
        use_stride_conv: whether the first convolution strides by its size instead of dilating.
        options: further arguments of the convolutions.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int,
        dilation: int,
        *,
        dropout: float,
        causal: bool,
        residual: bool,
        use_stride_conv: bool,
        **options: Settings,
    ) -> None:
        super().__init__()
        self.residual = residual
        self.step, spread = (kernel_size, 1) if use_stride_conv else (1, dilation)
        self.reach = (kernel_size - 1) * spread // 2
        self.shift = kernel_size // 2 * spread if causal else 0
        conv = ConvModule(channels, channels, kernel_size, self.step, 0, spread, **options)  # pyright: ignore
        self.conv1 = nn.Sequential(conv)
        self.conv2 = nn.Sequential(ConvModule(channels, channels, 1, **options))  # pyright: ignore
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (B, C, T), the result (B, C, T') with the frames whose windows lie within x."""
        out = self.dropout(self.conv2(self.dropout(self.conv1(x))))  # (B, C, T')
        if not self.residual:
            return out
        start = self.reach + self.shift
        stop = None if self.step > 1 else x.shape[2] - self.reach + self.shift
        return out + x[:, :, start : stop : self.step]  # (B, C, T')


@MODELS.register_module()
class TCN(BaseBackbone):
    """Temporal convolutions over sequences. Source: Pavllo et al., arXiv 1811.11742.

    Shapes: sequences (B, C, T): B batch, C ``in_channels``, T frames.

    Args:
        kernel_sizes: odd sizes of the first convolution and of each block's.
        causal: whether windows end at their frame instead of being centred on it.
        residual: whether blocks have shortcuts.
        use_stride_conv: whether convolutions stride instead of dilating; the same for one window, and faster.
        max_norm: upper limit of the norm of a convolution's weight.

    Raises:
        ValueError: unless there are ``num_blocks + 1`` odd kernel sizes.
    """

    def __init__(
        self,
        in_channels: int,
        stem_channels: int = 1024,
        num_blocks: int = 2,
        kernel_sizes: Sequence[int] = (3, 3, 3),
        dropout: float = 0.25,
        causal: bool = False,
        residual: bool = True,
        use_stride_conv: bool = False,
        conv_cfg: Settings = CONV1D,
        norm_cfg: Settings = BN1D,
        max_norm: float | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(kernel_sizes) != num_blocks + 1 or any(size % 2 == 0 for size in kernel_sizes):
            raise ValueError(f"TCN.kernel_sizes: {list(kernel_sizes)}; use {num_blocks + 1} odd numbers")
        options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        first = kernel_sizes[0]
        self.expand_conv = ConvModule(in_channels, stem_channels, first, first if use_stride_conv else 1, 0, **options)
        dilations = accumulate(kernel_sizes, mul)
        self.tcn_blocks = nn.ModuleList(
            TemporalBlock(
                stem_channels,
                size,
                dilation,
                dropout=dropout,
                causal=causal,
                residual=residual,
                use_stride_conv=use_stride_conv,
                **options,
            )
            for size, dilation in zip(kernel_sizes[1:], dilations, strict=False)
        )
        self.dropout = nn.Dropout(dropout)
        self.max_norm = max_norm
        for module in self.modules() if max_norm is not None else ():
            if isinstance(module, nn.Conv1d):
                module.register_forward_pre_hook(self.limit_norm)

    def limit_norm(self, module: nn.Conv1d, _: object) -> None:
        with torch.no_grad():
            factor = (self.max_norm or 0.0) / (module.weight.norm() + 1e-6)
            module.weight.mul_(factor.clamp(max=1.0))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.dropout(self.expand_conv(x))  # (B, stem_channels, T - k + 1), k the first of kernel_sizes
        outputs = []
        for block in self.tcn_blocks:
            x = block(x)  # (B, stem_channels, fewer frames)
            outputs.append(x)
        return tuple(outputs)
