"""Losses on probabilities, logits and discrete distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from posekit.console import check_choice
from posekit.models.losses.base import BaseLoss, Reduction, at_least_float32, by_mode
from posekit.registry import MODELS


@MODELS.register_module()
class BCELoss(BaseLoss):
    """Binary cross entropy.

    Args:
        use_target_weight: whether labels are weighted.
        loss_weight: factor of the result.
        reduction: mean, sum or none.
        use_sigmoid: whether the outputs went through a sigmoid already; otherwise they are logits.
    """

    def __init__(
        self,
        use_target_weight: bool = False,
        loss_weight: float = 1.0,
        reduction: Reduction = "mean",
        use_sigmoid: bool = False,
    ) -> None:
        super().__init__(use_target_weight=use_target_weight, loss_weight=loss_weight, reduction=reduction)
        self.use_sigmoid = use_sigmoid

    def forward(self, output: Tensor, target: Tensor, target_weight: Tensor | None = None) -> Tensor:
        """Compare outputs (N, K) with targets (N, K); weights are (N, K) or (N,)."""
        # Autocast does not allow F.binary_cross_entropy, so probabilities are converted back to logits.
        logits = torch.logit(at_least_float32(output), eps=1e-7) if self.use_sigmoid else output  # (N, K)
        loss = F.binary_cross_entropy_with_logits(logits, target.to(logits.dtype), reduction="none")  # (N, K)
        weights = self.weights(target_weight, loss)
        return self.reduce(loss if weights is None else loss * weights)  # (N, K), reduced


@MODELS.register_module()
class JSDiscretLoss(BaseLoss):
    """Jensen-Shannon divergence between predicted and target heatmaps that sum to one.

    Args:
        use_target_weight: whether channels are weighted.
        size_average: whether the sum is divided by the batch size.

    Source: DSNT, arXiv 1801.07372, section 3.4.
    """

    def __init__(self, use_target_weight: bool = True, size_average: bool = True) -> None:
        super().__init__(use_target_weight=use_target_weight)
        self.size_average = size_average

    def forward(self, pred_hm: Tensor, gt_hm: Tensor, target_weight: Tensor | None = None) -> Tensor:
        """Compare heatmaps (B, K, H, W); weights are (B, K) or (B,)."""
        weights = self.weights(target_weight, pred_hm)
        if weights is not None:
            pred_hm, gt_hm = pred_hm * weights, gt_hm * weights
        middle = 0.5 * (pred_hm + gt_hm)  # (B, K, H, W)
        divergence = 0.5 * (_kl(pred_hm, middle) + _kl(gt_hm, middle)).sum()  # ()
        return divergence / max(len(gt_hm), 1) if self.size_average else divergence


def _kl(target: Tensor, prob: Tensor) -> Tensor:
    # Unlike that of F.kl_div, the gradient with respect to the target is finite where the target is zero.
    return target * ((target + 1e-24).log() - (prob + 1e-24).log())  # same shape


@MODELS.register_module()
class KLDiscretLoss(BaseLoss):
    """Kullback-Leibler divergence of SimCC outputs from their labels, averaged over the bins of each axis.

    Args:
        beta: sharpness of the softmax over outputs.
        label_softmax: whether a softmax turns the labels into distributions too.
        label_beta: sharpness of that softmax.
        use_target_weight: whether keypoints are weighted.
        mask: indices of keypoints with another weight.
        mask_weight: weight of the keypoints in ``mask``.

    Source: SimCC, arXiv 2107.03332; RTMPose, arXiv 2303.07399.
    """

    def __init__(
        self,
        beta: float = 1.0,
        label_softmax: bool = False,
        label_beta: float = 10.0,
        use_target_weight: bool = True,
        mask: Sequence[int] | None = None,
        mask_weight: float = 1.0,
    ) -> None:
        super().__init__(use_target_weight=use_target_weight)
        self.beta = beta
        self.label_softmax = label_softmax
        self.label_beta = label_beta
        self.mask = None if mask is None else list(mask)
        self.mask_weight = mask_weight

    def forward(
        self, pred_simcc: Sequence[Tensor], gt_simcc: Sequence[Tensor], target_weight: Tensor | None = None
    ) -> Tensor:
        """Compare one tensor (B, K, bins) per axis; weights are (B, K) or (B,)."""
        num_keypoints = pred_simcc[0].shape[1]
        weights = self.weights(target_weight, pred_simcc[0][..., 0])
        if self.mask is not None:
            factor = pred_simcc[0].new_ones(num_keypoints)  # (K,)
            factor[self.mask] = self.mask_weight
            weights = factor if weights is None else weights * factor  # (K,) or (B, K)
        loss = pred_simcc[0].new_zeros(())
        for output, label in zip(pred_simcc, gt_simcc, strict=True):
            divergence = self.divergence(output, label)  # (B, K)
            loss = loss + (divergence if weights is None else divergence * weights).sum()  # ()
        return loss / num_keypoints

    def divergence(self, output: Tensor, label: Tensor) -> Tensor:
        """Return the divergence of each keypoint (B, K)."""
        if self.label_softmax:
            label = F.softmax(label * self.label_beta, dim=-1)
        return F.kl_div(F.log_softmax(output * self.beta, dim=-1), label, reduction="none").mean(-1)  # (B, K)


@MODELS.register_module()
class KLDiscretLossWithWeight(KLDiscretLoss):
    """KLDiscretLoss with separate weights for each axis, for labels whose depth may be unknown.

    Args:
        loss_name: name of the loss in logs.
        options: options of KLDiscretLoss.
    """

    def __init__(self, *, loss_name: str = "loss_kld", **options: Any) -> None:
        super().__init__(**options)
        self.loss_name = loss_name

    def forward(
        self,
        pred_simcc: Sequence[Tensor],
        gt_simcc: Sequence[Tensor],
        target_weight: Sequence[Tensor],  # pyright: ignore[reportIncompatibleMethodOverride]
    ) -> Tensor:
        """Compare one (B, K, bins) tensor per axis; weights are (B, K) for each axis."""
        axes = zip(pred_simcc, gt_simcc, target_weight, strict=True)
        of_axes = [super(KLDiscretLossWithWeight, self).forward([row], [label], weight) for row, label, weight in axes]
        return torch.stack(of_axes).sum()


@MODELS.register_module()
class InfoNCELoss(BaseLoss):
    """Contrastive loss that keeps every feature vector apart from all others.

    Args:
        temperature: divisor of the cosine similarities.
        loss_weight: factor of the result.

    Source: van den Oord et al., arXiv 1807.03748; as used by CID, CVPR 2022.
    """

    def __init__(self, temperature: float = 1.0, loss_weight: float = 1.0) -> None:
        super().__init__(loss_weight=loss_weight)
        if temperature <= 0:
            raise ValueError(f"temperature: got {temperature}, it must be positive")
        self.temperature = temperature

    def forward(self, features: Tensor) -> Tensor:
        """Contrast features (N, C) with one another."""
        features = F.normalize(features, dim=1)  # (N, C)
        labels = torch.arange(len(features), device=features.device)  # (N,)
        similarities = features @ features.T / self.temperature  # (N, N)
        return F.cross_entropy(similarities, labels, reduction="sum") * self.loss_weight  # ()


@MODELS.register_module()
class FocalLoss(BaseLoss):
    """Binary cross entropy that plays down well classified elements.

    Args:
        use_target_weight: whether labels are weighted.
        loss_weight: factor of the result.
        reduction: mean, sum or none.
        alpha: weight of positives; negatives weigh one minus it.
        gamma: exponent that plays down well classified elements.

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
        """Compare logits (N, K) with targets (N, K) in 0..1; weights are (N, K) or (N,)."""
        loss = self.of_elements(output, target)  # (N, K)
        weights = self.weights(target_weight, loss)
        return self.reduce(loss if weights is None else loss * weights)  # (N, K), reduced

    def of_elements(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the loss of each logit (N, K)."""
        from torchvision.ops import sigmoid_focal_loss  # the other losses of this file do not need torchvision

        return sigmoid_focal_loss(output, target, self.alpha, self.gamma)  # (N, K)


@MODELS.register_module()
class VariFocalLoss(FocalLoss):
    """Cross entropy with soft targets, where easy negatives count less and positives count by their quality.

    Args:
        use_target_weight: whether labels are weighted.
        loss_weight: factor of the result.
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
        focus = self.alpha * output.sigmoid() ** self.gamma * negative + target  # (N, K)
        entropy = F.binary_cross_entropy_with_logits(output.clamp(-10, 10), target, reduction="none")  # (N, K)
        return (entropy * focus).nan_to_num(0.0, 0.0, 0.0)  # (N, K)


@MODELS.register_module()
class QualityFocalLoss(BaseLoss):
    """Cross entropy with soft targets that plays down what is almost right.

    Args:
        use_sigmoid: whether the outputs are logits; must be True.
        beta: exponent of the distance from the target.
        reduction: mean, sum or none.
        loss_weight: factor of the result.

    Raises:
        ValueError: if ``use_sigmoid`` is False.

    Source: Li et al., Generalized Focal Loss, arXiv 2006.04388, eq. 4.
    """

    def __init__(
        self,
        use_sigmoid: bool = True,
        beta: float = 2.0,
        reduction: Reduction = "mean",
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(reduction=reduction, loss_weight=loss_weight)
        if not use_sigmoid:
            raise ValueError("QualityFocalLoss.use_sigmoid: False is not supported; give logits and leave it True")
        self.beta = beta

    def forward(
        self,
        output: Tensor,
        target: Tensor,
        target_weight: Tensor | None = None,
        avg_factor: Tensor | float | None = None,
    ) -> Tensor:
        """Compare logits (N, C) with targets in 0..1; weights are (N, 1), ``avg_factor`` is the divisor of a mean."""
        entropy = F.binary_cross_entropy_with_logits(output, target, reduction="none")  # (N, C)
        loss = entropy * (target - output.sigmoid()).abs() ** self.beta  # (N, C)
        return self.reduce(loss if target_weight is None else loss * target_weight, avg_factor)  # (N, C), reduced


@MODELS.register_module()
class CrossEntropyLoss(BaseLoss):
    """Cross entropy of logits, under the name that detectors' configs use.

    Args:
        use_sigmoid: whether classes are independent of each other; otherwise they exclude one another.
        reduction: mean, sum or none.
        loss_weight: factor of the result.
    """

    def __init__(self, use_sigmoid: bool = False, reduction: Reduction = "mean", loss_weight: float = 1.0) -> None:
        super().__init__(reduction=reduction, loss_weight=loss_weight)
        self.use_sigmoid = use_sigmoid

    def forward(self, output: Tensor, target: Tensor, target_weight: Tensor | None = None) -> Tensor:
        """Compare logits (N, C) with targets: (N, C) in 0..1 with ``use_sigmoid``, else classes (N,).

        Args:
            output: logits.
            target: targets.
            target_weight: weights that broadcast over the targets.
        """
        if self.use_sigmoid:
            loss = F.binary_cross_entropy_with_logits(output, target.to(output), reduction="none")  # (N, C)
        else:
            loss = F.cross_entropy(output, target.long(), reduction="none")  # (N,)
        return self.reduce(loss if target_weight is None else loss * target_weight)


@MODELS.register_module()
class MLECCLoss(BaseLoss):
    """Maximum likelihood of coordinates classified along each axis.

    Args:
        reduction: reduction over the keypoints of each sample; the batch axis stays.
        mode: conversion of the likelihood to a loss: log, linear or square.
        use_target_weight: whether keypoints are weighted.
        loss_weight: factor of the result.

    Source: RTMO, arXiv 2312.07526, section 3.3.
    """

    def __init__(
        self,
        reduction: Reduction = "mean",
        mode: str = "log",
        use_target_weight: bool = False,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(reduction=reduction, use_target_weight=use_target_weight, loss_weight=loss_weight)
        self.mode = check_choice("mode", mode, ("log", "linear", "square"))

    def forward(
        self, outputs: Sequence[Tensor], targets: Sequence[Tensor], target_weight: Tensor | None = None
    ) -> Tensor:
        """Compare one distribution per axis.

        Args:
            outputs: probabilities (B, K, bins) for each axis.
            targets: likelihood (B, K, bins) of each bin under the true coordinate, for each axis.
            target_weight: (B, K) or (B,).
        """
        likelihood = torch.ones((), device=outputs[0].device)
        for output, target in zip(outputs, targets, strict=True):
            likelihood = likelihood * (output * target).sum(-1)  # (B, K)
        loss = by_mode(likelihood, self.mode, eps=1e-4).nan_to_num(0.0, posinf=None, neginf=None)  # (B, K)
        weights = self.weights(target_weight, loss)
        if weights is not None:
            loss = loss * weights
        if self.reduction == "none":
            return loss * self.loss_weight  # (B, K)
        per_sample = loss.flatten(1)  # (B, K)
        return (per_sample.sum(1) if self.reduction == "sum" else per_sample.mean(1)) * self.loss_weight  # (B,)
