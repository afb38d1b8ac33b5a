"""CSPDarknet, and the trunk it shares with CSPNeXt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from posekit.console import check_choice
from posekit.models.backbones.staged import StagedBackbone
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.activation import SILU
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.csp_layer import TORCH_INIT, YOLO_BN, CSPLayer, SPPBottleneck, conv_type
from posekit.registry import MODELS

# in channels, out channels, blocks, shortcuts in the blocks, spatial pyramid pooling before them
StageSettings = tuple[int, int, int, bool, bool]


def csp_stages(num_blocks: int) -> dict[str, list[StageSettings]]:
    """Return the stages of P5 and P6 networks, with ``num_blocks`` in the second and third stage."""
    finer = [(64, 128, 3, True, False), (128, 256, num_blocks, True, False), (256, 512, num_blocks, True, False)]
    return {
        "P5": [*finer, (512, 1024, 3, False, True)],
        "P6": [*finer, (512, 768, 3, True, False), (768, 1024, 3, False, True)],
    }


class Focus(nn.Module):
    """Folds 2x2 pixels into channels and convolves."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, **options: Any) -> None:
        super().__init__()
        self.conv = ConvModule(in_channels * 4, out_channels, kernel_size, **options)

    def forward(self, x: Tensor) -> Tensor:
        corners = [x[..., row::2, column::2] for column in (0, 1) for row in (0, 1)]  # 4 x (B, C, H/2, W/2)
        return self.conv(torch.cat(corners, 1))  # (B, out_channels, H/2, W/2)


class CSPTrunk(StagedBackbone):
    """A stem that halves the size and four or five stages of CSP layers that halve it again; output 0 is the stem.

    A subclass calls ``build`` with its stem.

    Shapes: output i is (B, C_i, H / 2^(i+1), W / 2^(i+1)).

    Args:
        arch: ``P5`` (four stages) or ``P6`` (five); ``arch_ovewrite`` replaces them with stages of your own.
        deepen_factor: factor of the number of blocks.
        widen_factor: factor of the number of channels.
        out_indices: indices of the outputs to return; 0 is the stem.
        frozen_stages: number of stages to freeze besides the stem; -1 freezes nothing.
        use_depthwise: whether 3x3 convolutions are depthwise separable.
        conv_cfg: kind of convolution.
        norm_cfg: norm of the convolutions.
        act_cfg: activation of the convolutions.
        norm_eval: whether batch norms keep their statistics in training.
        init_cfg: rules for the initial weights.
    """

    default_init = TORCH_INIT
    arch_settings: ClassVar[dict[str, list[StageSettings]]]

    def __init__(
        self,
        arch: str = "P5",
        deepen_factor: float = 1.0,
        widen_factor: float = 1.0,
        out_indices: Sequence[int] = (2, 3, 4),
        *,
        frozen_stages: int = -1,
        use_depthwise: bool = False,
        arch_ovewrite: Sequence[StageSettings] | None = None,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = YOLO_BN,
        act_cfg: Settings = SILU,
        norm_eval: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice(f"{type(self).__name__}.arch", arch, list(self.arch_settings))
        self.stage_settings = arch_ovewrite or self.arch_settings[arch]
        self.deepen_factor, self.widen_factor, self.use_depthwise = deepen_factor, widen_factor, use_depthwise
        self.conv_options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        self.output_options: Settings = {
            "out_indices": out_indices,
            "frozen_stages": frozen_stages,
            "norm_eval": norm_eval,
        }

    @property
    def stem_width(self) -> float:
        """Channels that the stem hands to the first stage, before rounding."""
        return self.stage_settings[0][0] * self.widen_factor

    def build(self, stem: nn.Module, spp_kernel_sizes: Sequence[int], **layer_options: Any) -> None:
        """Add ``stem`` and the stages ``stage1``, ``stage2``, ... behind it.

        Args:
            stem: first layers.
            spp_kernel_sizes: windows of the spatial pyramid pooling.
            layer_options: further arguments of the CSP layers.
        """
        self.stem = stem
        for index, (in_channels, out_channels, num_blocks, add_identity, use_spp) in enumerate(self.stage_settings, 1):
            width = int(out_channels * self.widen_factor)
            conv = conv_type(self.use_depthwise)
            downsample = conv(int(in_channels * self.widen_factor), width, 3, 2, **self.conv_options)
            pyramid = [SPPBottleneck(width, width, spp_kernel_sizes, **self.conv_options)] if use_spp else []
            layer = CSPLayer(
                width,
                width,
                num_blocks=max(round(num_blocks * self.deepen_factor), 1),
                add_identity=add_identity,
                use_depthwise=self.use_depthwise,
                **layer_options,
                **self.conv_options,
            )
            self.add_module(f"stage{index}", nn.Sequential(downsample, *pyramid, layer))
        names = [f"stage{index}" for index in range(1, len(self.stage_settings) + 1)]
        self.arrange(["stem"], names, stem_counts=True, **self.output_options)


@MODELS.register_module()
class CSPDarknet(CSPTrunk):
    """The backbone of YOLOX. Source: Ge et al., arXiv 2107.08430.

    Args:
        spp_kernal_sizes: windows of the spatial pyramid pooling; spelled as published configs spell it.
        options: arguments of ``CSPTrunk``.
    """

    arch_settings = csp_stages(num_blocks=9)

    def __init__(self, arch: str = "P5", *, spp_kernal_sizes: Sequence[int] = (5, 9, 13), **options: Any) -> None:
        super().__init__(arch, **options)
        self.build(Focus(3, int(self.stem_width), 3, **self.conv_options), spp_kernal_sizes)
