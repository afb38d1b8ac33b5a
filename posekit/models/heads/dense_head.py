"""Base of heads that predict classes and a box at every point of several maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import nms

from posekit.models.assigners.mlvl_point_generator import MlvlPointGenerator
from posekit.models.assigners.sim_ota_assigner import Guess
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import BaseHead, Features, Outputs, SampleBatch, as_columns
from posekit.models.layers.conv_module import ConvModule
from posekit.models.losses.base import mean_count
from posekit.structures import InstanceData, PoseDataSample
from posekit.structures.bbox import bbox_overlaps

SILU: Settings = {"type": "SiLU"}
IGNORED_SHARE = 0.5
"""Share of a predicted box within an ignored region from which the prediction is neither right nor wrong."""
MANY_BOXES = 10_000
"""Number of boxes from which NMS treats each class separately."""


@dataclass
class DenseOutputs:
    """Outputs for B images at P points.

    Attributes:
        points: (P, 4) x, y and the strides of both axes, in input pixels.
        scores: (B, P, C) logits of the classes.
        box_offsets: (B, P, 4) offset of the centre from the point and logarithm of the size, in strides.
        objectness: (B, P, 1) logits that there is any instance.
        cell_offset: distance of the places that the assigner looks at from the points, in strides.
    """

    points: Tensor
    scores: Tensor
    box_offsets: Tensor
    objectness: Tensor | None = field(default=None, kw_only=True)
    cell_offset: float = field(default=0.0, kw_only=True)

    @cached_property
    def boxes(self) -> Tensor:
        """(B, P, 4) xyxy in input pixels."""
        place, stride = self.points.split(2, -1)  # (P, 2) each
        center = self.box_offsets[..., :2] * stride + place  # (B, P, 2)
        half = self.box_offsets[..., 2:].exp() * stride / 2  # (B, P, 2)
        return torch.cat([center - half, center + half], -1)  # (B, P, 4)

    @cached_property
    def confidence(self) -> Tensor:
        """(B, P, C) probabilities that there is an instance of each class."""
        probability = self.scores.sigmoid()  # (B, P, C)
        return probability if self.objectness is None else probability * self.objectness.sigmoid()  # (B, P, C)

    def guess(self, index: int) -> Guess:
        """Return the predictions for one image, in the assigner's form."""
        confidence = self.confidence[index].detach().nan_to_num(0.0)
        place, stride = self.points.split(2, -1)  # (P, 2) each
        points = torch.cat([place + stride * self.cell_offset, stride], -1)  # (P, 4)
        return Guess(points, self.boxes[index].detach(), confidence)


class Positives(NamedTuple):
    """The M points of a batch that learn an instance.

    Attributes:
        index: (M,) indices among all B * P points.
        points: (M, 4).
        truth: instance of each point.
        quality: (M,) agreement of each point's prediction with its instance.
        classes: (M, C) quality at the instance's class, zero elsewhere.
    """

    index: Tensor
    points: Tensor
    truth: InstanceData
    quality: Tensor
    classes: Tensor

    def scattered(self, values: Tensor, like: Tensor) -> Tensor:
        """Return values (M, D) at the positives and zero at all other points (B * P, D) of ``like`` (B, P, ...)."""
        target = values.new_zeros(like.shape[0] * like.shape[1], values.shape[-1])  # (B * P, D)
        target[self.index] = values
        return target


