"""MobileNetV3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from posekit.console import check_choice
from posekit.models.backbones.staged import StagedBackbone
from posekit.models.base_module import KAIMING, InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.inverted_residual import InvertedResidual
from posekit.models.layers.normalization import BN
from posekit.registry import MODELS

HSWISH: Settings = {"type": "HSwish"}
# kernel, middle channels, out channels, attention, activation, stride
BlockRow = tuple[int, int, int, bool, str, int]


@MODELS.register_module()
class MobileNetV3(StagedBackbone):
    """MobileNetV3. Source: Howard et al., arXiv 1905.02244.

    Args:
        arch: ``small`` or ``big``.
        out_indices: indices of the blocks to return, from 0; negative ones count from the end.
        frozen_stages: number of blocks to freeze besides the stem; -1 freezes nothing.
    """

    default_init = KAIMING
    arch_settings: ClassVar[dict[str, tuple[BlockRow, ...]]] = {
        "small": (
            (3, 16, 16, True, "ReLU", 2),
            (3, 72, 24, False, "ReLU", 2),
            (3, 88, 24, False, "ReLU", 1),
            (5, 96, 40, True, "HSwish", 2),
            (5, 240, 40, True, "HSwish", 1),
            (5, 240, 40, True, "HSwish", 1),
            (5, 120, 48, True, "HSwish", 1),
            (5, 144, 48, True, "HSwish", 1),
            (5, 288, 96, True, "HSwish", 2),
            (5, 576, 96, True, "HSwish", 1),
            (5, 576, 96, True, "HSwish", 1),
        ),
        "big": (
            (3, 16, 16, False, "ReLU", 1),
            (3, 64, 24, False, "ReLU", 2),
            (3, 72, 24, False, "ReLU", 1),
            (5, 72, 40, True, "ReLU", 2),
            (5, 120, 40, True, "ReLU", 1),
            (5, 120, 40, True, "ReLU", 1),
            (3, 240, 80, False, "HSwish", 2),
            (3, 200, 80, False, "HSwish", 1),
            (3, 184, 80, False, "HSwish", 1),
            (3, 184, 80, False, "HSwish", 1),
            (3, 480, 112, True, "HSwish", 1),
            (3, 672, 112, True, "HSwish", 1),
            (5, 672, 160, True, "HSwish", 1),
            (5, 672, 160, True, "HSwish", 2),
            (5, 960, 160, True, "HSwish", 1),
        ),
    }

    def __init__(
        self,
        arch: str = "small",
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
        out_indices: Sequence[int] = (-1,),
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice("MobileNetV3.arch", arch, list(self.arch_settings))
        shared: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        width = 16
        self.conv1 = ConvModule(3, width, 3, 2, act_cfg=HSWISH, **shared)
        rows = self.arch_settings[arch]
        for index, (kernel_size, middle, out, attention, activation, stride) in enumerate(rows, 1):
            block = InvertedResidual(
                width,
                out,
                middle,
                kernel_size=kernel_size,
                stride=stride,
                attention=attention,
                act_cfg={"type": activation},
                with_cp=with_cp,
                **shared,
            )
            self.add_module(f"layer{index}", block)
            width = out
        self.arrange(
            ["conv1"],
            [f"layer{index}" for index in range(1, len(rows) + 1)],
            out_indices=[index + len(rows) if index < 0 else index for index in out_indices],
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
        )
