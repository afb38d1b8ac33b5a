"""Coordinates regressed directly from pooled features."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules
from posekit.models.heads.base import KEYPOINT_LABELS, KEYPOINT_WEIGHTS, BaseHead, Features, Outputs
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.regression_loss import SmoothL1Loss
from posekit.registry import MODELS


@MODELS.register_module()
class RegressionHead(BaseHead):
    """One fully connected layer that gives each keypoint's coordinates, relative to the input size.

    Args:
        in_channels: length of the flattened features.
        num_joints: number of keypoints.
        loss: loss of the coordinates; the weighted smooth L1 loss by default.
        decoder: codec that turns the outputs into keypoints.
        init_cfg: rules for the initial weights.

    Source: DeepPose, arXiv 1312.4659.
    """

    reads = (KEYPOINT_LABELS, KEYPOINT_WEIGHTS)
    keypoint_layers = ("fc",)
    default_init: ClassVar[InitRules] = [{"type": "Normal", "layer": ["Linear"], "std": 0.01, "bias": 0}]
    numbers_per_keypoint: ClassVar[int] = 2

    def __init__(
        self,
        in_channels: int,
        num_joints: int,
        loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(loss or self.default_loss(), decoder, init_cfg)
        self.num_joints = num_joints
        self.fc = nn.Linear(in_channels, num_joints * self.numbers_per_keypoint)

    def default_loss(self) -> BaseLoss:
        """Return the loss of a head that is built without one."""
        return SmoothL1Loss(use_target_weight=True)

    def forward(self, feats: Features) -> Tensor:
        """Compute the numbers (B, K, numbers_per_keypoint) of each keypoint."""
        return self.fc(feats[-1].flatten(1)).unflatten(1, (self.num_joints, -1))  # (B, K, numbers_per_keypoint)

    def decodable(self, outputs: Outputs) -> Tensor:
        return outputs.unsqueeze(1)  # (B, 1, K, D): one instance
