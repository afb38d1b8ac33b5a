"""Object keypoint similarity as a measure of how well a prediction fits."""

from __future__ import annotations

import torch
from torch import Tensor

from posekit.models.losses.oks_loss import OKSLoss
from posekit.registry import MODELS


@MODELS.register_module()
class PoseOKS:
    """Object keypoint similarity of poses with poses.

    Args:
        metainfo: name or file of the keypoint set whose sigmas scale the distances; None for distances
            that are relative to the instance's size alone.
    """

    registry = MODELS

    def __init__(self, metainfo: str | None = "configs/_base_/datasets/coco.py") -> None:
        self.oks = OKSLoss(metainfo, norm_target_weight=True)

    @torch.no_grad()
    def __call__(self, poses: Tensor, targets: Tensor, weights: Tensor, areas: Tensor) -> Tensor:
        """Compare poses (..., K, 2) with targets of weights (..., K) and areas (...)."""
        return self.oks.to(poses.device).similarity(poses, targets, weights, areas)
