"""MSPN."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from posekit.models.backbones.multi_stage import MultiStageBackbone
from posekit.models.base_module import InitRules, Settings
from posekit.models.layers.normalization import BN
from posekit.models.layers.residual import Bottleneck
from posekit.registry import MODELS


@MODELS.register_module()
class MSPN(MultiStageBackbone):
    """Multi-stage pose network. Source: Li et al., arXiv 1901.00148.

    Args:
        unit_channels: channels of the outputs.
        num_stages: number of stages.
        num_units: number of levels of each stage.
        num_blocks: number of blocks on each level.
        norm_cfg: norm of the convolutions.
        res_top_channels: channels of the stem.
        init_cfg: rules for the initial weights.
    """

    def __init__(
        self,
        unit_channels: int = 256,
        num_stages: int = 4,
        num_units: int = 4,
        num_blocks: Sequence[int] = (2, 2, 2, 2),
        norm_cfg: Settings = BN,
        res_top_channels: int = 64,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__("multi_stage_mspn", init_cfg)
        self.check_units(num_units, num_blocks)
        self.num_stages = num_stages
        self.add_stages(
            Bottleneck,
            Bottleneck.expansion,
            num_stages=num_stages,
            num_blocks=num_blocks,
            unit_channels=unit_channels,
            channels=res_top_channels,
            norm_cfg=norm_cfg,
        )

    def convert_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Copy a pretrained ResNet into the stem and into the way down of every stage."""
        if any(key.startswith("top.") for key in state):
            return state
        converted = {}
        for key, value in state.items():
            if key.startswith("layer"):
                key = key.replace("downsample.0", "downsample.conv").replace("downsample.1", "downsample.bn")
                for stage in range(self.num_stages):
                    converted[f"multi_stage_mspn.{stage}.downsample.{key}"] = value
            elif key.startswith(("conv1.", "bn1.")):
                converted[f"top.top.0.{key.replace('1', '', 1)}"] = value
        return converted
