"""ResNet, and the trunk that all its relatives share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import nn

from posekit.console import check_choice
from posekit.models.backbones.staged import StagedBackbone
from posekit.models.base_module import KAIMING, InitRules, Settings
from posekit.models.layers.conv_module import ConvModule, build_conv
from posekit.models.layers.normalization import BN, build_norm, norm_name
from posekit.models.layers.residual import BasicBlock, Bottleneck, ResidualBlock, res_layer
from posekit.registry import MODELS


class ResidualTrunk(StagedBackbone):
    """A stem that divides the size by 4 and stages of residual blocks ``layer1``, ``layer2``, ...

    A subclass calls ``build`` with its stages.

    Shapes: feature map i, counted from 0, is (B, C_i, H / 2^(i+2), W / 2^(i+2)) with the default strides.

    Args:
        in_channels: channels of the images.
        out_indices: indices of the stages to return, from 0.
        style: place of the stride in bottlenecks, ``pytorch`` (3x3) or ``caffe`` (first 1x1).
        deep_stem: whether three 3x3 convolutions replace the 7x7.
        avg_down: whether strided shortcuts pool.
        frozen_stages: number of stages to freeze besides the stem; -1 freezes nothing.
        conv_cfg: kind of convolution.
        norm_cfg: norm of the convolutions.
        norm_eval: whether batch norms keep their statistics in training.
        with_cp: whether activations are recomputed in the backward pass to save memory.
        zero_init_residual: whether each block starts as its shortcut alone.
        init_cfg: rules for the initial weights.
    """

    default_init = KAIMING

    def __init__(
        self,
        *,
        in_channels: int = 3,
        out_indices: Sequence[int] = (3,),
        style: str = "pytorch",
        deep_stem: bool = False,
        avg_down: bool = False,
        frozen_stages: int = -1,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
        norm_eval: bool = False,
        with_cp: bool = False,
        zero_init_residual: bool = True,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice(f"{type(self).__name__}.style", style, ("pytorch", "caffe"))
        self.in_channels, self.deep_stem, self.zero_init_residual = in_channels, deep_stem, zero_init_residual
        self.conv_options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        self.block_options: Settings = {"style": style, "avg_down": avg_down, "with_cp": with_cp, **self.conv_options}
        self.output_options: Settings = {
            "out_indices": out_indices,
            "frozen_stages": frozen_stages,
            "norm_eval": norm_eval,
        }

    def build(self, stem_channels: int, stages: Sequence[Settings], *, kernel_size: int = 7, pool: bool = True) -> None:
        """Add the stem and one row of blocks per entry of ``stages``.

        Args:
            stem_channels: channels of the stem.
            stages: arguments of ``res_layer`` for each stage.
            kernel_size: kernel size of a stem of one convolution.
            pool: whether the stem ends with a pooling.
        """
        stem = self.add_stem(stem_channels, kernel_size)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if pool else nn.Identity()
        channels = stem_channels
        for index, stage in enumerate(stages, 1):
            self.add_module(f"layer{index}", res_layer(in_channels=channels, **stage, **self.block_options))
            channels = stage["out_channels"]
        rows = [f"layer{index}" for index in range(1, len(stages) + 1)]
        self.arrange([*stem, "maxpool"], rows, **self.output_options)

    def add_stem(self, channels: int, kernel_size: int) -> list[str]:
        """Add one wide convolution, or three 3x3 in a deep stem; return the names of the parts."""
        if self.deep_stem:
            half = channels // 2
            self.stem = nn.Sequential(
                ConvModule(self.in_channels, half, 3, 2, **self.conv_options),
                ConvModule(half, half, 3, **self.conv_options),
                ConvModule(half, channels, 3, **self.conv_options),
            )
            return ["stem"]
        norm_cfg = self.conv_options["norm_cfg"]
        norm = f"{norm_name(norm_cfg)}1"
        self.conv1 = build_conv(self.conv_options["conv_cfg"], self.in_channels, channels, kernel_size, 2, bias=False)
        self.add_module(norm, build_norm(norm_cfg, channels))
        self.relu = nn.ReLU(inplace=True)
        return ["conv1", norm, "relu"]

    def init_weights(self) -> None:
        super().init_weights()
        if self.zero_init_residual and not self.is_pretrained:
            zero_last_norms(self)


def zero_last_norms(module: nn.Module) -> None:
    """Let each residual block start as its shortcut alone, unless its last norm could not grow again."""
    for part in module.modules():
        if isinstance(part, ResidualBlock) and isinstance(part.last_norm.weight, nn.Parameter):
            nn.init.zeros_(part.last_norm.weight)


def deep_settings(block: type[ResidualBlock]) -> dict[int, tuple[type[ResidualBlock], tuple[int, ...]]]:
    """Return block and blocks per stage of the depths that use bottlenecks."""
    return {50: (block, (3, 4, 6, 3)), 101: (block, (3, 4, 23, 3)), 152: (block, (3, 8, 36, 3))}


@MODELS.register_module()
class ResNet(ResidualTrunk):
    """ResNet. Source: He et al., arXiv 1512.03385.

    Args:
        depth: a key of ``arch_settings``.
        stem_channels: channels of the stem.
        base_channels: channels of the first stage, before its blocks' expansion.
        expansion: channels of a block relative to its middle; the block's own by default.
        num_stages: number of stages.
        strides: stride of each stage.
        dilations: dilation of each stage.
        block_options: further arguments of the blocks.
        options: arguments of ``ResidualTrunk``.
    """

    arch_settings: ClassVar[dict[int, tuple[type[ResidualBlock], tuple[int, ...]]]] = {
        18: (BasicBlock, (2, 2, 2, 2)),
        34: (BasicBlock, (3, 4, 6, 3)),
        **deep_settings(Bottleneck),
    }

    def __init__(
        self,
        depth: int,
        *,
        stem_channels: int = 64,
        base_channels: int = 64,
        expansion: int | None = None,
        num_stages: int = 4,
        strides: Sequence[int] = (1, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        block_options: Settings | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        name = type(self).__name__
        check_choice(f"{name}.depth", depth, list(self.arch_settings))
        if not len(strides) == len(dilations) == num_stages:
            raise ValueError(f"{name}: strides and dilations need one entry for each of the {num_stages} stages")
        block, depths = self.arch_settings[depth]
        expansion = expansion or block.expansion
        stages = [
            {
                "block": block,
                "num_blocks": depths[i],
                "out_channels": base_channels * expansion * 2**i,
                "stride": strides[i],
                "dilation": dilations[i],
                "expansion": expansion,
                **(block_options or {}),
            }
            for i in range(num_stages)
        ]
        self.build(stem_channels, stages)


@MODELS.register_module()
class ResNetV1d(ResNet):
    """ResNet with a deep stem and shortcuts that pool. Source: He et al., arXiv 1812.01187."""

    def __init__(self, depth: int, **options: Any) -> None:
        super().__init__(depth, deep_stem=True, avg_down=True, **options)
