"""Overlap of boxes, as a loss and as a measure of agreement."""

from __future__ import annotations

import torch
from torch import Tensor

from posekit.console import check_choice
from posekit.models.losses.base import BaseLoss, Reduction, by_mode, trailing_axes
from posekit.registry import MODELS
from posekit.structures.bbox import bbox_overlaps


@MODELS.register_module()
class IoULoss(BaseLoss):
    """Loss on the overlap of each predicted box with its own target.

    Args:
        reduction: mean, sum or none.
        mode: conversion of the overlap to a loss: log, linear or square.
        eps: smallest overlap.
        loss_weight: factor of the result.
    """

    def __init__(
        self, reduction: Reduction = "mean", mode: str = "log", eps: float = 1e-16, loss_weight: float = 1.0
    ) -> None:
        super().__init__(reduction=reduction, loss_weight=loss_weight)
        self.mode = check_choice("mode", mode, ("log", "linear", "square"))
        self.eps = eps

    def forward(self, output: Tensor, target: Tensor, target_weight: Tensor | None = None) -> Tensor:
        """Compare boxes (N, 4) xyxy with as many targets; weights are (N,)."""
        overlap = bbox_overlaps(output, target, is_aligned=True).clamp(min=self.eps)  # (N,)
        loss = by_mode(overlap, self.mode)  # (N,)
        if target_weight is not None:
            loss = loss * trailing_axes(target_weight, loss.ndim)  # (N,)
        return self.reduce(loss)


@MODELS.register_module()
class GIoULoss(BaseLoss):
    """One minus the generalised overlap, which also gives boxes that do not touch a gradient.

    Args:
        reduction: mean, sum or none.
        eps: lower bound of the areas in denominators, in the boxes' unit squared.
        loss_weight: factor of the result.

    Source: Rezatofighi et al., arXiv 1902.09630.
    """

    def __init__(self, reduction: Reduction = "mean", eps: float = 1e-9, loss_weight: float = 1.0) -> None:
        super().__init__(reduction=reduction, loss_weight=loss_weight)
        self.eps = eps

    def forward(
        self,
        output: Tensor,
        target: Tensor,
        target_weight: Tensor | None = None,
        avg_factor: Tensor | float | None = None,
    ) -> Tensor:
        """Compare boxes (N, 4) xyxy with as many targets; weights are (N,), ``avg_factor`` is the divisor of a mean."""
        loss = 1 - bbox_overlaps(output, target, mode="giou", is_aligned=True, eps=self.eps)  # (N,)
        return self.reduce(loss if target_weight is None else loss * target_weight, avg_factor)


@MODELS.register_module()
class BBoxOverlaps2D:
    """Intersection over union of boxes with boxes."""

    registry = MODELS

    @torch.no_grad()
    def __call__(self, boxes: Tensor, targets: Tensor) -> Tensor:
        """Compare each of the boxes (M, 4) xyxy with each of the targets (N, 4); return (M, N)."""
        return bbox_overlaps(boxes, targets)  # (M, N)
