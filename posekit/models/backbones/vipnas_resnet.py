"""ViPNAS-ResNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from posekit.console import check_choice
from posekit.models.backbones.resnet import ResidualTrunk
from posekit.models.base_module import SMALL_NORMAL, InitRules, Settings
from posekit.models.layers.context_block import ContextBlock
from posekit.models.layers.normalization import BN
from posekit.models.layers.residual import Bottleneck
from posekit.registry import MODELS


class ContextBottleneck(Bottleneck):
    """A bottleneck that may add global context before the sum."""

    def __init__(self, in_channels: int, out_channels: int, *, attention: bool = False, **options: Any) -> None:
        super().__init__(in_channels, out_channels, **options)
        ratio = max(1.0 / 16, 16.0 / out_channels)
        self.attention = ContextBlock(out_channels, ratio) if attention else nn.Identity()

    def residual(self, x: Tensor) -> Tensor:
        return self.attention(super().residual(x))


@MODELS.register_module()
class ViPNAS_ResNet(ResidualTrunk):  # noqa: N801
    """ResNet with searched widths, depths, kernels, groups and attention. Source: Xu et al., arXiv 2105.10154.

    Args:
        wid: channels of the stem and of each stage.
        expan: bottleneck ratio of each stage (the stem's entry is not used, here and below).
        dep: blocks of each stage.
        ks: kernel sizes of the stem and of each stage.
        group: groups of each stage's middle convolutions.
        att: whether each stage has global context.
    """

    default_init = SMALL_NORMAL
    zero_init_residual = False

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
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
        wid: Sequence[int] = (48, 80, 160, 304, 608),
        expan: Sequence[int | None] = (None, 1, 1, 1, 1),
        dep: Sequence[int | None] = (None, 4, 6, 7, 3),
        ks: Sequence[int] = (7, 3, 5, 5, 5),
        group: Sequence[int | None] = (None, 16, 16, 16, 16),
        att: Sequence[bool | None] = (None, True, False, True, True),
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice("ViPNAS_ResNet.depth", depth, [50])
        stages = [
            {
                "block": ContextBottleneck,
                "num_blocks": dep[i],
                "out_channels": wid[i] * (expan[i] or 1),
                "stride": strides[i - 1],
                "dilation": dilations[i - 1],
                "expansion": expan[i] or 1,
                "kernel_size": ks[i],
                "groups": group[i],
                "attention": att[i],
            }
            for i in range(1, num_stages + 1)
        ]
        shared: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        self.arrange(
            self.add_stem(in_channels, wid[0], kernel_size=ks[0], deep=deep_stem, **shared),
            self.add_stages(wid[0], stages, style=style, avg_down=avg_down, with_cp=with_cp, **shared),
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
        )
