"""Visibility in addition to any other head's keypoints."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import (
    KEYPOINT_WEIGHTS,
    BaseHead,
    Features,
    SampleBatch,
    as_columns,
    flip_indices,
    to_numpy,
)
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.classification_loss import BCELoss
from posekit.registry import MODELS

VISIBLE_WEIGHTS = "gt_instance_labels.keypoints_visible_weights"


@MODELS.register_module()
class VisPredictHead(BaseHead):
    """A pose head, and the probability from the same features that each keypoint is visible.

    Args:
        pose_cfg: config of the pose head.
        loss: loss of the visibility; the cross entropy by default. With ``use_sigmoid`` the outputs are probabilities.
        init_cfg: rules for the initial weights.
    """

    keypoint_layers = (r"vis_head\.2",)

    default_init: ClassVar[InitRules] = [{"type": "Normal", "layer": ["Linear"], "std": 0.01, "bias": 0}]

    def __init__(self, pose_cfg: Settings, loss: BaseLoss | None = None, init_cfg: InitRules = None) -> None:
        super().__init__(loss or BCELoss(use_sigmoid=True), None, init_cfg)
        self.pose_head = MODELS.build(pose_cfg)
        self.decoder = self.pose_head.decoder
        num_keypoints = pose_cfg.get("num_joints") or pose_cfg.get("out_channels")
        if num_keypoints is None:
            raise ValueError("VisPredictHead.pose_cfg: give out_channels or num_joints, the number of keypoints")
        self.gives_probabilities = bool(getattr(self.loss_module, "use_sigmoid", False))
        layers = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(pose_cfg["in_channels"], num_keypoints)]
        self.vis_head = nn.Sequential(*layers, *[nn.Sigmoid()] * self.gives_probabilities)

    def visibility(self, feats: Features) -> Tensor:
        """Compute the visibility (B, K), as probabilities or logits."""
        maps = feats[-1]  # (B, C, H, W) or (B, C)
        return self.vis_head(maps.reshape(maps.shape + (1,) * (4 - maps.ndim)))  # (B, K)

    def forward(self, feats: Features) -> tuple[Any, Tensor]:
        """Compute the pose head's outputs and the visibility."""
        return self.pose_head(feats), self.visibility(feats)  # outputs, (B, K)

    def loss(self, feats: Features, batch: SampleBatch, train_cfg: dict[str, Any] | None = None) -> dict[str, Tensor]:
        columns = as_columns(batch)
        visible = columns.column(KEYPOINT_WEIGHTS).flatten(0, 1).float()  # (B, K)
        weights = columns.get(VISIBLE_WEIGHTS)
        weights = torch.ones_like(visible) if weights is None else weights.flatten(0, 1)  # (B, K)
        losses = {"loss_vis": self.loss_module(self.visibility(feats), visible, weights)}
        return losses | self.pose_head.loss(feats, columns, train_cfg)

    def predict(self, feats: Any, batch: SampleBatch, test_cfg: dict[str, Any] | None = None) -> Any:
        predicted = self.pose_head.predict(feats, batch, test_cfg)
        if (test_cfg or {}).get("flip_test"):
            visible = (self.visibility(feats[0]) + self.visibility(feats[1])[:, flip_indices(batch)]) * 0.5  # (B, K)
        else:
            visible = self.visibility(feats)
        visible = to_numpy((visible if self.gives_probabilities else visible.sigmoid()).float())
        instances = predicted[0] if isinstance(predicted, tuple) else predicted
        for poses, value in zip(instances, visible, strict=True):
            poses.keypoints_visible = value[None]
        return predicted
