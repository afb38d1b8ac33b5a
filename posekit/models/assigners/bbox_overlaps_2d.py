"""Overlap of boxes as a measure of how well a prediction fits."""

from __future__ import annotations

import torch
from torch import Tensor

from posekit.registry import MODELS
from posekit.structures.bbox import bbox_overlaps


@MODELS.register_module()
class BBoxOverlaps2D:
    """Intersection over union of boxes with boxes."""

    registry = MODELS

    @torch.no_grad()
    def __call__(self, boxes: Tensor, targets: Tensor) -> Tensor:
        """Compare every one of (M, 4) xyxy boxes with every one of (N, 4)."""
        return bbox_overlaps(boxes, targets)
