"""What heads share that predict a whole person at every point of their maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import nms

from posekit.models.assigners.mlvl_point_generator import MlvlPointGenerator
from posekit.models.assigners.sim_ota_assigner import Guess, SimOTAAssigner
from posekit.models.base_module import Settings
from posekit.models.heads.base import BaseHead, Batch, Features, Outputs, as_columns
from posekit.models.layers.conv_module import ConvModule
from posekit.models.losses.base import BaseLoss, mean_count
from posekit.models.losses.bbox_loss import IoULoss
from posekit.models.losses.classification_loss import BCELoss
from posekit.models.losses.oks_loss import OKSLoss
from posekit.structures import InstanceData, PoseDataSample

YOLOX_BN: Settings = {"type": "BN", "momentum": 0.03, "eps": 0.001}
SILU: Settings = {"type": "SiLU"}
VISIBLE = 0.3
"""Probability from which a keypoint helps to say whether a prediction lies in an ignored region."""


def _no_loss() -> None:
    return None


DEFAULT_LOSSES: dict[str, Callable[[], BaseLoss | None]] = {
    "loss_cls": lambda: BCELoss(reduction="sum"),
    "loss_obj": lambda: BCELoss(use_target_weight=True, reduction="sum"),
    "loss_bbox": lambda: IoULoss("sum", "square", loss_weight=5.0),
    "loss_oks": lambda: OKSLoss(reduction="none", norm_target_weight=True, loss_weight=30.0),
    "loss_vis": lambda: BCELoss(use_target_weight=True),
}
"""What the losses of these names are where none is given; others are left out then."""


@dataclass
class PointOutputs:
    """Outputs for B pictures at P points.

    Attributes:
        points: (P, 4) x, y and the strides of both axes, in input pixels.
        scores: (B, P, C) logits of the classes.
        box_offsets: (B, P, 4) offset of the centre from the point and logarithm of the size, in strides.
        keypoint_offsets: (B, P, 2 * K) offsets from the point, in strides; empty where not computed.
        visible: (B, P, K) logits of the keypoints' visibility.
        objectness: (B, P, 1) logits of there being any instance.
        poses: (B, P, D) features of whole poses.
    """

    points: Tensor
    scores: Tensor
    box_offsets: Tensor
    keypoint_offsets: Tensor
    visible: Tensor
    objectness: Tensor | None = None
    poses: Tensor | None = None

    @cached_property
    def boxes(self) -> Tensor:
        """(B, P, 4) xyxy in input pixels."""
        place, stride = self.points.split(2, -1)
        center = self.box_offsets[..., :2] * stride + place
        half = self.box_offsets[..., 2:].exp() * stride / 2
        return torch.cat([center - half, center + half], -1)

    @cached_property
    def keypoints(self) -> Tensor:
        """(B, P, K, 2) in input pixels."""
        place, stride = self.points[:, None].split(2, -1)
        return self.keypoint_offsets.unflatten(-1, (-1, 2)) * stride + place

    @cached_property
    def confidence(self) -> Tensor:
        """(B, P, C) probabilities that there is an instance of each class."""
        probability = self.scores.sigmoid()
        return probability if self.objectness is None else probability * self.objectness.sigmoid()

    def guess(self, index: int) -> Guess:
        """Return what is predicted for one picture, as the assigner takes it."""
        return Guess(
            self.points,
            self.boxes[index].detach(),
            self.confidence[index].detach().nan_to_num(0.0).sqrt(),
            self.keypoints[index].detach(),
            self.visible[index].detach().sigmoid(),
        )


class Positives(NamedTuple):
    """The M points of a batch that learn an instance.

    Attributes:
        index: (M,) among all B * P points.
        points: (M, 4).
        truth: the instance of each.
        classes: (M, C) how well each point should score in each class.
    """

    index: Tensor
    points: Tensor
    truth: InstanceData
    classes: Tensor


class PointHead(BaseHead):
    """Base of heads that score a person, a box and a pose at every point; no codec decodes them.

    A subclass gives ``point_outputs``, ``losses_of`` and ``poses_of``.

    Args:
        num_keypoints: K.
        num_classes: C.
        use_aux_loss: add the losses on offsets in strides.
        assigner: says which points learn which instance.
        prior_generator: makes the points.
        overlaps_power: exponent on the fit that scores learn.
        losses: by name.
    """

    loss_cls: Any
    loss_obj: Any
    loss_bbox: Any
    loss_oks: Any
    loss_vis: Any
    loss_mle: Any
    loss_bbox_aux: Any
    loss_kpt_aux: Any

    def __init__(
        self,
        num_keypoints: int,
        num_classes: int,
        *,
        use_aux_loss: bool,
        assigner: SimOTAAssigner | None,
        prior_generator: MlvlPointGenerator,
        overlaps_power: float,
        losses: dict[str, BaseLoss | None],
    ) -> None:
        super().__init__()
        self.num_keypoints = num_keypoints
        self.num_classes = num_classes
        self.use_aux_loss = use_aux_loss
        self.assigner = assigner or SimOTAAssigner()
        self.prior_generator = prior_generator
        self.overlaps_power = overlaps_power
        for name, loss in losses.items():
            setattr(self, name, loss or DEFAULT_LOSSES.get(name, _no_loss)())

    def point_outputs(self, outputs: Outputs) -> PointOutputs:
        """Put the outputs of all maps side by side."""
        raise NotImplementedError

    def poses_of(self, outputs: PointOutputs, index: int, kept: Tensor) -> Tensor:
        """Return the keypoints (N, K, 2) of the kept points (N,) of one picture, in input pixels."""
        raise NotImplementedError

    def losses_of(self, outputs: PointOutputs, positives: Positives, weights: Tensor) -> dict[str, Tensor]:
        """Return the named losses; ``weights`` (B * P, 1) are zero at points whose instance nobody labelled."""
        raise NotImplementedError

    def loss(self, feats: Features, batch: Batch, train_cfg: dict[str, Any] | None = None) -> dict[str, Tensor]:
        outputs = self.point_outputs(self.training_outputs(feats))
        return self.losses_of(outputs, self.positives(outputs, batch), self.weights(outputs, batch))

    def training_outputs(self, feats: Features) -> Outputs:
        """Return the outputs that the losses need."""
        return self(feats)

    def positives(self, outputs: PointOutputs, batch: Batch) -> Positives:
        """Choose the points that learn an instance, picture by picture."""
        count, chosen, truths, qualities = len(outputs.points), [], [], []
        for index, sample in enumerate(as_columns(batch)):
            truth = self.truth(sample, outputs.points)
            match = self.assigner.assign(outputs.guess(index), truth)
            chosen.append(match.points + index * count)
            truths.append(truth[match.instances])
            qualities.append(match.quality)
        index, truth = torch.cat(chosen), InstanceData.cat(truths)
        classes = F.one_hot(truth.labels.long(), self.num_classes) * torch.cat(qualities)[:, None]
        return Positives(index, outputs.points[index % count], truth, classes)

    def truth(self, sample: PoseDataSample, like: Tensor) -> InstanceData:
        """Return the instances of a sample as tensors beside ``like``, with weights of their visibilities."""
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
    def weights(self, outputs: PointOutputs, batch: Batch) -> Tensor:
        """Return how much each point's score counts (B * P, 1): less where its pose lies in an ignored region."""
        masks = as_columns(batch).get("gt_fields.heatmap_mask")
        if masks is None:
            return torch.ones_like(outputs.scores[..., :1]).flatten(0, 1)
        seen = (outputs.visible.sigmoid() > VISIBLE)[..., None].float()
        middles = (outputs.keypoints * seen).sum(2) / seen.sum(2).clamp(min=1)
        pairs = zip(masks, middles, strict=True)
        return torch.cat([1 - sampled(torch.as_tensor(mask), middle) for mask, middle in pairs])[:, None]

    def target_scores(self, outputs: PointOutputs, positives: Positives, classes: Tensor) -> Tensor:
        """Return the scores (B * P, C) to learn, zero at points without instance."""
        target = torch.zeros_like(outputs.scores).flatten(0, 1)
        target[positives.index] = classes.detach() ** self.overlaps_power
        return target

    def box_losses(self, outputs: PointOutputs, positives: Positives, count: Tensor) -> dict[str, Tensor]:
        """Return the losses of the boxes, over ``count``."""
        boxes, offsets = (one.flatten(0, 1)[positives.index] for one in (outputs.boxes, outputs.box_offsets))
        losses = {"loss_bbox": self.loss_bbox(boxes, positives.truth.bboxes) / count}
        if self.use_aux_loss and self.loss_bbox_aux is not None:
            losses["loss_bbox_aux"] = self.loss_bbox_aux(offsets, aux_targets(positives)[0]) / count
        return losses

    def nothing(self) -> Tensor:
        """Return zero, with a gradient for every parameter: devices that train together expect one from each."""
        return torch.stack([one.sum() for one in self.parameters() if one.requires_grad]).sum() * 0

    def predict(self, feats: Any, batch: Batch, test_cfg: dict[str, Any] | None = None) -> Any:
        test_cfg = test_cfg or {}
        if test_cfg.get("flip_test"):
            raise ValueError(f"{type(self).__name__} cannot average over mirror images; set test_cfg.flip_test=False")
        outputs = self.point_outputs(self(feats))
        sizes = [info["input_size"] for info in as_columns(batch).metainfos]
        return [self.instances(outputs, index, size, test_cfg) for index, size in enumerate(sizes)]

    def instances(
        self, outputs: PointOutputs, index: int, input_size: tuple[int, int], test_cfg: dict[str, Any]
    ) -> InstanceData:
        """Return what one picture shows, best first, boxes cut at the border of the input."""
        scores, labels = outputs.confidence[index].max(-1)
        kept = distinct(outputs.boxes[index], scores, test_cfg)
        visible = outputs.visible[index, kept].sigmoid()
        limits = torch.tensor([*input_size, *input_size], device=scores.device)
        found = InstanceData(
            scores=scores[kept],
            labels=labels[kept],
            bboxes=outputs.boxes[index, kept].clamp(min=torch.zeros_like(limits), max=limits),
            bbox_scores=scores[kept],
            keypoints=self.poses_of(outputs, index, kept),
            keypoint_scores=visible,
            keypoints_visible=visible,
        )
        return InstanceData(**{name: value.detach() for name, value in found.items()}).numpy()


