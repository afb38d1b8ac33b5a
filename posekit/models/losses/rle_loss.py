"""Residual log-likelihood estimation."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from posekit.console import check_choice
from posekit.models.layers.real_nvp import RealNVP
from posekit.models.losses.base import BaseLoss, at_least_float32
from posekit.registry import MODELS


@MODELS.register_module()
class RLELoss(BaseLoss):
    """Negative log-likelihood of coordinates under a learned distribution of their errors.

    Args:
        use_target_weight: whether keypoints are weighted.
        size_average: whether the sum is divided by the batch size.
        residual: whether the flow learns only the difference from ``q_distribution``.
        q_distribution: laplace or gaussian.

    Source: Li et al., arXiv 2107.11291.
    """

    def __init__(
        self,
        use_target_weight: bool = False,
        size_average: bool = True,
        residual: bool = True,
        q_distribution: str = "laplace",
    ) -> None:
        super().__init__(use_target_weight=use_target_weight)
        self.size_average = size_average
        self.residual = residual
        self.q_distribution = check_choice("q_distribution", q_distribution, ("laplace", "gaussian"))
        self.flow_model = RealNVP()

    def forward(self, pred: Tensor, sigma: Tensor, target: Tensor, target_weight: Tensor | None = None) -> Tensor:
        """Compare coordinates.

        Args:
            pred: (B, K, 2) coordinates.
            sigma: (B, K, 2) logits of their spread.
            target: (B, K, 2) coordinates.
            target_weight: (B, K) or (B, K, 1).
        """
        sigma = at_least_float32(sigma).sigmoid()  # (B, K, 2)
        error = (pred - target) / (sigma + 1e-9)  # (B, K, 2)
        loss = sigma.log() - self.flow_model.log_prob(error)[..., None]  # (B, K, 2)
        if self.residual and self.q_distribution == "laplace":
            loss = loss + (2 * sigma).log() + error.abs()  # (B, K, 2)
        elif self.residual:
            loss = loss + (sigma * math.sqrt(2 * math.pi)).log() + 0.5 * error.square()  # (B, K, 2)
        weights = self.weights(target_weight, loss)
        if weights is not None:
            loss = loss * weights  # (B, K, 2)
        return loss.sum() / max(len(loss), 1) if self.size_average else torch.sum(loss)  # ()
