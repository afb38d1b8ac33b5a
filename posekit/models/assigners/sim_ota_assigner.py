"""Assignment of instances to the points of a dense head."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from posekit.console import check_choice
from posekit.models.losses.bbox_loss import BBoxOverlaps2D
from posekit.models.losses.oks_loss import PoseOKS
from posekit.registry import MODELS
from posekit.structures import InstanceData

OUTSIDE = 1e5
EPS = 1e-7


class Guess(NamedTuple):
    """Predictions of P points for one image; points and boxes in input pixels.

    Attributes:
        points: (P, 4) x, y and the strides of both axes.
        boxes: (P, 4) xyxy.
        scores: (P, C) probabilities of the classes.
        keypoints: (P, K, 2); None where only boxes are predicted.
        visible: (P, K) probabilities; None where only boxes are predicted.
    """

    points: Tensor
    boxes: Tensor
    scores: Tensor
    keypoints: Tensor | None = None
    visible: Tensor | None = None

    def rows(self, which: Tensor) -> Guess:
        """Return the predictions of the chosen points."""
        chosen: Any = [None if column is None else column[which] for column in self]
        return Guess(*chosen)


class Match(NamedTuple):
    """Points that learn an instance.

    Attributes:
        points: (M,) indices of the points, ascending.
        instances: (M,) index of each point's instance.
        quality: (M,) agreement of the point's prediction with its instance, from 0 to 1.
    """

    points: Tensor
    instances: Tensor
    quality: Tensor


@MODELS.register_module()
class SimOTAAssigner:
    """Assigns to each instance the points that predict it at the lowest cost, more of them where predictions are good.

    Shapes: P points, V of them near an instance, N instances, K keypoints, C classes.

    Args:
        center_radius: largest distance of a point from an instance's centre, in strides.
        candidate_topk: number of the best agreements that decide how many points an instance gets.
        iou_weight: weight of the boxes' agreement in the cost.
        cls_weight: weight of the class scores.
        oks_weight: weight of the keypoints' agreement.
        vis_weight: weight of the visibilities.
        dynamic_k_indicator: agreement that decides the number of points, iou or oks.
        quality_indicator: agreement that is handed on as the quality of a match; by default the one above.
        use_keypoints_for_center: whether an instance's centre is the mean of its visible keypoints, not its box's.
        iou_calculator: measure of the agreement of boxes.
        oks_calculator: measure of the agreement of keypoints.

    Source: Ge et al., YOLOX, arXiv 2107.08430, section 2.1 "SimOTA"; Lu et al., RTMO, arXiv 2312.07526.
    """

    registry = MODELS

    def __init__(
        self,
        center_radius: float = 2.5,
        candidate_topk: int = 10,
        iou_weight: float = 3.0,
        cls_weight: float = 1.0,
        oks_weight: float = 3.0,
        vis_weight: float = 0.0,
        dynamic_k_indicator: Literal["iou", "oks"] = "iou",
        quality_indicator: Literal["iou", "oks"] | None = None,
        use_keypoints_for_center: bool = False,
        iou_calculator: BBoxOverlaps2D | None = None,
        oks_calculator: PoseOKS | None = None,
    ) -> None:
        self.center_radius = center_radius
        self.candidate_topk = candidate_topk
        self.weights = {"iou": iou_weight, "cls": cls_weight, "oks": oks_weight, "vis": vis_weight}
        self.dynamic_k_indicator = check_choice("dynamic_k_indicator", dynamic_k_indicator, ("iou", "oks"))
        quality = quality_indicator or self.dynamic_k_indicator
        self.quality_indicator = check_choice("quality_indicator", quality, ("iou", "oks"))
        self.use_keypoints_for_center = use_keypoints_for_center
        self.iou_calculator = iou_calculator or BBoxOverlaps2D()
        self.oks_calculator = oks_calculator or PoseOKS()

    @torch.no_grad()
    def assign(self, guess: Guess, truth: InstanceData) -> Match:
        """Match the points of one image with its instances.

        Args:
            guess: predictions.
            truth: tensors ``bboxes`` (N, 4) and ``labels`` (N,); where the guess has keypoints also ``keypoints``
                (N, K, 2), ``keypoints_visible`` (N, K) and ``areas`` (N,).
        """
        inside, near = self.neighbours(guess.points, truth)  # (P, N) each
        near_any = (inside | near).any(1).nonzero()[:, 0]  # (V,)
        if not len(near_any):
            return Match(near_any, near_any, guess.scores.new_zeros(0))
        candidates = guess.rows(near_any)
        fits = self.fits(candidates, truth)
        cost = self.cost(candidates, truth, fits) + OUTSIDE * ~(inside & near)[near_any]  # (V, N)
        chosen = cheapest(cost, fits[self.dynamic_k_indicator], self.candidate_topk)  # (V, N)
        points, instances = chosen.nonzero(as_tuple=True)  # (M,) each
        return Match(near_any[points], instances, fits[self.quality_indicator][points, instances])

    def neighbours(self, points: Tensor, truth: InstanceData) -> tuple[Tensor, Tensor]:
        """Return whether points lie in the instances' boxes, and whether they lie near their centres, both (P, N)."""
        place, stride = points[:, None, :2], points[:, None, 2:]  # (P, 1, 2) each
        inside = inside_boxes(points, truth.bboxes)  # (P, N)
        near = ((place - self.centers(truth)).abs() < self.center_radius * stride).all(-1)  # (P, N)
        return inside, near

    def centers(self, truth: InstanceData) -> Tensor:
        """Return the instances' centres (N, 2)."""
        middle = truth.bboxes.unflatten(-1, (2, 2)).mean(1)  # (N, 2)
        if not self.use_keypoints_for_center:
            return middle
        visible = truth.keypoints_visible[..., None]  # (N, K, 1)
        total = visible.sum(1)  # (N, 1)
        mean = (truth.keypoints * visible).sum(1) / total.clamp(min=EPS)  # (N, 2)
        return torch.where(total > 0, mean, middle)  # (N, 2)

    def fits(self, guess: Guess, truth: InstanceData) -> dict[str, Tensor]:
        """Return the agreement (V, N) of predictions and instances, by name of the measure."""
        fits = {"iou": self.iou_calculator(guess.boxes, truth.bboxes)}  # (V, N)
        if guess.keypoints is not None:
            poses, seen = guess.keypoints[:, None], truth.keypoints_visible[None]  # (V, 1, K, 2), (1, N, K)
            fits["oks"] = self.oks_calculator(poses, truth.keypoints[None], seen, truth.areas[None])  # (V, N)
        return fits

    def cost(self, guess: Guess, truth: InstanceData, fits: dict[str, Tensor]) -> Tensor:
        """Return the cost (V, N) of each candidate for each instance, regardless of its position."""
        classes = F.one_hot(truth.labels.long(), guess.scores.shape[-1]).float()  # (N, C)
        costs = {name: -torch.log(fit + EPS) for name, fit in fits.items()}  # (V, N) each
        costs["cls"] = cross_entropy(guess.scores[:, None], classes)  # (V, N)
        if guess.visible is not None:
            costs["vis"] = cross_entropy(guess.visible[:, None], truth.keypoints_visible)  # (V, N)
        return sum((cost * self.weights[name] for name, cost in costs.items()), torch.zeros_like(fits["iou"]))


