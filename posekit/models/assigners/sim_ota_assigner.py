"""Which points of a dense head learn which instance."""

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
    """What each of P points predicts for one image; points and boxes in input pixels.

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
        points: (M,) which points, ascending.
        instances: (M,) the instance of each.
        quality: (M,) how well the point's prediction fits it already, from 0 to 1.
    """

    points: Tensor
    instances: Tensor
    quality: Tensor


@MODELS.register_module()
class SimOTAAssigner:
    """Gives each instance the points that predict it at the least cost, more of them where predictions are good.

    Args:
        center_radius: how far from an instance's centre a point may lie, in strides.
        candidate_topk: how many of the best fits decide the number of an instance's points.
        iou_weight: weight of the boxes' fit in the cost.
        cls_weight: weight of the class scores.
        oks_weight: weight of the keypoints' fit.
        vis_weight: weight of the visibilities.
        dynamic_k_indicator: which fit decides the number of points, iou or oks.
        use_keypoints_for_center: an instance's centre is the mean of its visible keypoints, not its box's.
        iou_calculator: measures the fit of boxes.
        oks_calculator: measures the fit of keypoints.

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
        use_keypoints_for_center: bool = False,
        iou_calculator: BBoxOverlaps2D | None = None,
        oks_calculator: PoseOKS | None = None,
    ) -> None:
        self.center_radius = center_radius
        self.candidate_topk = candidate_topk
        self.weights = {"iou": iou_weight, "cls": cls_weight, "oks": oks_weight, "vis": vis_weight}
        self.dynamic_k_indicator = check_choice("dynamic_k_indicator", dynamic_k_indicator, ("iou", "oks"))
        self.use_keypoints_for_center = use_keypoints_for_center
        self.iou_calculator = iou_calculator or BBoxOverlaps2D()
        self.oks_calculator = oks_calculator or PoseOKS()

    @torch.no_grad()
    def assign(self, guess: Guess, truth: InstanceData) -> Match:
        """Match the points of one image with its instances.

        Args:
            guess: the predictions.
            truth: tensors ``bboxes`` (N, 4) and ``labels`` (N,); where the guess has keypoints also ``keypoints``
                (N, K, 2), ``keypoints_visible`` (N, K) and ``areas`` (N,).
        """
        inside, near = self.neighbours(guess.points, truth)
        near_any = (inside | near).any(1).nonzero()[:, 0]  # (V,)
        if not len(near_any):
            return Match(near_any, near_any, guess.scores.new_zeros(0))
        candidates = guess.rows(near_any)
        fits = self.fits(candidates, truth)
        cost = self.cost(candidates, truth, fits) + OUTSIDE * ~(inside & near)[near_any]
        fit = fits[self.dynamic_k_indicator]
        points, instances = cheapest(cost, fit, self.candidate_topk).nonzero(as_tuple=True)
        return Match(near_any[points], instances, fit[points, instances])

    def neighbours(self, points: Tensor, truth: InstanceData) -> tuple[Tensor, Tensor]:
        """Return whether points lie in the instances' boxes, and whether near their centres, both (P, N)."""
        place, stride = points[:, None, :2], points[:, None, 2:]
        inside = inside_boxes(points, truth.bboxes)
        near = ((place - self.centers(truth)).abs() < self.center_radius * stride).all(-1)
        return inside, near

    def centers(self, truth: InstanceData) -> Tensor:
        """Return the instances' centres (N, 2)."""
        middle = truth.bboxes.unflatten(-1, (2, 2)).mean(1)
        if not self.use_keypoints_for_center:
            return middle
        visible = truth.keypoints_visible[..., None]
        total = visible.sum(1)
        mean = (truth.keypoints * visible).sum(1) / total.clamp(min=EPS)
        return torch.where(total > 0, mean, middle)

    def fits(self, guess: Guess, truth: InstanceData) -> dict[str, Tensor]:
        """Return how well the predictions fit the instances, each (V, N)."""
        fits = {"iou": self.iou_calculator(guess.boxes, truth.bboxes)}
        if guess.keypoints is not None:
            poses, seen = guess.keypoints[:, None], truth.keypoints_visible[None]
            fits["oks"] = self.oks_calculator(poses, truth.keypoints[None], seen, truth.areas[None])
        return fits

    def cost(self, guess: Guess, truth: InstanceData, fits: dict[str, Tensor]) -> Tensor:
        """Return the cost (V, N) of each candidate learning each instance, before its place counts."""
        classes = F.one_hot(truth.labels.long(), guess.scores.shape[-1]).float()
        costs = {name: -torch.log(fit + EPS) for name, fit in fits.items()}
        costs["cls"] = cross_entropy(guess.scores[:, None], classes)
        if guess.visible is not None:
            costs["vis"] = cross_entropy(guess.visible[:, None], truth.keypoints_visible)
        return sum((cost * self.weights[name] for name, cost in costs.items()), torch.zeros_like(fits["iou"]))


def inside_boxes(points: Tensor, boxes: Tensor) -> Tensor:
    """Return whether points (P, 4) lie strictly inside boxes (N, 4), as (P, N)."""
    place = points[:, None, :2]
    return ((place > boxes[:, :2]) & (place < boxes[:, 2:])).all(-1)


def cheapest(cost: Tensor, fit: Tensor, topk: int) -> Tensor:
    """Return which candidates (V, N) each instance gets.

    An instance gets as many as its ``topk`` best fits sum to, at least one; a candidate that several want goes to
    the one it costs least.
    """
    wanted = fit.topk(min(topk, len(fit)), dim=0).values.sum(0).int().clamp(min=1)
    rank = cost.argsort(0).argsort(0)
    chosen = rank < wanted
    contested = chosen.sum(1, keepdim=True) > 1
    return torch.where(contested, F.one_hot(cost.argmin(1), cost.shape[1]).bool(), chosen)


def cross_entropy(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Return the summed binary cross entropy over the last axis; a hopeless guess costs 100, not infinity."""
    yes, no = probabilities.float().log().clamp(min=-100), (1 - probabilities.float()).log().clamp(min=-100)
    return -(targets * yes + (1 - targets) * no).sum(-1)
