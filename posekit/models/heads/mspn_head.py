"""Heatmaps from each unit of each stage of a multi-stage pose network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import HEATMAPS, KEYPOINT_WEIGHTS, SampleBatch, as_columns
from posekit.models.heads.multi_stage_head import MultiStageHead
from posekit.models.layers.conv_module import ConvModule, DepthwiseSeparableConvModule
from posekit.models.layers.normalization import BN
from posekit.models.losses.base import BaseLoss
from posekit.registry import MODELS


class PoseRefineMachine(nn.Module):
    """Multiplies heatmaps by attention over channels and by attention over cells.

    Source: Cai et al., Residual Steps Network, arXiv 2003.04030, section 3.3.
    """

    def __init__(self, channels: int, norm_cfg: Settings = BN) -> None:
        super().__init__()
        self.conv_bn_relu_prm_1 = ConvModule(channels, channels, 3, norm_cfg=norm_cfg, inplace=False)
        self.middle_path = nn.Sequential(
            *(
                layer
                for _ in range(2)
                for layer in (nn.Linear(channels, channels), nn.BatchNorm1d(channels), nn.ReLU())
            ),
            nn.Sigmoid(),
        )
        self.bottom_path = nn.Sequential(
            ConvModule(channels, channels, 1, norm_cfg=norm_cfg, inplace=False),
            DepthwiseSeparableConvModule(channels, 1, 9, padding=4, norm_cfg=norm_cfg),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_bn_relu_prm_1(x)  # (B, C, H, W)
        by_channel = self.middle_path(x.mean((2, 3)))[..., None, None]  # (B, C, 1, 1)
        return x * (1 + by_channel * self.bottom_path(x))  # (B, C, H, W), weights by cell (B, 1, H, W)


class UnitHeatmaps(nn.Module):
    """Heatmaps of a fixed size from one unit's feature map."""

    def __init__(
        self, in_channels: int, out_channels: int, size_hw: Sequence[int], use_prm: bool, norm_cfg: Settings = BN
    ) -> None:
        super().__init__()
        self.size_hw = tuple(size_hw)
        self.conv_layers = nn.Sequential(
            ConvModule(in_channels, in_channels, 1, norm_cfg=norm_cfg, inplace=False),
            ConvModule(in_channels, out_channels, 3, norm_cfg=norm_cfg, act_cfg=None),
        )
        self.prm = PoseRefineMachine(out_channels, norm_cfg) if use_prm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        # -> (B, out_channels, *size_hw)
        return self.prm(F.interpolate(self.conv_layers(x), self.size_hw, mode="bilinear", align_corners=True))


@MODELS.register_module()
class MSPNHead(MultiStageHead):
    """Heatmaps of one size from the feature map of each unit.

    Args:
        num_stages: number of stages.
        num_units: number of units of a stage.
        out_shape: (h, w) of all heatmaps.
        unit_channels: channels of each unit's feature map.
        out_channels: number of heatmaps.
        use_prm: whether attention refines the heatmaps.
        norm_cfg: kind of norm.
        level_indices: index, for each unit, stage by stage, of the level of the targets that it learns.
        loss: one loss for all units, or a list with one for each.
        decoder: codec that finds keypoints in the heatmaps.
        init_cfg: rules for the initial weights.

    Raises:
        ValueError: unless there is one level for each unit.

    Source: Li et al., arXiv 1901.00148.
    """

    keypoint_layers = (r"predict_layers\.\d+\.conv_layers\.1", r"predict_layers\.\d+\.prm")
    keypoint_mixing_layers = (r"predict_layers\.\d+\.prm",)

    default_init: ClassVar[InitRules] = [
        {"type": "Kaiming", "layer": "Conv2d"},
        {"type": "Normal", "layer": "Linear", "std": 0.01},
        {"type": "Constant", "layer": "BatchNorm2d", "val": 1},
    ]

    def __init__(
        self,
        num_stages: int = 4,
        num_units: int = 4,
        out_shape: Sequence[int] = (64, 48),
        unit_channels: int = 256,
        out_channels: int = 17,
        use_prm: bool = False,
        norm_cfg: Settings = BN,
        level_indices: Sequence[int] = (),
        loss: BaseLoss | list[BaseLoss] | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        num_outputs = num_stages * num_units
        super().__init__(num_outputs, loss, decoder, init_cfg)
        if len(level_indices) != num_outputs:
            raise ValueError(
                f"level_indices: {len(level_indices)} entries for {num_stages} stages of {num_units} units; "
                f"give {num_outputs}"
            )
        self.level_indices = list(level_indices)
        self.predict_layers = nn.ModuleList(
            UnitHeatmaps(unit_channels, out_channels, out_shape, use_prm, norm_cfg) for _ in range(num_outputs)
        )

    def forward(self, feats: Sequence[Sequence[Tensor]]) -> list[Tensor]:
        """Compute heatmaps (B, out_channels, H, W) for each unit of each stage."""
        units = [unit for stage in feats for unit in stage]
        # -> (B, out_channels, H, W) each
        return [layer(unit) for layer, unit in zip(self.predict_layers, units, strict=True)]

    def targets(self, batch: SampleBatch) -> list[Any]:
        """Return each unit's level of the heatmaps (B, K, H, W) and of the weights (B, K)."""
        columns = as_columns(batch)
        heatmaps, weights = columns.column(HEATMAPS), columns.column(KEYPOINT_WEIGHTS)
        weights = weights.reshape(len(columns), len(heatmaps), -1)  # (B, levels, K)
        # -> (B, K, H, W) each, (B, K) each
        return [[heatmaps[i] for i in self.level_indices], [weights[:, i] for i in self.level_indices]]