def inside_boxes(points: Tensor, boxes: Tensor) -> Tensor:
    """Return whether points (P, 4) lie strictly inside boxes (N, 4), as (P, N)."""
    place = points[:, None, :2]  # (P, 1, 2)
    return ((place > boxes[:, :2]) & (place < boxes[:, 2:])).all(-1)  # (P, N)


def cheapest(cost: Tensor, fit: Tensor, topk: int) -> Tensor:
    """Return a mask (V, N) of the candidates that each instance gets.

    The number of an instance's candidates is the sum of its ``topk`` best agreements, at least one; a candidate that
    several instances claim goes to the one that it costs least.
    """
    counts = fit.topk(min(topk, len(fit)), dim=0).values.sum(0).int().clamp(min=1)  # (N,)
    rank = cost.argsort(0).argsort(0)  # (V, N)
    chosen = rank < counts  # (V, N)
    contested = chosen.sum(1, keepdim=True) > 1  # (V, 1)
    return torch.where(contested, F.one_hot(cost.argmin(1), cost.shape[1]).bool(), chosen)  # (V, N)


def cross_entropy(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Return the binary cross entropy, summed over the last axis; each element costs at most 100, never infinity."""
    # -> (...) each
    yes, no = probabilities.float().log().clamp(min=-100), (1 - probabilities.float()).log().clamp(min=-100)
    return -(targets * yes + (1 - targets) * no).sum(-1)  # (...), the last axis summed
