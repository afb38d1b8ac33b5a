"""The head of RTMW3D: keypoints in pixels and their depth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from posekit.codecs.simcc_3d_label import SimCC3DLabel
from posekit.models.heads.base import KEYPOINT_WEIGHTS, Features, Outputs
from posekit.models.heads.rtmcc_head import RTMWHead
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.classification_loss import KLDiscretLossWithWeight
from posekit.models.losses.regression_loss import BoneLoss
from posekit.registry import MODELS
from posekit.structures import InstanceData


@MODELS.register_module()
class RTMW3DHead(RTMWHead):
    """RTMWHead with a third row of bins, for depth relative to the root.

    Args:
        in_channels: channels of the last feature map.
        out_channels: number of keypoints.
        input_size: (w, h, d) of the input; the codec says which depth d covers.
        in_featuremap_size: (w, h) of the last feature map; what follows is not used.
        loss: one or several; by default the weighted divergence of all rows. A BoneLoss compares bones between the
            highest bins; no gradient passes through these, so it only shows in logs.
        options: options of RTMCCHead.

    Source: RTMW, arXiv 2407.08634.
    """

    reads = (
        tuple(f"gt_instance_labels.keypoint_{axis}_labels" for axis in "xyz"),
        KEYPOINT_WEIGHTS,
        "gt_instance_labels.weight_z",
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        input_size: Sequence[int],
        in_featuremap_size: Sequence[int],
        *,
        loss: BaseLoss | list[BaseLoss] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(in_channels, out_channels, input_size, in_featuremap_size, **options)
        losses = [loss] if isinstance(loss, BaseLoss) else loss or [KLDiscretLossWithWeight()]
        self.loss_module = nn.ModuleList(losses)
        num_bins_z = int(input_size[2] * options.get("simcc_split_ratio", 2.0))
        self.cls_z = nn.Linear(self.cls_x.in_features, num_bins_z, bias=False)

    def forward(self, feats: Features) -> tuple[Tensor, Tensor, Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Compute logits of the bins along x (B, K, Wx), y (B, K, Wy) and depth (B, K, Wz)."""
        tokens = self.gau(self.tokens(feats))
        return self.cls_x(tokens), self.cls_y(tokens), self.cls_z(tokens)

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        labels, weights, weights_z = targets
        named = {}
        for loss in self.loss_module:
            if isinstance(loss, BoneLoss):
                poses = (highest_bins(rows, weights_z) for rows in (outputs, labels))
                named[loss.loss_name] = loss(*poses, weights)
            else:
                named[getattr(loss, "loss_name", "loss_kpt")] = loss(outputs, labels, (weights, weights, weights_z))
        return named

    def decode(self, outputs: Outputs) -> list[InstanceData]:
        predictions = super().decode(outputs)
        codec = cast("SimCC3DLabel", self.codec)
        for prediction in predictions:
            prediction.keypoints_simcc = codec.simcc_space(prediction.keypoints)
        return predictions


def highest_bins(rows: Sequence[Tensor], weights_z: Tensor) -> Tensor:
    """Return the places (B, K, 3) of the highest bins, with a depth of zero for samples without one."""
    x, y, z = (row.argmax(-1) for row in rows)
    deep = (weights_z > 0).any(-1, keepdim=True)
    return torch.stack([x, y, z * deep], dim=-1).to(rows[0])
