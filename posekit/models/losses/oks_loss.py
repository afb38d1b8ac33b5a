"""Object keypoint similarity, as a loss and as a measure of agreement."""

from __future__ import annotations

import torch
from torch import Tensor

from posekit.console import check_choice
from posekit.models.losses.base import BaseLoss, Reduction, by_mode
from posekit.registry import MODELS


@MODELS.register_module()
class OKSLoss(BaseLoss):
    """One minus the object keypoint similarity, or its logarithm.

    Args:
        metainfo: name or file of a keypoint set, whose sigmas scale the distances.
        reduction: reduction over the instances: mean, sum or none.
        mode: conversion of the similarity to a loss: linear, square or log.
        eps: smallest size and similarity.
        norm_target_weight: whether an instance's weights are divided by their sum; otherwise by the keypoint count.
        loss_weight: factor of the result.

    Source: YOLO-Pose, arXiv 2204.06806, eq. 3.
    """

    sigmas: Tensor | None

    def __init__(
        self,
        metainfo: str | None = None,
        reduction: Reduction = "mean",
        mode: str = "linear",
        eps: float = 1e-8,
        norm_target_weight: bool = False,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(reduction=reduction, loss_weight=loss_weight)
        self.mode = check_choice("mode", mode, ("linear", "square", "log"))
        self.eps = eps
        self.norm_target_weight = norm_target_weight
        self.register_buffer("sigmas", None if metainfo is None else _sigmas(metainfo))

    def forward(
        self, output: Tensor, target: Tensor, target_weight: Tensor | None = None, areas: Tensor | None = None
    ) -> Tensor:
        """Compare keypoints.

        Args:
            output: (..., K, 2).
            target: (..., K, 2), in the same unit.
            target_weight: (..., K), zero for keypoints without a label.
            areas: (...), areas of the instances; None for distances that are already relative to the instance.
        """
        return self.reduce(by_mode(self.similarity(output, target, target_weight, areas), self.mode))  # (...), reduced

    def similarity(self, output: Tensor, target: Tensor, target_weight: Tensor | None, areas: Tensor | None) -> Tensor:
        """Return the similarity (...) of each instance."""
        distance2 = (output - target).square().sum(-1)  # (..., K)
        if areas is not None:
            distance2 = distance2 / areas.clamp(min=self.eps**2)[..., None]  # (..., K)
        if self.sigmas is not None:
            distance2 = distance2 / (2 * self.sigmas).square()  # (..., K)
        closeness = torch.exp(-distance2 / 2)  # (..., K)
        if target_weight is None:
            return closeness.mean(-1)  # (...)
        total = (
            target_weight.sum(-1, keepdim=True).clamp(min=self.eps) if self.norm_target_weight else closeness.shape[-1]
        )
        similarity = (closeness * (target_weight / total)).sum(-1)  # (...)
        return similarity.clamp(min=self.eps) if self.mode == "log" else similarity  # (...)


@MODELS.register_module()
class PoseOKS:
    """Object keypoint similarity of poses.

    Args:
        metainfo: name or file of the keypoint set whose sigmas scale the distances; None for distances
            that are relative to the instance's size alone.
    """

    registry = MODELS

    def __init__(self, metainfo: str | None = "configs/_base_/datasets/coco.py") -> None:
        self.oks = OKSLoss(metainfo, norm_target_weight=True)

    @torch.no_grad()
    def __call__(self, poses: Tensor, targets: Tensor, weights: Tensor, areas: Tensor) -> Tensor:
        """Return the similarity (...) of poses (..., K, 2) and targets with weights (..., K) and areas (...)."""
        return self.oks.to(poses.device).similarity(poses, targets, weights, areas)  # (...)


def _sigmas(metainfo: str) -> Tensor | None:
    from posekit.keypoints.skeleton import Skeleton  # only losses that name a keypoint set read config files

    sigmas = Skeleton.load(metainfo).sigmas
    return torch.as_tensor(sigmas, dtype=torch.float32) if sigmas else None
