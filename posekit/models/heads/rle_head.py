"""Coordinates and their spreads."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules
from posekit.models.heads.base import Outputs
from posekit.models.heads.regression_head import RegressionHead
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.rle_loss import RLELoss
from posekit.registry import MODELS


@MODELS.register_module()
class RLEHead(RegressionHead):
    """One fully connected layer that gives x, y and the logits of their spreads for each keypoint.

    Args:
        in_channels: length of the flattened features.
        num_joints: number of keypoints.
        loss: by default the weighted residual log-likelihood.
        decoder: the codec that turns the outputs into keypoints.
        init_cfg: rules for the initial weights.

    Source: Li et al., arXiv 2107.11291.
    """

    numbers_per_keypoint = 4

    def __init__(
        self,
        in_channels: int,
        num_joints: int,
        loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(in_channels, num_joints, loss or RLELoss(use_target_weight=True), decoder, init_cfg)

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        return {"loss_kpt": self.loss_module(outputs[..., :2], outputs[..., 2:], *targets)}

    def decodable(self, outputs: Outputs) -> Tensor:
        return super().decodable(torch.cat([outputs[..., :2], outputs[..., 2:].sigmoid()], -1))
