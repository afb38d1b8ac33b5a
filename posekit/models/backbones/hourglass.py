"""Stacked hourglasses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import SMALL_NORMAL, InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.normalization import BN
from posekit.models.layers.residual import BasicBlock, res_layer
from posekit.registry import MODELS


class Hourglass(nn.Module):
    """Halves the size ``depth`` times and restores it, with a branch that stays at each size.

    Args:
        depth: number of halvings.
        build: builder of a level's layers ``up1``, ``low1``, ``low2`` (the innermost level only) and ``low3``.
        level: number of halvings outside of this one.
    """

    def __init__(self, depth: int, build: Callable[[str, int], nn.Module], level: int = 0) -> None:
        super().__init__()
        self.up1 = build("up1", level)
        self.low1 = build("low1", level)
        self.low2 = Hourglass(depth - 1, build, level + 1) if depth > 1 else build("low2", level)
        self.low3 = build("low3", level)
        self.up2 = nn.Upsample(scale_factor=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.up1(x) + self.up2(self.low3(self.low2(self.low1(x))))  # (B, C, H, W), H/2 and W/2 inside


@MODELS.register_module()
class HourglassNet(BaseBackbone):
    """Hourglasses of residual blocks; returns the features of each. Source: Newell et al., arXiv 1603.06937.

    Shapes: C the first of ``stage_channels``.

    Args:
        downsample_times: number of times that each hourglass halves the size.
        num_stacks: number of hourglasses.
        stage_channels: channels at each size.
        stage_blocks: number of blocks at each size.
        feat_channel: channels of the outputs.
        norm_cfg: norm of the convolutions.
        init_cfg: rules for the initial weights.

    Raises:
        ValueError: if there are too few stages for ``downsample_times``.
    """

    default_init = SMALL_NORMAL

    def __init__(
        self,
        downsample_times: int = 5,
        num_stacks: int = 2,
        stage_channels: Sequence[int] = (256, 256, 384, 384, 384, 512),
        stage_blocks: Sequence[int] = (2, 2, 2, 2, 2, 4),
        feat_channel: int = 256,
        norm_cfg: Settings = BN,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        check_stages("HourglassNet", downsample_times, stage_channels, stage_blocks)
        options: Settings = {"norm_cfg": norm_cfg}

        def build(name: str, level: int) -> nn.Module:
            depth, width, inner = stage_blocks[level], stage_channels[level], stage_channels[level + 1]
            if name == "up1":
                return res_layer(BasicBlock, depth, width, width, **options)
            if name == "low1":
                return res_layer(BasicBlock, depth, width, inner, stride=2, **options)
            if name == "low2":
                return res_layer(BasicBlock, stage_blocks[level + 1], inner, inner, **options)
            return res_layer(BasicBlock, depth, inner, width, downsample_first=False, **options)

        width = stage_channels[0]
        self.stem = nn.Sequential(
            ConvModule(3, 128, 7, 2, **options), res_layer(BasicBlock, 1, 128, 256, stride=2, **options)
        )
        self.hourglass_modules = nn.ModuleList(Hourglass(downsample_times, build) for _ in range(num_stacks))
        between = range(num_stacks - 1)
        # even a single hourglass has one block here that is never used: released weights contain it
        self.inters = res_layer(BasicBlock, num_stacks - 1, width, width, **options)
        self.conv1x1s = nn.ModuleList(ConvModule(width, width, 1, act_cfg=None, **options) for _ in between)
        self.out_convs = nn.ModuleList(ConvModule(width, feat_channel, 3, **options) for _ in range(num_stacks))
        self.remap_convs = nn.ModuleList(ConvModule(feat_channel, width, 1, act_cfg=None, **options) for _ in between)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)  # (B, C, H/4, W/4)
        outputs = []
        for index, (hourglass, conv) in enumerate(zip(self.hourglass_modules, self.out_convs, strict=True)):
            outputs.append(conv(hourglass(x)))  # (B, feat_channel, H/4, W/4)
            if index < len(self.conv1x1s):
                x = self.conv1x1s[index](x) + self.remap_convs[index](outputs[-1])  # (B, C, H/4, W/4)
                x = self.inters[index](self.relu(x))  # (B, C, H/4, W/4)
        return tuple(outputs)


def check_stages(owner: str, downsample_times: int, *stages: Sequence[int]) -> None:
    if any(len(numbers) <= downsample_times or len(numbers) != len(stages[0]) for numbers in stages):
        raise ValueError(
            f"{owner}: downsample_times={downsample_times} needs at least {downsample_times + 1} stage_channels "
            f"(and as many stage_blocks), not {[len(numbers) for numbers in stages]}"
        )
