"""Assignment of boxes to points for RTMDet."""

from __future__ import annotations

import torch
from torch import Tensor

from posekit.models.assigners.sim_ota_assigner import EPS, Guess, Match, cheapest, inside_boxes
from posekit.models.losses.bbox_loss import BBoxOverlaps2D
from posekit.registry import MODELS
from posekit.structures import InstanceData


@MODELS.register_module()
class DynamicSoftLabelAssigner:
    """Assigns to each box the points that predict it at the lowest cost, measured against soft class labels.

    A point's label is the overlap of its box with the instance's, so that a confident score on a bad box costs as
    much as an unconfident score on a good one.

    Shapes: V points inside any box, N boxes, C classes.

    Args:
        soft_center_radius: distance from a box's centre, in strides, at which the centre costs 1; each further
            stride costs ten times as much.
        topk: number of the best overlaps that decide how many points a box gets.
        iou_weight: weight of the boxes' overlap in the cost.
        iou_calculator: measure of the overlap of boxes.

    Source: Lyu et al., RTMDet, arXiv 2212.07784, section 3.3.
    """

    registry = MODELS

    def __init__(
        self,
        soft_center_radius: float = 3.0,
        topk: int = 13,
        iou_weight: float = 3.0,
        iou_calculator: BBoxOverlaps2D | None = None,
    ) -> None:
        self.soft_center_radius = soft_center_radius
        self.topk = topk
        self.iou_weight = iou_weight
        self.iou_calculator = iou_calculator or BBoxOverlaps2D()

    @torch.no_grad()
    def assign(self, guess: Guess, truth: InstanceData) -> Match:
        """Match the points of one image with its boxes.

        Args:
            guess: predictions.
            truth: tensors ``bboxes`` (N, 4) and ``labels`` (N,).
        """
        valid = inside_boxes(guess.points, truth.bboxes).any(1).nonzero()[:, 0]  # (V,)
        if not len(valid):
            return Match(valid, valid, guess.scores.new_zeros(0))
        candidates = guess.rows(valid)
        overlap = self.iou_calculator(candidates.boxes, truth.bboxes)  # (V, N)
        cost = (  # (V, N)
            soft_class_cost(candidates.scores.float(), truth.labels.long(), overlap)
            - self.iou_weight * torch.log(overlap + EPS)
            + self.center_cost(candidates.points, truth.bboxes)
        )
        points, instances = cheapest(cost, overlap, self.topk).nonzero(as_tuple=True)
        return Match(valid[points], instances, overlap[points, instances])

    def center_cost(self, points: Tensor, boxes: Tensor) -> Tensor:
        """Return the cost (V, N) of the points' distances from the boxes' centres."""
        offset = points[:, None, :2] - boxes.unflatten(-1, (2, 2)).mean(1)  # (V, N, 2)
        distance = torch.linalg.vector_norm(offset, dim=-1) / points[:, None, 2]  # (V, N)
        return 10.0 ** (distance - self.soft_center_radius)  # (V, N)


def soft_class_cost(scores: Tensor, labels: Tensor, quality: Tensor) -> Tensor:
    """Return the cost (V, N) of learning each instance, by the points' class scores and the quality of their boxes.

    Args:
        scores: (V, C) probabilities.
        labels: (N,) class of each instance.
        quality: (V, N) score that the instance's class should have; all other classes should have 0.
    """
    log_no = (1 - scores).log().clamp(min=-100)  # (V, C)
    elsewhere = -log_no * scores.square()  # (V, C), cost of each class as one that should score 0
    label_scores = scores[:, labels]  # (V, N)
    entropy = -(quality * label_scores.log().clamp(min=-100) + (1 - quality) * log_no[:, labels])  # (V, N)
    # -> (V, N)
    return elsewhere.sum(1, keepdim=True) - elsewhere[:, labels] + entropy * (quality - label_scores).square()
