"""RegNet."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

from posekit.console import check_choice
from posekit.models.backbones.resnet import ResidualTrunk
from posekit.models.base_module import Settings
from posekit.models.layers.residual import Bottleneck
from posekit.registry import MODELS


@MODELS.register_module()
class RegNet(ResidualTrunk):
    """RegNetX: stage widths that follow a quantised line. Source: Radosavovic et al., arXiv 2003.13678.

    Args:
        arch: a key of ``arch_settings``, or a dict like its values: ``w0`` is the initial width, ``wa`` the slope,
            ``wm`` the quantisation, ``group_w`` channels per group, ``depth`` the number of blocks, ``bot_mul`` the
            bottleneck ratio.
        stem_channels: channels of the stem.
        base_channels: accepted from configs; ``arch`` decides the channels.
        strides: stride of each stage.
        dilations: dilation of each stage.
        options: arguments of ``ResidualTrunk``.
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
        *,
        stem_channels: int = 32,
        base_channels: int = 32,
        strides: Sequence[int] = (2, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if isinstance(arch, str):
            check_choice("RegNet.arch", arch, list(self.arch_settings))
            arch = self.arch_settings[arch]
        if self.deep_stem:
            raise ValueError("RegNet.deep_stem: RegNet has a plain stem only; leave deep_stem out")
        stages = [
            {**stage, "stride": stride, "dilation": dilation}
            for stage, stride, dilation in zip(regnet_stages(**arch), strides, dilations, strict=True)
        ]
        self.build(stem_channels, stages, kernel_size=3, pool=False)


def regnet_stages(*, w0: int, wa: float, wm: float, group_w: int, depth: int, bot_mul: float) -> list[Settings]:
    """Return the settings of the stages.

    Each block's width is the power of ``wm`` nearest to the line, in steps of 8; blocks of equal width form a stage.
    """
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
