"""One row for each loss: how to build it and what it compares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

K = 4
PARENTS = [0, 0, 1, 2]


def images(batch: int, channels: int = K) -> Tensor:
    return torch.rand(batch, channels, 6, 5)


def points(batch: int, dim: int = 2) -> Tensor:
    return torch.rand(batch, K, dim)


def labels(batch: int) -> Tensor:
    return torch.rand(batch, K)


def bins(batch: int) -> list[Tensor]:
    return [torch.rand(batch, K, 8).softmax(-1), torch.rand(batch, K, 6).softmax(-1)]


def motion(batch: int) -> Tensor:
    return torch.rand(batch, 3, K, 3)


def boxes(batch: int) -> Tensor:
    corner = torch.rand(batch, 2)
    return torch.cat([corner, corner + 1 + torch.rand(batch, 2)], -1)


def feature_maps(batch: int) -> Tensor:
    return torch.rand(batch, 8, 6, 5)


def weights(batch: int) -> Tensor:
    return torch.ones(batch, K)


def tagged(batch: int) -> tuple[Tensor, list[Tensor]]:
    """Return tags and the cells of two instances an image; a batch of none is an image without instances."""
    cells = torch.stack((torch.arange(2 * K).reshape(2, K), torch.ones(2, K).long()), -1)[: 2 if batch else 0]
    return images(max(batch, 1)), [cells] * max(batch, 1)


def projection(batch: int) -> tuple[Any, Any]:
    poses = {name: points(batch, 3) for name in ("labeled_pose", "unlabeled_pose")}
    poses["unlabeled_traj"] = torch.rand(batch, 1, 3) + 3
    return poses, {"unlabeled_target_2d": points(batch), "intrinsics": torch.ones(batch, 4)}


@dataclass
class LossCase:
    """A loss's config and what it takes.

    Attributes:
        inputs: makes the arguments for a batch: first those that are learnt, then the targets.
        learnt: how many of them come from the network.
        weights: makes the target weights, the last argument, where the loss takes any.
        options: arguments after those.
        call: calls the loss, where it is not called itself.
    """

    config: dict[str, Any]
    inputs: Callable[[int], tuple[Any, ...]]
    learnt: int = 1
    weights: Callable[[int], Tensor] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    call: Callable[..., Any] = lambda loss, *args, **options: loss(*args, **options)


def pair(make: Callable[..., Any], *options: int) -> Callable[[int], tuple[Any, Any]]:
    """Return a maker of an output and a target of the same kind."""
    return lambda batch: (make(batch, *options), make(batch, *options))


def weighted(make: Callable[..., Any], *shape: int, **config: Any) -> LossCase:
    return LossCase({"use_target_weight": True, **config}, pair(make, *shape), weights=weights)


def each_part(loss: Any, *args: Any) -> list[Tensor]:
    return [part(*args) for part in loss.values()]


TWO = {"losses": [{"type": "L1Loss", "use_target_weight": True}, {"type": "MSELoss", "use_target_weight": True}]}
CASES: dict[str, LossCase] = {
    "AdaptiveWingLoss": weighted(images),
    "AssociativeEmbeddingLoss": LossCase({}, tagged),
    "BCELoss": weighted(labels),
    "BoneLoss": weighted(points, 3, joint_parents=PARENTS),
    "CombinedLoss": LossCase({"losses": {"a": {"type": "L1Loss"}}}, pair(points), call=each_part),
    "CombinedTargetMSELoss": weighted(images, 3 * K),
    "FeaLoss": LossCase(
        {"name": "loss_fea", "use_this": True, "student_channels": K, "teacher_channels": 8},
        lambda batch: (images(batch), feature_maps(batch)),
    ),
    "FocalHeatmapLoss": weighted(images),
    "FocalLoss": weighted(labels),
    "CrossEntropyLoss": LossCase({"use_sigmoid": True}, pair(labels), weights=weights),
    "GIoULoss": LossCase({}, pair(boxes), weights=lambda batch: torch.ones(batch)),
    "InfoNCELoss": LossCase({}, lambda batch: (labels(batch),)),
    "IoULoss": LossCase({}, pair(boxes), weights=lambda batch: torch.ones(batch)),
    "JSDiscretLoss": weighted(images),
    "KDLoss": LossCase({"name": "loss_logit", "use_this": True}, pair(bins), options={"beta": 2.0}),
    "KLDiscretLoss": weighted(bins),
    "KeypointMSELoss": weighted(images),
    "KeypointOHKMMSELoss": weighted(images, topk=2),
    "L1Loss": weighted(points),
    "MLECCLoss": weighted(bins),
    "MPJPELoss": weighted(points, 3),
    "MPJPEVelocityJointLoss": LossCase(
        {"use_target_weight": True}, pair(motion), weights=lambda batch: torch.ones(batch, 3, K)
    ),
    "MSELoss": weighted(points),
    "MultipleLossWrapper": LossCase(
        TWO, lambda batch: ([points(batch), points(batch)], [points(batch), points(batch)]), weights=weights
    ),
    "OKSLoss": LossCase({}, pair(points), weights=weights),
    "RLELoss": LossCase(
        {"use_target_weight": True}, lambda batch: (points(batch), points(batch), points(batch)), 2, weights
    ),
    "SemiSupervisionLoss": LossCase({"joint_parents": PARENTS}, projection),
    "SmoothL1Loss": weighted(points),
    "SoftWeightSmoothL1Loss": weighted(points),
    "SoftWingLoss": weighted(points),
    "QualityFocalLoss": LossCase({}, pair(labels), weights=weights),
    "VariFocalLoss": weighted(labels),
    "WingLoss": weighted(points),
}
