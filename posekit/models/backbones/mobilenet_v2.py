"""MobileNetV2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from posekit.models.backbones.staged import StagedBackbone
from posekit.models.base_module import KAIMING, InitRules, Settings
from posekit.models.layers.conv_module import ConvModule, make_divisible
from posekit.models.layers.normalization import BN
from posekit.models.layers.residual_branch import run_checkpointed
from posekit.registry import MODELS

# expansion, channels, blocks, stride of the first
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
RELU6: Settings = {"type": "ReLU6"}


class LinearBottleneck(nn.Module):
    """Widens the channels, convolves each separately and narrows them again."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        expand_ratio: int,
        *,
        act_cfg: Settings,
        with_cp: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.has_shortcut = stride == 1 and in_channels == out_channels
        wide = round(in_channels * expand_ratio)
        expand = [ConvModule(in_channels, wide, 1, act_cfg=act_cfg, **options)] if expand_ratio != 1 else []
        self.conv = nn.Sequential(
            *expand,
            ConvModule(wide, wide, 3, stride, groups=wide, act_cfg=act_cfg, **options),
            ConvModule(wide, out_channels, 1, act_cfg=None, **options),
        )

    def forward(self, x: Tensor) -> Tensor:
        out = run_checkpointed(self.conv, x, enabled=self.with_cp)  # (B, out_channels, H/stride, W/stride)
        return x + out if self.has_shortcut else out


@MODELS.register_module()
class MobileNetV2(StagedBackbone):
    """MobileNetV2. Source: Sandler et al., arXiv 1801.04381.

    Args:
        widen_factor: factor of the number of channels.
        out_indices: indices of the outputs to return: 0 to 6 are the stages, 7 the last 1x1 convolution.
        frozen_stages: number of stages to freeze besides the stem; -1 freezes nothing.
    """

    default_init = KAIMING

    def __init__(
        self,
        widen_factor: float = 1.0,
        out_indices: Sequence[int] = (7,),
        frozen_stages: int = -1,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
        act_cfg: Settings = RELU6,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        shared: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        width = make_divisible(32 * widen_factor, 8)
        self.conv1 = ConvModule(3, width, 3, 2, **shared)
        for index, (expansion, channels, num_blocks, stride) in enumerate(STAGES, 1):
            out = make_divisible(channels * widen_factor, 8)
            blocks = [LinearBottleneck(width, out, stride, expansion, with_cp=with_cp, **shared)]
            blocks += [
                LinearBottleneck(out, out, 1, expansion, with_cp=with_cp, **shared) for _ in range(num_blocks - 1)
            ]
            self.add_module(f"layer{index}", nn.Sequential(*blocks))
            width = out
        self.conv2 = ConvModule(width, int(1280 * max(widen_factor, 1.0)), 1, **shared)
        stages = [*(f"layer{index}" for index in range(1, len(STAGES) + 1)), "conv2"]
        self.arrange(["conv1"], stages, out_indices=out_indices, frozen_stages=frozen_stages, norm_eval=norm_eval)
