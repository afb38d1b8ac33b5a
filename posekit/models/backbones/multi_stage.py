"""The trunk of MSPN and RSN: stages that go down and up, each fed by the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from posekit.models.backbones.base import BaseBackbone
from posekit.models.base_module import KAIMING, InitRules, Settings
from posekit.models.layers.conv_module import ConvModule

# (in_channels, out_channels, stride=, downsample=, norm_cfg=) -> a residual block
BlockBuilder = Callable[..., nn.Module]


class DownStage(nn.Module):
    """Rows of blocks ``layer1`` .. ``layerN``; each row halves the size that the one before leaves."""

    def __init__(
        self, block: BlockBuilder, in_channels: int, widths: Sequence[int], depths: Sequence[int], norm_cfg: Settings
    ) -> None:
        super().__init__()
        self.num_units = len(widths)
        for index, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            stride = 2 if index else 1
            change = None
            if stride != 1 or in_channels != width:
                change = ConvModule(in_channels, width, 1, stride, norm_cfg=norm_cfg, act_cfg=None)
            first = block(in_channels, width, stride=stride, downsample=change, norm_cfg=norm_cfg)
            rest = [block(width, width, norm_cfg=norm_cfg) for _ in range(depth - 1)]
            self.add_module(f"layer{index + 1}", nn.Sequential(first, *rest))
            in_channels = width

    def forward(self, x: Tensor, skips: Sequence[Tensor] | None) -> list[Tensor]:
        """Return the outputs of all rows, finest first; ``skips`` are added to them.

        Shapes: x (B, in_channels, H, W), outputs and skips (B, widths[i], H / 2^i, W / 2^i).
        """
        outputs = []
        for index in range(self.num_units):
            x = getattr(self, f"layer{index + 1}")(x)  # (B, widths[i], H / 2^i, W / 2^i)
            if skips is not None:
                x = x + skips[index]  # same shape
            outputs.append(x)
        return outputs


class UpUnit(nn.Module):
    """Joins a level with the enlarged coarser one and derives what the next stage reads.

    Shapes: the level (B, in_channels, h, w), the coarser one (B, channels, h/2, w/2).
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        *,
        coarsest: bool,
        gen_skip: bool,
        cross_channels: int | None,
        norm_cfg: Settings,
    ) -> None:
        super().__init__()
        self.in_skip = ConvModule(in_channels, channels, 1, norm_cfg=norm_cfg, act_cfg=None)
        self.up_conv = None if coarsest else ConvModule(channels, channels, 1, norm_cfg=norm_cfg, act_cfg=None)
        self.gen_skip = gen_skip
        if gen_skip:
            self.out_skip1 = ConvModule(in_channels, in_channels, 1, norm_cfg=norm_cfg)
            self.out_skip2 = ConvModule(channels, in_channels, 1, norm_cfg=norm_cfg)
        self.cross_conv = ConvModule(channels, cross_channels, 1, norm_cfg=norm_cfg) if cross_channels else None

    def forward(self, x: Tensor, coarser: Tensor | None) -> tuple[Tensor, Tensor | None]:
        out = self.in_skip(x)  # (B, channels, h, w)
        if self.up_conv is not None and coarser is not None:
            enlarged = F.interpolate(coarser, x.shape[2:], mode="bilinear", align_corners=True)  # (B, channels, h, w)
            out = out + self.up_conv(enlarged)  # (B, channels, h, w)
        out = F.relu(out)
        return out, self.out_skip1(x) + self.out_skip2(out) if self.gen_skip else None  # skip (B, in_channels, h, w)


