"""The head of InterNet: two interacting hands in space."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import BaseModule, InitRules, Settings
from posekit.models.heads.base import (
    HEATMAPS,
    KEYPOINT_WEIGHTS,
    BaseHead,
    Features,
    Outputs,
    SampleBatch,
    as_columns,
    as_float,
    each_sample,
    to_numpy,
)
from posekit.models.heads.heatmap_head import POINTWISE, HeatmapHead
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.classification_loss import BCELoss
from posekit.models.losses.heatmap_loss import KeypointMSELoss
from posekit.models.losses.regression_loss import L1Loss
from posekit.registry import MODELS
from posekit.structures import InstanceData


class Heatmap3DHead(HeatmapHead):
    """Heatmaps with a depth: each keypoint has ``depth_size`` channels."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        depth_size: int = 64,
        deconv_out_channels: Sequence[int] | None = (256, 256, 256),
        deconv_kernel_sizes: Sequence[int] | None = (4, 4, 4),
        final_layer: Settings | None = POINTWISE,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            deconv_out_channels,
            deconv_kernel_sizes,
            final_layer=final_layer,
            init_cfg=init_cfg,
        )
        if out_channels % depth_size:
            raise ValueError(f"out_channels: {out_channels} is no multiple of depth_size {depth_size}; change one")
        self.depth_size = depth_size

    def forward(self, feats: Features) -> Tensor:
        """Compute volumes (B, K, depth_size, H, W)."""
        return super().forward(feats).unflatten(1, (-1, self.depth_size))  # (B, K, depth_size, H, W)


class LinearStack(BaseModule):
    """Fully connected layers with ReLU between them."""

    default_init = {"type": "Normal", "layer": "Linear", "std": 0.01, "bias": 0}  # noqa: RUF012

    def __init__(self, *channels: int) -> None:
        super().__init__()
        layers = [layer for inner, outer in pairwise(channels) for layer in (nn.Linear(inner, outer), nn.ReLU())]
        self.fc = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x)  # (B, outputs)


class Heatmap1DHead(LinearStack):
    """A position as the mean of a distribution over ``heatmap_size`` bins."""

    def __init__(self, in_channels: int = 2048, heatmap_size: int = 64, hidden_dims: Sequence[int] = (512,)) -> None:
        super().__init__(in_channels, *hidden_dims, heatmap_size)

    def forward(self, x: Tensor) -> Tensor:
        """Compute positions (B, 1)."""
        share = super().forward(x).softmax(1)  # (B, heatmap_size)
        return (share * torch.arange(share.shape[1], device=x.device)).sum(1, keepdim=True)  # (B, 1)


class MultilabelClassificationHead(LinearStack):
    """Logits of labels that do not exclude one another."""

    def __init__(self, in_channels: int = 2048, num_labels: int = 2, hidden_dims: Sequence[int] = (512,)) -> None:
        super().__init__(in_channels, *hidden_dims, num_labels)


@MODELS.register_module()
class InternetHead(BaseHead):
    """Volumes for the joints of both hands, the depth between the hands, and which hands are present.

    Args:
        keypoint_head_cfg: arguments of each hand's Heatmap3DHead.
        root_head_cfg: arguments of Heatmap1DHead.
        hand_type_head_cfg: arguments of MultilabelClassificationHead.
        loss: loss of the volumes; the weighted mean squared error by default.
        loss_root_depth: loss of the depth; the weighted absolute error by default.
        loss_hand_type: loss of the hands' presence; the weighted cross entropy by default.
        decoder: codec that finds the joints.
        init_cfg: rules for the initial weights.

    Source: Moon et al., InterHand2.6M, arXiv 2008.09309.
    """

    def __init__(
        self,
        keypoint_head_cfg: Settings,
        root_head_cfg: Settings,
        hand_type_head_cfg: Settings,
        loss: BaseLoss | None = None,
        loss_root_depth: BaseLoss | None = None,
        loss_hand_type: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(loss or KeypointMSELoss(use_target_weight=True), decoder, init_cfg)
        self.right_hand_head = Heatmap3DHead(**keypoint_head_cfg)
        self.left_hand_head = Heatmap3DHead(**keypoint_head_cfg)
        self.right_hand_head.keypoint_share, self.left_hand_head.keypoint_share = (0, 2), (1, 2)
        self.root_head = Heatmap1DHead(**root_head_cfg)
        self.hand_type_head = MultilabelClassificationHead(**hand_type_head_cfg)
        self.root_loss_module = loss_root_depth or L1Loss(use_target_weight=True)
        self.hand_loss_module = loss_hand_type or BCELoss(use_target_weight=True)

    def forward(self, feats: Features) -> tuple[Tensor, Tensor, Tensor]:
        """Compute volumes (B, K, D, H, W), depths (B, 1) and logits of the hands (B, 2)."""
        volumes = torch.cat([self.right_hand_head(feats), self.left_hand_head(feats)], 1)  # (B, K, D, H, W)
        pooled = feats[-1].mean((2, 3))  # (B, C)
        return volumes, self.root_head(pooled), self.hand_type_head(pooled)  # volumes, (B, 1), (B, 2)

    def targets(self, batch: SampleBatch) -> list[Any]:
        """Return pairs of targets and weights: volumes (B, K D, H, W), depths (B, 1) and hands (B, 2)."""
        columns = as_columns(batch)
        names = [KEYPOINT_WEIGHTS, *(f"gt_instance_labels.{name}" for name in LABELS)]
        # -> (B, K D, H, W), (B, K), (B, 1) and (B, 2)
        weights, *labels = (columns.column(name).flatten(1) for name in names)
        return [(columns.column(HEATMAPS), weights), tuple(labels[:2]), tuple(labels[2:])]

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        (volumes, depth, hands), ((target_volumes, weights), depths, types) = outputs, targets
        return {
            "loss_kpt": self.loss_module(volumes, target_volumes.reshape(volumes.shape), weights),
            "loss_rel_root": self.root_loss_module(depth, *depths),
            "loss_hand_type": self.hand_loss_module(hands, types[0].to(hands.dtype), types[1]),
        }

    def decode(self, outputs: Outputs) -> list[InstanceData]:
        names = ("keypoints", "keypoint_scores", "rel_root_depth", "hand_type")
        decoded = [self.codec.decode(*parts) for parts in each_sample(to_numpy(as_float(outputs)))]
        return [InstanceData(**dict(zip(names, parts, strict=True))) for parts in decoded]


LABELS = ("root_depth", "root_depth_weight", "type", "type_weight")