class DenseHead(BaseHead):
    """Base of heads that score classes and a box at every point; no codec decodes them.

    A subclass defines ``point_outputs`` and ``losses_of``, and ``candidates`` to say which points predict something.
    Boxes of ``gt_instances`` are learned, except those that its ``ignored`` marks: in their regions nothing is learned.

    Shapes: B images, P points of all maps, C classes, M points of a batch that learn an instance, N points or boxes.

    Args:
        num_classes: number of classes, C.
        prior_generator: generator of the points.
        assigner: assigner of instances to the points that learn them.
        init_cfg: rules for the initial weights.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        prior_generator: MlvlPointGenerator,
        assigner: Any,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.num_classes = num_classes
        self.prior_generator = prior_generator
        self.assigner = assigner

    def point_outputs(self, outputs: Outputs) -> DenseOutputs:
        """Concatenate the outputs of all maps."""
        raise NotImplementedError

    def losses_of(self, outputs: Any, positives: Positives, weights: Tensor) -> dict[str, Tensor]:
        """Return the named losses; ``weights`` (B * P, 1) are zero at points whose instance nobody labelled."""
        raise NotImplementedError

    def candidates(self, outputs: Any, index: int, test_cfg: Mapping[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
        """Return points (N,), labels (N,) and scores (N,) of one image's possible instances, before suppression."""
        raise NotImplementedError

    def loss(self, feats: Features, batch: SampleBatch, train_cfg: dict[str, Any] | None = None) -> dict[str, Tensor]:
        outputs = self.point_outputs(self.training_outputs(feats))
        return self.losses_of(outputs, self.positives(outputs, batch), self.weights(outputs, batch))

    def training_outputs(self, feats: Features) -> Outputs:
        """Return the outputs that the losses need."""
        return self(feats)

    def positives(self, outputs: DenseOutputs, batch: SampleBatch) -> Positives:
        """Choose the points that learn an instance, image by image."""
        count, points, truths, qualities = len(outputs.points), [], [], []
        for index, sample in enumerate(as_columns(batch)):
            truth = self.truth(sample, outputs.points)
            match = self.assigner.assign(outputs.guess(index), truth)
            points.append(match.points + index * count)
            truths.append(truth[match.instances])
            qualities.append(match.quality)
        index, truth, quality = torch.cat(points), InstanceData.cat(truths), torch.cat(qualities)
        classes = F.one_hot(truth.labels.long(), self.num_classes) * quality[:, None]  # (M, C)
        return Positives(index, outputs.points[index % count], truth, quality, classes)

    def truth(self, sample: PoseDataSample, like: Tensor) -> InstanceData:
        """Return a sample's instances to learn, boxes (N, 4) and labels (N,), as tensors on the device of ``like``."""
        instances = sample.gt_instances
        ignored = ignored_mask(instances, like)
        boxes = torch.as_tensor(instances.get("bboxes", ()), dtype=torch.float32, device=like.device).reshape(-1, 4)
        labels = torch.as_tensor(instances.get("labels", ()), dtype=torch.float32, device=like.device)
        return InstanceData(bboxes=boxes[~ignored], labels=labels[~ignored])

    @torch.no_grad()
    def weights(self, outputs: DenseOutputs, batch: SampleBatch) -> Tensor:
        """Return the weight of each point's score (B * P, 1): zero where its box lies in an ignored region."""
        weights = torch.ones_like(outputs.scores[..., :1])  # (B, P, 1)
        for index, sample in enumerate(as_columns(batch)):
            ignored = ignored_mask(sample.gt_instances, weights)
            if ignored.any():
                regions = torch.as_tensor(sample.gt_instances.bboxes, dtype=torch.float32, device=weights.device)
                inside = bbox_overlaps(outputs.boxes[index].float(), regions[ignored], mode="iof")  # (P, regions)
                weights[index] = (inside.amax(1, keepdim=True) < IGNORED_SHARE).to(weights)
        return weights.flatten(0, 1)  # (B * P, 1)

    def nothing(self) -> Tensor:
        """Return zero, with a gradient for every parameter: devices that train together expect one from each."""
        return torch.stack([weight.sum() for weight in self.parameters() if weight.requires_grad]).sum() * 0

    def predict(self, feats: Any, batch: SampleBatch, test_cfg: dict[str, Any] | None = None) -> Any:
        """Return the instances that each image shows, best first."""
        test_cfg = test_cfg or {}
        if test_cfg.get("flip_test"):
            raise ValueError(f"{type(self).__name__} cannot average over mirror images; set test_cfg.flip_test=False")
        outputs = self.point_outputs(self(feats))
        infos = as_columns(batch).metainfos
        return [self.instances(outputs, index, info, test_cfg) for index, info in enumerate(infos)]

    def instances(
        self, outputs: Any, index: int, metainfo: Mapping[str, Any], test_cfg: Mapping[str, Any]
    ) -> InstanceData:
        """Return ``bboxes`` (N, 4) xyxy in image pixels, ``scores`` (N,) and ``labels`` (N,) of one image.

        Boxes no larger than ``min_bbox_size`` are left out. Of boxes of one class that overlap by more than
        ``nms.iou_threshold`` the best remains, and of all that remain the best ``max_per_img``.
        """
        points, labels, scores = self.candidates(outputs, index, test_cfg)
        boxes = boxes_in_image(self.within(outputs.boxes[index, points], metainfo), metainfo)
        min_size = test_cfg.get("min_bbox_size", -1)
        if min_size >= 0:
            large = ((boxes[:, 2:] - boxes[:, :2]) > min_size).all(1)
            boxes, labels, scores = boxes[large], labels[large], scores[large]
        best = class_nms(boxes, scores, labels, test_cfg.get("nms", {}).get("iou_threshold", 0.65))
        best = best[: test_cfg.get("max_per_img", len(best))]
        detections = InstanceData(bboxes=boxes[best], scores=scores[best], labels=labels[best])
        return detections.map(lambda value: value.detach()).numpy()

    def within(self, boxes: Tensor, metainfo: Mapping[str, Any]) -> Tensor:
        """Return boxes (N, 4) in input pixels, clipped where this kind of head clips them; by default nowhere."""
        return boxes