class UpStage(nn.Module):
    """Units ``up1`` (coarsest) .. ``upN`` (finest)."""

    def __init__(
        self, widths: Sequence[int], channels: int, *, gen_skip: bool, cross_channels: int, norm_cfg: Settings
    ) -> None:
        super().__init__()
        self.num_units = len(widths)
        for index, width in enumerate(reversed(widths)):
            cross = cross_channels if gen_skip and index == len(widths) - 1 else None
            unit = UpUnit(
                width, channels, coarsest=index == 0, gen_skip=gen_skip, cross_channels=cross, norm_cfg=norm_cfg
            )
            self.add_module(f"up{index + 1}", unit)

    def forward(self, levels: Sequence[Tensor]) -> tuple[list[Tensor], list[Any], Tensor | None]:
        """Return the outputs (coarsest first), the skips (finest first) and the next stage's input."""
        outputs: list[Tensor] = []
        skips: list[Tensor | None] = []
        for index, x in enumerate(reversed(levels)):
            # -> (B, channels, h, w), (B, widths[i], h, w)
            out, skip = getattr(self, f"up{index + 1}")(x, outputs[-1] if outputs else None)
            outputs.append(out)
            skips.insert(0, skip)
        finest = getattr(self, f"up{self.num_units}")
        # -> (B, cross_channels, H/4, W/4)
        cross = finest.cross_conv(outputs[-1]) if finest.cross_conv is not None else None
        return outputs, skips, cross


class DownUpStage(nn.Module):
    """The way down and the way up of one stage; ``MultiStageBackbone`` runs them."""

    def __init__(self, downsample: DownStage, upsample: UpStage) -> None:
        super().__init__()
        self.downsample, self.upsample = downsample, upsample


class StemWithPool(nn.Module):
    """A 7x7 convolution and a pooling, which together divide the size by 4."""

    def __init__(self, channels: int, norm_cfg: Settings) -> None:
        super().__init__()
        self.top = nn.Sequential(ConvModule(3, channels, 7, 2, norm_cfg=norm_cfg), nn.MaxPool2d(3, 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.top(x)  # (B, channels, H/4, W/4)


class MultiStageBackbone(BaseBackbone):
    """Returns, for each stage, the list of its outputs from coarse to fine.

    Shapes: level i of a stage, counted from the finest, has a resolution of 1 / 2^(i+2) of the image; all outputs have
    ``unit_channels``.

    Args:
        stages_name: name of the list of stages in state dicts.
        init_cfg: rules for the initial weights.
    """

    default_init = KAIMING

    def __init__(self, stages_name: str, init_cfg: InitRules) -> None:
        super().__init__(init_cfg)
        self.stages_name = stages_name

    def add_stages(
        self,
        block: BlockBuilder,
        expansion: int,
        *,
        num_stages: int,
        num_blocks: Sequence[int],
        unit_channels: int,
        channels: int,
        norm_cfg: Settings,
    ) -> None:
        """Add a stem of ``channels`` channels and the stages behind it."""
        self.top = StemWithPool(channels, norm_cfg)
        widths = [channels * expansion * 2**index for index in range(len(num_blocks))]
        stages = nn.ModuleList()
        for index in range(num_stages):
            down = DownStage(block, channels, widths, num_blocks, norm_cfg)
            not_last = index < num_stages - 1
            up = UpStage(widths, unit_channels, gen_skip=not_last, cross_channels=channels, norm_cfg=norm_cfg)
            stages.append(DownUpStage(down, up))
        self.add_module(self.stages_name, stages)

    def check_units(self, num_units: int, num_blocks: Sequence[int]) -> None:
        if num_units != len(num_blocks) or num_units < 2:
            raise ValueError(
                f"{type(self).__name__}.num_blocks: {list(num_blocks)} needs one entry for each of "
                f"num_units={num_units}, at least two"
            )

    def forward(self, x: Tensor) -> list[list[Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, skips, outputs = self.top(x), None, []  # x (B, channels, H/4, W/4)
        for stage in getattr(self, self.stages_name):
            levels = stage.downsample(x, skips)  # (B, widths[i], H / 2^(i+2), W / 2^(i+2)) each
            features, skips, x = stage.upsample(levels)
            outputs.append(features)
        return outputs
