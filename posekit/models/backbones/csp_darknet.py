"""CSPDarknet, and the trunk it shares with CSPNeXt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from posekit.console import check_choice
from posekit.models.backbones.staged import StagedBackbone
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.csp_layer import SWISH, TORCH_INIT, YOLO_BN, CSPLayer, SPPBottleneck, conv_type
from posekit.registry import MODELS

# in channels, out channels, blocks, shortcuts in the blocks, spatial pyramid pooling before them
Stage = tuple[int, int, int, bool, bool]


def csp_stages(num_blocks: int) -> dict[str, list[Stage]]:
    """The stages of P5 and P6 networks, with ``num_blocks`` in the second and third stage."""
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
        corners = [x[..., row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.conv(torch.cat(corners, 1))


class CSPTrunk(StagedBackbone):
    """A stem and four or five strided stages of CSP layers; output 0 is the stem."""

    default_init = TORCH_INIT
    arch_settings: ClassVar[dict[str, list[Stage]]]

    def choose_arch(self, arch: str, overwrite: Sequence[Stage] | None) -> Sequence[Stage]:
        check_choice(f"{type(self).__name__}.arch", arch, list(self.arch_settings))
        return overwrite or self.arch_settings[arch]

    def add_stages(
        self,
        stages: Sequence[Stage],
        *,
        deepen_factor: float,
        widen_factor: float,
        spp_kernel_sizes: Sequence[int],
        use_depthwise: bool,
        out_indices: Sequence[int],
        frozen_stages: int,
        norm_eval: bool,
        layer_options: Settings,
        **options: Any,
    ) -> None:
        """Add ``stage1``, ``stage2``, ... behind the stem.

        Args:
            layer_options: further arguments of the CSP layers.
            options: of all convolutions.
        """
        for index, (in_channels, out_channels, num_blocks, add_identity, use_spp) in enumerate(stages, 1):
            width = int(out_channels * widen_factor)
            downsample = conv_type(use_depthwise)(int(in_channels * widen_factor), width, 3, 2, **options)
            pyramid = [SPPBottleneck(width, width, spp_kernel_sizes, **options)] if use_spp else []
            layer = CSPLayer(
                width,
                width,
                num_blocks=max(round(num_blocks * deepen_factor), 1),
                add_identity=add_identity,
                use_depthwise=use_depthwise,
                **layer_options,
                **options,
            )
            self.add_module(f"stage{index}", nn.Sequential(downsample, *pyramid, layer))
        names = [f"stage{index}" for index in range(1, len(stages) + 1)]
        self.arrange(
            ["stem"],
            names,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            stem_counts=True,
        )


@MODELS.register_module()
class CSPDarknet(CSPTrunk):
    """The backbone of YOLOX. Source: Ge et al., arXiv 2107.08430.

    Args:
        arch: ``P5`` or ``P6``: how many stages there are; ``arch_ovewrite`` gives one's own.
        deepen_factor: scales the number of blocks, ``widen_factor`` the channels.
        out_indices: the outputs to return; 0 is the stem.
        frozen_stages: how many stages stay as loaded, with the stem; -1 for none.
    """

    arch_settings = csp_stages(num_blocks=9)

    def __init__(
        self,
        arch: str = "P5",
        deepen_factor: float = 1.0,
        widen_factor: float = 1.0,
        out_indices: Sequence[int] = (2, 3, 4),
        frozen_stages: int = -1,
        use_depthwise: bool = False,
        arch_ovewrite: Sequence[Stage] | None = None,
        spp_kernal_sizes: Sequence[int] = (5, 9, 13),
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = YOLO_BN,
        act_cfg: Settings = SWISH,
        norm_eval: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        stages = self.choose_arch(arch, arch_ovewrite)
        options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        self.stem = Focus(3, int(stages[0][0] * widen_factor), 3, **options)
        self.add_stages(
            stages,
            deepen_factor=deepen_factor,
            widen_factor=widen_factor,
            spp_kernel_sizes=spp_kernal_sizes,
            use_depthwise=use_depthwise,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            layer_options={},
            **options,
        )
