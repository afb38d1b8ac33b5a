"""Base of heads that predict a whole person at every point of their maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from posekit.models.assigners.mlvl_point_generator import MlvlPointGenerator
from posekit.models.assigners.sim_ota_assigner import Guess, SimOTAAssigner
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import SampleBatch, as_columns
from posekit.models.heads.dense_head import DenseHead, DenseOutputs, Positives, box_targets, distinct
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.bbox_loss import IoULoss
from posekit.models.losses.classification_loss import BCELoss
from posekit.models.losses.oks_loss import OKSLoss
from posekit.structures import InstanceData, PoseDataSample

YOLOX_BN: Settings = {"type": "BN", "momentum": 0.03, "eps": 0.001}
VISIBLE = 0.3
"""Probability from which a keypoint counts as visible when testing for ignored regions."""


@dataclass
class PointOutputs(DenseOutputs):
    """Outputs for B images at P points, poses beside boxes.

    Attributes:
        keypoint_offsets: (B, P, 2 * K) offsets from the point, in strides; empty where not computed.
        visible: (B, P, K) logits of the keypoints' visibility.
        poses: (B, P, D) features of whole poses.
    """

    keypoint_offsets: Tensor
    visible: Tensor
    poses: Tensor | None = field(default=None, kw_only=True)

    @cached_property
    def keypoints(self) -> Tensor:
        """(B, P, K, 2) in input pixels."""
        place, stride = self.points[:, None].split(2, -1)
        return self.keypoint_offsets.unflatten(-1, (-1, 2)) * stride + place  # (B, P, K, 2)

    def guess(self, index: int) -> Guess:
        guess = super().guess(index)
        keypoints, visible = self.keypoints[index].detach(), self.visible[index].detach().sigmoid()
        return guess._replace(scores=guess.scores.sqrt(), keypoints=keypoints, visible=visible)


class PointHead(DenseHead):
    """Base of heads that score a person, a box and a pose at every point.

    A subclass defines ``point_outputs``, ``losses_of`` and ``poses_of``.

    Shapes: B images, P points of all maps, K keypoints, C classes, M points of a batch that learn an instance, N points
    of an image that remain after suppression.

    Args:
        num_keypoints: number of keypoints, K.
        num_classes: number of classes, C.
        prior_generator: generator of the points.
        use_aux_loss: whether to add the losses on offsets in strides.
        assigner: assigner of instances to the points that learn them.
        overlaps_power: exponent of the quality that scores learn.
        loss_bbox: loss of the boxes.
        loss_oks: loss of the keypoints, relative to the instance's size.
        loss_vis: loss of the keypoints' visibility.
        loss_bbox_aux: loss of the boxes' offsets in strides; none by default.
        init_cfg: rules for the initial weights.
    """

    def __init__(
        self,
        num_keypoints: int,
        num_classes: int = 1,
        *,
        prior_generator: MlvlPointGenerator,
        use_aux_loss: bool = False,
        assigner: SimOTAAssigner | None = None,
        overlaps_power: float = 1.0,
        loss_bbox: BaseLoss | None = None,
        loss_oks: BaseLoss | None = None,
        loss_vis: BaseLoss | None = None,
        loss_bbox_aux: BaseLoss | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(
            num_classes, prior_generator=prior_generator, assigner=assigner or SimOTAAssigner(), init_cfg=init_cfg
        )
        self.num_keypoints = num_keypoints
        self.use_aux_loss = use_aux_loss
        self.overlaps_power = overlaps_power
        self.loss_bbox = loss_bbox or IoULoss("sum", "square", loss_weight=5.0)
        self.loss_oks = loss_oks or OKSLoss(reduction="none", norm_target_weight=True, loss_weight=30.0)
        self.loss_vis = loss_vis or BCELoss(use_target_weight=True)
        self.loss_bbox_aux = loss_bbox_aux

    def poses_of(self, outputs: PointOutputs, index: int, points: Tensor) -> Tensor:
        """Return the keypoints (N, K, 2) at the points (N,) of one image, in input pixels."""
        raise NotImplementedError

    def truth(self, sample: PoseDataSample, like: Tensor) -> InstanceData:
        """Return a sample's instances as tensors on the device of ``like``, with weights of their visibilities."""
        labels = sample.gt_instance_labels
        if not len(labels):
            empty = {"bboxes": (4,), "labels": (), "keypoints": (self.num_keypoints, 2), "areas": ()}
            empty |= dict.fromkeys(("keypoints_visible", "weights"), (self.num_keypoints,))
            blank: dict[str, Any] = {name: like.new_zeros(0, *shape) for name, shape in empty.items()}
            return InstanceData(**blank)
        names = ("bboxes", "labels", "keypoints", "keypoints_visible", "areas")
        values: dict[str, Any] = {
            name: torch.as_tensor(labels[name], dtype=torch.float32, device=like.device) for name in names
        }
        weights = labels.get("keypoints_visible_weights")
        if weights is None:
            weights = torch.ones_like(values["keypoints_visible"])
        return InstanceData(**values, weights=torch.as_tensor(weights, dtype=torch.float32, device=like.device))

    @torch.no_grad()
    def weights(self, outputs: PointOutputs, batch: SampleBatch) -> Tensor:
        """Return the weight of each point's score (B * P, 1): less where its pose lies in an ignored region."""
        masks = as_columns(batch).get("gt_fields.heatmap_mask")
        if masks is None:
            return torch.ones_like(outputs.scores[..., :1]).flatten(0, 1)
        seen = (outputs.visible.sigmoid() > VISIBLE)[..., None].float()  # (B, P, K, 1)
        middles = (outputs.keypoints * seen).sum(2) / seen.sum(2).clamp(min=1)  # (B, P, 2)
        pairs = zip(masks, middles, strict=True)
        return torch.cat([1 - sampled(torch.as_tensor(mask), middle) for mask, middle in pairs])[:, None]  # (B * P, 1)

    def target_scores(self, outputs: PointOutputs, positives: Positives, classes: Tensor) -> Tensor:
        """Return the scores (B * P, C) to learn, zero at points without instance."""
        return positives.scattered(classes.detach() ** self.overlaps_power, outputs.scores)

    def box_losses(self, outputs: PointOutputs, positives: Positives, count: Tensor) -> dict[str, Tensor]:
        """Return the losses of the boxes, divided by ``count``."""
        boxes, offsets = (x.flatten(0, 1)[positives.index] for x in (outputs.boxes, outputs.box_offsets))  # (M, 4) each
        losses = {"loss_bbox": self.loss_bbox(boxes, positives.truth.bboxes) / count}
        if self.use_aux_loss and self.loss_bbox_aux is not None:
            losses["loss_bbox_aux"] = self.loss_bbox_aux(offsets, aux_targets(positives)[0]) / count
        return losses

    def instances(
        self, outputs: PointOutputs, index: int, metainfo: Mapping[str, Any], test_cfg: Mapping[str, Any]
    ) -> InstanceData:
        """Return one image's persons, best first, in input pixels; boxes are clipped at the border of the input."""
        scores, labels = outputs.confidence[index].max(-1)  # (P,)
        best = distinct(outputs.boxes[index], scores, test_cfg)  # (N,)
        visible = outputs.visible[index, best].sigmoid()  # (N, K)
        width, height = metainfo.get("input_size") or metainfo["img_shape"][::-1]
        limits = torch.tensor([width, height, width, height], device=scores.device)
        persons = InstanceData(
            scores=scores[best],
            labels=labels[best],
            bboxes=outputs.boxes[index, best].clamp(min=torch.zeros_like(limits), max=limits),
            bbox_scores=scores[best],
            keypoints=self.poses_of(outputs, index, best),
            keypoint_scores=visible,
            keypoints_visible=visible,
        )
        return persons.map(lambda value: value.detach()).numpy()


def sampled(mask: Tensor, places: Tensor) -> Tensor:
    """Return the values (P,) of a mask (1, H, W) at places (P, 2) in pixels, zero outside."""
    size = torch.tensor([mask.shape[-1] - 1, mask.shape[-2] - 1], device=places.device)
    grid = (places / size * 2 - 1)[None, None]  # (1, 1, P, 2)
    values = F.grid_sample(mask.reshape(1, 1, *mask.shape[-2:]).to(places), grid, align_corners=True)  # (1, 1, 1, P)
    return values.flatten()  # (P,)


def aux_targets(positives: Positives) -> tuple[Tensor, Tensor]:
    """Return the offsets of boxes (M, 4) and keypoints (M, K, 2) in strides that the points should predict."""
    place, stride = positives.points.split(2, -1)
    return box_targets(positives), (positives.truth.keypoints - place[:, None]) / stride[:, None]  # (M, 4), (M, K, 2)