def ignored_mask(instances: InstanceData, like: Tensor) -> Tensor:
    """Return a mask (N,) of the instances marked as ignored; all False without such marks."""
    marks = instances.get("ignored")
    if marks is None:
        return torch.zeros(len(instances), dtype=torch.bool, device=like.device)
    return torch.as_tensor(marks, dtype=torch.bool, device=like.device)


def boxes_in_image(boxes: Tensor, metainfo: Mapping[str, Any]) -> Tensor:
    """Map boxes (N, 4) from the network's input back to the image; both count from the corner.

    Raises:
        ValueError: if the meta information lacks the forward map.
    """
    affine = metainfo.get("affine")
    if affine is None:
        raise ValueError(
            "boxes go back to the image by the sample's metainfo 'affine', which is missing; "
            "use Resize and PackDetInputs in the test pipeline"
        )
    return affine.inverse().corner_points(boxes.reshape(-1, 2, 2)).reshape(-1, 4)


def class_nms(boxes: Tensor, scores: Tensor, labels: Tensor, iou_threshold: float) -> Tensor:
    """Return the indices, best first, of the boxes that overlap no better one of their class by more than a threshold.

    Classes are moved apart by more than the largest coordinate, so that one pass serves them all. Boxes left of or
    above the image may still meet those of the previous class; mmcv's results, which these equal, show the same.

    Args:
        boxes: (N, 4) xyxy.
        scores: (N,).
        labels: (N,) whole numbers.
        iou_threshold: largest overlap that two boxes may have.
    """
    if not len(boxes):
        return torch.zeros(0, dtype=torch.long, device=boxes.device)
    if len(boxes) < MANY_BOXES:
        offsets = labels.to(boxes) * (boxes.max() + 1)
        return nms(boxes + offsets[:, None], scores, iou_threshold)
    rows = [(labels == label).nonzero()[:, 0] for label in labels.unique()]
    best = torch.cat([row[nms(boxes[row], scores[row], iou_threshold)] for row in rows])
    return best[scores[best].argsort(descending=True, stable=True)]


def distinct(boxes: Tensor, scores: Tensor, test_cfg: Mapping[str, Any]) -> Tensor:
    """Return the indices of the boxes that score above ``score_thr`` and overlap no better one by ``nms_thr``."""
    best = (scores > test_cfg.get("score_thr", 0.01)).nonzero()[:, 0]
    best = best[scores[best].argsort(descending=True)[: test_cfg.get("nms_pre", 100000)]]
    threshold = test_cfg.get("nms_thr", 1.0)
    if threshold >= 1:
        return best
    # This sort is not stable; sorting again gives equal scores the order that they have in MMPose.
    best = best[scores[best].argsort(descending=True)]
    return best[nms(boxes[best], scores[best], threshold)]


def side_by_side(levels: Sequence[Tensor]) -> Tensor:
    """Concatenate maps (B, C, H, W) to (B, P, C) in single precision, which pixels need."""
    return torch.cat([level.flatten(2) for level in levels], 2).transpose(1, 2).float()  # (B, P, C)


def num_positives(positives: Positives) -> Tensor:
    """Return the number of positives, at least one, averaged over the devices that train together."""
    return mean_count(len(positives.index), positives.index.device)


def box_targets(positives: Positives) -> Tensor:
    """Return the offsets (M, 4) of boxes, in strides, that the points should predict."""
    place, stride = positives.points.split(2, -1)  # (M, 2) each
    low, high = positives.truth.bboxes.split(2, -1)  # (M, 2) each
    return torch.cat([((low + high) / 2 - place) / stride, torch.log((high - low) / stride + 1e-8)], -1)  # (M, 4)


def conv_stacks(
    num_levels: int,
    in_channels: int,
    out_channels: int,
    depth: int,
    *,
    groups: int = 1,
    conv: Any = ConvModule,
    **options: Any,
) -> nn.ModuleList:
    """Return a stack of 3x3 convolutions for each level; the first convolution reads all groups.

    Args:
        conv: builder of a convolution from in and out channels, kernel size and ``options``.
    """
    grouped = [{} if i == 0 or groups == 1 else {"groups": groups} for i in range(depth)]
    return nn.ModuleList(
        nn.Sequential(
            *(conv(out_channels if i else in_channels, out_channels, 3, **grouped[i], **options) for i in range(depth))
        )
        for _ in range(num_levels)
    )


def output_convs(num_levels: int, in_channels: int, out_channels: int, kernel_size: int = 1) -> nn.ModuleList:
    """Return for each level a convolution without norm."""
    padding = kernel_size // 2
    return nn.ModuleList(nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding) for _ in range(num_levels))


def apply_each(layers: nn.ModuleList, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Apply to each level its own layer."""
    return [layer(x) for layer, x in zip(layers, inputs, strict=True)]
