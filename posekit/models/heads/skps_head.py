"""Heatmaps, and from every cell the way to each keypoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import HEATMAPS, KEYPOINT_WEIGHTS, Features, Outputs
from posekit.models.heads.heatmap_head import POINTWISE, HeatmapHead
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.heatmap_loss import AdaptiveWingLoss
from posekit.registry import MODELS
from posekit.structures import InstanceData


@MODELS.register_module()
class SKPSHead(HeatmapHead):
    """Convolutions that give a heatmap and two maps of displacements for each keypoint.

    Args:
        in_channels: channels of the last feature map.
        out_channels: number of keypoints.
        conv_out_channels: channels of each convolution before the last.
        conv_kernel_sizes: their kernels.
        final_layer: options of the last Conv2d.
        heatmap_loss: loss of the heatmaps; by default the weighted adaptive wing loss.
        offside_loss: loss of the displacements, each weighted with the heatmap there; by default the same loss.
        decoder: the codec that finds keypoints in the maps.
        init_cfg: rules for the initial weights.

    Source: Simple Keypoints (https://github.com/610265158/Peppa_Pig_Face_Landmark).
    """

    reads = (HEATMAPS, "gt_fields.displacements", KEYPOINT_WEIGHTS)
    keypoint_rows_together = False
    default_init: ClassVar[InitRules] = [
        {"type": "Normal", "layer": ["Conv2d", "ConvTranspose2d"], "std": 0.01},
        {"type": "Constant", "layer": "BatchNorm2d", "val": 1},
    ]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        conv_out_channels: Sequence[int] | None = None,
        conv_kernel_sizes: Sequence[int] | None = None,
        final_layer: Settings | None = POINTWISE,
        heatmap_loss: BaseLoss | None = None,
        offside_loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels * 3,
            deconv_out_channels=None,
            conv_out_channels=conv_out_channels,
            conv_kernel_sizes=conv_kernel_sizes,
            final_layer=final_layer,
            decoder=decoder,
            init_cfg=init_cfg,
        )
        self.num_keypoints = out_channels
        self.loss_module = nn.ModuleDict(
            {
                "heatmap": heatmap_loss or AdaptiveWingLoss(use_target_weight=True),
                "offside": offside_loss or AdaptiveWingLoss(use_target_weight=True),
            }
        )

    def forward(self, feats: Features) -> tuple[Tensor, Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Compute heatmaps (B, K, H, W) and displacements (B, 2 K, H, W), all along x and then all along y."""
        maps = super().forward(feats)
        return maps[:, : self.num_keypoints], maps[:, self.num_keypoints :]

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        heatmaps, ways, weights = targets
        along_axes = zip(outputs[1].chunk(2, 1), ways.chunk(2, 1), strict=True)
        off_x, off_y = (self.loss_module["offside"](output, target, heatmaps) for output, target in along_axes)
        return {
            "loss/heatmap": self.loss_module["heatmap"](outputs[0], heatmaps, weights),
            "loss/offside": (off_x + off_y) / 2,
        }

    def heatmaps(self, outputs: Outputs, predictions: list[InstanceData]) -> Tensor:
        return outputs[0]