def sampled(mask: Tensor, places: Tensor) -> Tensor:
    """Return the values (P,) of a mask (1, H, W) at places (P, 2) in pixels, zero outside."""
    size = torch.tensor([mask.shape[-1] - 1, mask.shape[-2] - 1], device=places.device)
    grid = (places / size * 2 - 1)[None, None]
    values = F.grid_sample(mask.reshape(1, 1, *mask.shape[-2:]).to(places), grid, align_corners=True)
    return values.flatten()


def distinct(boxes: Tensor, scores: Tensor, test_cfg: dict[str, Any]) -> Tensor:
    """Return the indices of the boxes that score above ``score_thr`` and overlap no better one by ``nms_thr``."""
    kept = (scores > test_cfg.get("score_thr", 0.01)).nonzero()[:, 0]
    kept = kept[scores[kept].argsort(descending=True)[: test_cfg.get("nms_pre", 100000)]]
    threshold = test_cfg.get("nms_thr", 1.0)
    if threshold >= 1:
        return kept
    # Sorted again because this sort is not stable: only so do equal scores come in the order of MMPose.
    kept = kept[scores[kept].argsort(descending=True)]
    return kept[nms(boxes[kept], scores[kept], threshold)]


def side_by_side(levels: Sequence[Tensor]) -> Tensor:
    """Turn maps (B, C, H, W) into (B, P, C) in single precision, which pixels need."""
    return torch.cat([one.flatten(2) for one in levels], 2).transpose(1, 2).float()


