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
    """A stem that quarters the size, and stages of residual blocks ``layer1``, ``layer2``, ..."""

    default_init = KAIMING
    zero_init_residual = True

    def add_stem(
        self,
        in_channels: int,
        stem_channels: int,
        *,
        kernel_size: int = 7,
        deep: bool = False,
        pool: bool = True,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
    ) -> list[str]:
        """Add one wide convolution, or three 3x3 where ``deep``, and maybe a pooling; return their names."""
        self.maxpool = nn.MaxPool2d(3, 2, 1) if pool else nn.Identity()
        if deep:
            half, shared = stem_channels // 2, {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
            self.stem = nn.Sequential(
                ConvModule(in_channels, half, 3, 2, **shared),
                ConvModule(half, half, 3, **shared),
                ConvModule(half, stem_channels, 3, **shared),
            )
            return ["stem", "maxpool"]
        norm = f"{norm_name(norm_cfg)}1"
        self.conv1 = build_conv(conv_cfg, in_channels, stem_channels, kernel_size, 2, bias=False)
        self.add_module(norm, build_norm(norm_cfg, stem_channels))
        self.relu = nn.ReLU(inplace=True)
        return ["conv1", norm, "relu", "maxpool"]

    def add_stages(self, in_channels: int, stages: Sequence[Settings], **shared: Any) -> list[str]:
        """Add one row of blocks per entry of ``stages`` (arguments of ``res_layer``); return their names."""
        for index, stage in enumerate(stages, 1):
            self.add_module(f"layer{index}", res_layer(in_channels=in_channels, **stage, **shared))
            in_channels = stage["out_channels"]
        return [f"layer{index}" for index in range(1, len(stages) + 1)]

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
    """Blocks per stage of the depths that use bottlenecks."""
    return {50: (block, (3, 4, 6, 3)), 101: (block, (3, 4, 23, 3)), 152: (block, (3, 8, 36, 3))}


@MODELS.register_module()
class ResNet(ResidualTrunk):
    """ResNet. Source: He et al., arXiv 1512.03385.

    Args:
        depth: a key of ``arch_settings``.
        base_channels: of the first stage, before its blocks' expansion.
        expansion: of the blocks, by default their own.
        strides: of each stage; ``dilations`` likewise.
        out_indices: the stages whose output is returned, from 0.
        style: where bottlenecks stride, ``pytorch`` (3x3) or ``caffe`` (first 1x1).
        deep_stem: three 3x3 convolutions for the 7x7.
        avg_down: pool in strided shortcuts.
        frozen_stages: how many stages stay as loaded, with the stem; -1 for none.
        norm_eval: whether batch norms keep their statistics in training.
        with_cp: recompute activations in the backward pass to save memory.
        zero_init_residual: let each block start as its shortcut.
        block_options: further arguments of the blocks.
    """

    arch_settings: ClassVar[dict[int, tuple[type[ResidualBlock], tuple[int, ...]]]] = {
        18: (BasicBlock, (2, 2, 2, 2)),
        34: (BasicBlock, (3, 4, 6, 3)),
        **deep_settings(Bottleneck),
    }

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        stem_channels: int = 64,
        base_channels: int = 64,
        expansion: int | None = None,
        num_stages: int = 4,
        strides: Sequence[int] = (1, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
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
        block_options: Settings | None = None,
    ) -> None:
        super().__init__(init_cfg)
        name = type(self).__name__
        check_choice(f"{name}.depth", depth, list(self.arch_settings))
        check_choice(f"{name}.style", style, ("pytorch", "caffe"))
        if not len(strides) == len(dilations) == num_stages:
            raise ValueError(f"{name}: strides and dilations need one entry for each of the {num_stages} stages")
        self.zero_init_residual = zero_init_residual
        block, depths = self.arch_settings[depth]
        expansion = expansion or block.expansion
        stages = [
            {
                "block": block,
                "num_blocks": depths[i],
                "out_channels": base_channels * expansion * 2**i,
                "stride": strides[i],
                "dilation": dilations[i],
            }
            for i in range(num_stages)
        ]
        shared: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        self.arrange(
            self.add_stem(in_channels, stem_channels, deep=deep_stem, **shared),
            self.add_stages(
                stem_channels,
                stages,
                expansion=expansion,
                style=style,
                avg_down=avg_down,
                with_cp=with_cp,
                **shared,
                **(block_options or {}),
            ),
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
        )


@MODELS.register_module()
class ResNetV1d(ResNet):
    """ResNet with a deep stem and pooled shortcuts. Source: He et al., arXiv 1812.01187."""

    def __init__(self, depth: int, **options: Any) -> None:
        super().__init__(depth, deep_stem=True, avg_down=True, **options)
