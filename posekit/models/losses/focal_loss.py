"""Losses on scores of which most should be zero."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor
from torchvision.ops import sigmoid_focal_loss

from posekit.models.losses.base import BaseLoss, Reduction
from posekit.registry import MODELS


@MODELS.register_module()
class FocalLoss(BaseLoss):
    """Binary cross entropy that plays down what is decided already.

    Args:
        use_target_weight: whether labels are weighted.
        loss_weight: factor on the result.
        reduction: mean, sum or none.
        alpha: weight of positives; that of negatives is one minus it.
        gamma: exponent that plays down the decided.

    Source: Lin et al., arXiv 1708.02002, eq. 5.
    """

    def __init__(
        self,
        use_target_weight: bool = False,
        loss_weight: float = 1.0,
        reduction: Reduction = "mean",
        alpha: float = 0.25,
        gamma: float = 2.0,
    ) -> None:
        super().__init__(use_target_weight=use_target_weight, loss_weight=loss_weight, reduction=reduction)
        self.alpha = alpha
        self.gamma = gamma

    def forward(self, output: Tensor, target: Tensor, target_weight: Tensor | None = None) -> Tensor:
        """Compare (N, K) logits with (N, K) targets in 0..1; weights are (N, K) or (N,)."""
        loss = self.of_elements(output, target)
        weights = self.weights(target_weight, loss)
        return self.reduce(loss if weights is None else loss * weights)

    def of_elements(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the loss of each logit (N, K)."""
        return sigmoid_focal_loss(output, target, self.alpha, self.gamma)


@MODELS.register_module()
class VariFocalLoss(FocalLoss):
    """Cross entropy towards soft targets, where easy negatives count less and positives by their quality.

    Args:
        use_target_weight: whether labels are weighted.
        loss_weight: factor on the result.
        reduction: mean, sum or none.
        alpha: weight of negatives.
        gamma: exponent that plays down easy negatives.

    Source: VarifocalNet, arXiv 2008.13367, eq. 2.
    """

    def __init__(
        self,
        use_target_weight: bool = False,
        loss_weight: float = 1.0,
        reduction: Reduction = "mean",
        alpha: float = 0.75,
        gamma: float = 2.0,
    ) -> None:
        super().__init__(use_target_weight, loss_weight, reduction, alpha, gamma)

    def of_elements(self, output: Tensor, target: Tensor) -> Tensor:
        negative = (target <= 1e-4).to(target)
        focus = self.alpha * output.sigmoid() ** self.gamma * negative + target
        entropy = F.binary_cross_entropy_with_logits(output.clamp(-10, 10), target, reduction="none")
        return (entropy * focus).nan_to_num(0.0, 0.0, 0.0)