def num_positives(positives: Positives) -> Tensor:
    """Return the number of positives, at least one, averaged over the devices that train together."""
    return mean_count(len(positives.index), positives.index.device)


def aux_targets(positives: Positives) -> tuple[Tensor, Tensor]:
    """Return the offsets of boxes (M, 4) and keypoints (M, K, 2) in strides that the points should predict."""
    place, stride = positives.points.split(2, -1)
    low, high = positives.truth.bboxes.split(2, -1)
    boxes = torch.cat([((low + high) / 2 - place) / stride, torch.log((high - low) / stride + 1e-8)], -1)
    return boxes, (positives.truth.keypoints - place[:, None]) / stride[:, None]


def conv_stacks(
    num_levels: int, in_channels: int, out_channels: int, depth: int, *, groups: int = 1, **options: Any
) -> nn.ModuleList:
    """Return for each level a stack of 3x3 convolutions; the first one joins all groups."""
    return nn.ModuleList(
        nn.Sequential(
            *(
                ConvModule(out_channels if i else in_channels, out_channels, 3, groups=groups if i else 1, **options)
                for i in range(depth)
            )
        )
        for _ in range(num_levels)
    )


def output_convs(num_levels: int, in_channels: int, out_channels: int) -> nn.ModuleList:
    """Return for each level a 1x1 convolution."""
    return nn.ModuleList(nn.Conv2d(in_channels, out_channels, 1) for _ in range(num_levels))


def apply_each(layers: nn.ModuleList, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Give each level its own layer."""
    return [layer(one) for layer, one in zip(layers, inputs, strict=True)]
