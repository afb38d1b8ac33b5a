"""RegNet."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from posekit.console import check_choice
from posekit.models.backbones.resnet import ResidualTrunk
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.normalization import BN
from posekit.models.layers.residual import Bottleneck
from posekit.registry import MODELS


@MODELS.register_module()
class RegNet(ResidualTrunk):
    """RegNetX: stage widths that follow a quantised line. Source: Radosavovic et al., arXiv 2003.13678.

    Args:
        arch: a key of ``arch_settings`` or a dict like its values: ``w0`` initial width, ``wa`` slope,
            ``wm`` quantisation, ``group_w`` channels per group, ``depth`` blocks, ``bot_mul`` bottleneck ratio.
        out_indices: the stages whose output is returned, from 0.
        frozen_stages: how many stages stay as loaded, with the stem; -1 for none.
    """

    arch_settings: ClassVar[dict[str, Settings]] = {
        f"regnetx_{name}": {"w0": w0, "wa": wa, "wm": wm, "group_w": group_w, "depth": depth, "bot_mul": 1.0}
        for name, w0, wa, wm, group_w, depth in (
            ("400mf", 24, 24.48, 2.54, 16, 22),
            ("800mf", 56, 35.73, 2.28, 16, 16),
            ("1.6gf", 80, 34.01, 2.25, 24, 18),
            ("3.2gf", 88, 26.31, 2.25, 48, 25),
            ("4.0gf", 96, 38.65, 2.43, 40, 23),
            ("6.4gf", 184, 60.83, 2.07, 56, 17),
            ("8.0gf", 80, 49.56, 2.88, 120, 23),
            ("12gf", 168, 73.36, 2.37, 112, 19),
        )
    }

    def __init__(
        self,
        arch: str | Settings,
        in_channels: int = 3,
        stem_channels: int = 32,
        base_channels: int = 32,
        strides: Sequence[int] = (2, 2, 2, 2),
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
    ) -> None:
        super().__init__(init_cfg)
        if isinstance(arch, str):
            check_choice("RegNet.arch", arch, list(self.arch_settings))
            arch = self.arch_settings[arch]
        if deep_stem:
            raise ValueError("RegNet.deep_stem: RegNet has a plain stem only; leave deep_stem out")
        self.zero_init_residual = zero_init_residual
        shared: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        stages = [
            {**stage, "stride": stride, "dilation": dilation}
            for stage, stride, dilation in zip(regnet_stages(**arch), strides, dilations, strict=True)
        ]
        self.arrange(
            self.add_stem(in_channels, stem_channels, kernel_size=3, pool=False, **shared),
            self.add_stages(stem_channels, stages, style=style, avg_down=avg_down, with_cp=with_cp, **shared),
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
        )


def regnet_stages(*, w0: int, wa: float, wm: float, group_w: int, depth: int, bot_mul: float) -> list[Settings]:
    """The rows of blocks: each block's width is the power of ``wm`` nearest to the line, in steps of 8."""
    steps = [round(math.log(1 + block * wa / w0) / math.log(wm)) for block in range(depth)]
    blocks_of = Counter(round(w0 * wm**step / 8) * 8 for step in steps)
    stages = []
    for width, num_blocks in blocks_of.items():
        group = min(group_w, int(width * bot_mul))
        inner = round(int(width * bot_mul) / group) * group
        out_channels = int(inner / bot_mul)
        stages.append(
            {
                "block": Bottleneck,
                "num_blocks": num_blocks,
                "out_channels": out_channels,
                "expansion": 1,
                "groups": inner // group,
                "width_per_group": group,
                "base_channels": out_channels,
            }
        )
    return stages
