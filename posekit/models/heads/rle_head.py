"""Coordinates and their spreads."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from posekit.models.heads.base import Outputs
from posekit.models.heads.regression_head import RegressionHead
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.rle_loss import RLELoss
from posekit.registry import MODELS


@MODELS.register_module()
class RLEHead(RegressionHead):
    """RegressionHead that gives x, y and the logits of their spreads for each keypoint.

    The default loss is the weighted residual log-likelihood.

    Source: Li et al., arXiv 2107.11291.
    """

    numbers_per_keypoint = 4

    def default_loss(self) -> BaseLoss:
        return RLELoss(use_target_weight=True)

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        return {"loss_kpt": self.loss_module(outputs[..., :2], outputs[..., 2:], *targets)}  # (B, K, 2) each

    def decodable(self, outputs: Outputs) -> Tensor:
        return super().decodable(torch.cat([outputs[..., :2], outputs[..., 2:].sigmoid()], -1))  # (B, 1, K, 4)
