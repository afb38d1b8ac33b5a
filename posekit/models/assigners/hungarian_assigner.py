"""Assignment of instances to a set of queries."""

from __future__ import annotations

from typing import NamedTuple

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torchvision.ops import box_convert

from posekit.models.losses.oks_loss import PoseOKS
from posekit.registry import MODELS
from posekit.structures import InstanceData
from posekit.structures.bbox import bbox_overlaps

HOPELESS = 1e6
"""Cost of a pair whose true cost is not a number."""


class Candidates(NamedTuple):
    """Predictions of Q queries for one image.

    Attributes:
        logits: (Q, C) logits of the classes.
        boxes: (Q, 4) centre and size as shares of the image.
        keypoints: (Q, K, 2) as shares of the image, or None.
    """

    logits: Tensor
    boxes: Tensor
    keypoints: Tensor | None = None


class QueryPairs(NamedTuple):
    """M queries (M,) and the instance (M,) of each."""

    queries: Tensor
    instances: Tensor


@MODELS.register_module()
class HungarianAssigner:
    """Assigns one query to each instance, so that all pairs together cost the least.

    Shapes: Q queries, N instances, K keypoints.

    Args:
        cls_weight: weight of the focal loss of the pair's class, relative to that of no class.
        bbox_weight: weight of the absolute error of the boxes.
        iou_weight: weight of one minus their generalised overlap.
        kpt_weight: weight of the absolute error of the visible keypoints.
        oks_weight: weight of one minus the keypoints' similarity.
        alpha: weight of positives in the focal loss.
        gamma: exponent of the focal loss.
        oks_calculator: measure of the similarity; the sigmas of COCO by default.

    Source: Carion et al., arXiv 2005.12872, section 3.1; Yang et al., arXiv 2302.01593, section 3.4.
    """

    registry = MODELS

    def __init__(
        self,
        cls_weight: float = 2.0,
        bbox_weight: float = 5.0,
        iou_weight: float = 2.0,
        kpt_weight: float = 10.0,
        oks_weight: float = 4.0,
        alpha: float = 0.25,
        gamma: float = 2.0,
        oks_calculator: PoseOKS | None = None,
    ) -> None:
        self.weights = {
            "cls": cls_weight,
            "bbox": bbox_weight,
            "iou": iou_weight,
            "kpt": kpt_weight,
            "oks": oks_weight,
        }
        self.alpha, self.gamma = alpha, gamma
        self.oks_calculator = oks_calculator or PoseOKS()

    @torch.no_grad()
    def assign(self, candidates: Candidates, truth: InstanceData) -> QueryPairs:
        """Match the queries of one image with its instances.

        Args:
            candidates: predictions of the queries.
            truth: tensors ``labels`` (N,), ``boxes`` (N, 4) centre and size and ``keypoints`` (N, K, 2) as shares of
                the image, ``visible`` (N, K), ``sizes`` (N, 2) the image's width and height, ``areas`` (N,) in
                pixels.
        """
        device = candidates.boxes.device
        costs = self.cost(candidates, truth).nan_to_num(HOPELESS, HOPELESS, -HOPELESS)  # (Q, N)
        queries, instances = linear_sum_assignment(costs.cpu().numpy())
        return QueryPairs(torch.as_tensor(queries, device=device), torch.as_tensor(instances, device=device))

    def cost(self, candidates: Candidates, truth: InstanceData) -> Tensor:
        """Return the cost (Q, N) of each pair."""
        corners, truth_corners = (box_convert(boxes, "cxcywh", "xyxy") for boxes in (candidates.boxes, truth.boxes))
        costs = {
            "cls": self.class_cost(candidates.logits[:, truth.labels]),
            "bbox": torch.cdist(candidates.boxes, truth.boxes, p=1),
            "iou": 1 - bbox_overlaps(corners, truth_corners, mode="giou", eps=1e-9),
        }
        if candidates.keypoints is not None:
            poses = candidates.keypoints[:, None]  # (Q, 1, K, 2)
            error = (poses - truth.keypoints).abs().sum(-1)  # (Q, N, K)
            costs["kpt"] = (error * truth.visible).sum(-1)  # (Q, N)
            size = truth.sizes[:, None]  # (N, 1, 2)
            similarity = self.oks_calculator(poses * size, truth.keypoints * size, truth.visible, truth.areas)  # (Q, N)
            costs["oks"] = 1 - similarity
        return torch.stack([cost * self.weights[name] for name, cost in costs.items()]).sum(0)  # (Q, N)

    def class_cost(self, logits: Tensor) -> Tensor:
        """Return the additional cost of labelling a query with its instance's class rather than with none."""
        probability = logits.float().sigmoid()  # (Q, N)
        yes = -self.alpha * (1 - probability) ** self.gamma * (probability + 1e-8).log()  # (Q, N)
        no = -(1 - self.alpha) * probability**self.gamma * (1 - probability + 1e-8).log()  # (Q, N)
        return yes - no  # (Q, N)
