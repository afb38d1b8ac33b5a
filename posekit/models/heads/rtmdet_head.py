"""The head of RTMDet: boxes by the distances of their sides, scores by their overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from posekit.models.assigners.dynamic_soft_label_assigner import DynamicSoftLabelAssigner
from posekit.models.assigners.mlvl_point_generator import MlvlPointGenerator
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import RARE, Features
from posekit.models.heads.dense_head import (
    SILU,
    DenseHead,
    DenseOutputs,
    Positives,
    apply_each,
    conv_stacks,
    output_convs,
    side_by_side,
)
from posekit.models.layers.csp_layer import conv_type
from posekit.models.layers.normalization import BN
from posekit.models.losses.base import BaseLoss, mean_count
from posekit.models.losses.bbox_loss import GIoULoss
from posekit.models.losses.classification_loss import QualityFocalLoss
from posekit.registry import MODELS


class RTMDetOutputs(NamedTuple):
    """Maps at each level: logits of the classes, and distances of a box's sides from the point, in input pixels."""

    scores: list[Tensor]
    distances: list[Tensor]


@dataclass
class DistanceOutputs(DenseOutputs):
    """Outputs whose ``box_offsets`` are distances to the left, top, right and bottom side, in input pixels."""

    @cached_property
    def boxes(self) -> Tensor:
        low, high = self.box_offsets.split(2, -1)  # (B, P, 2) each
        place = self.points[:, :2]
        return torch.cat([place - low, place + high], -1)  # (B, P, 4)


@MODELS.register_module()
class RTMDetSepBNHead(DenseHead):
    """Predicts class scores and a box at every point of several maps; levels share convolutions but no norms.

    Args:
        num_classes: number of classes.
        in_channels: channels of every feature map.
        feat_channels: channels within the two branches.
        stacked_convs: depth of the branches.
        anchor_generator: generator of the points; by default they are the corners of the cells.
        bbox_coder: accepted from configs; boxes are always distances from the point.
        loss_cls: loss of the scores, at all points.
        loss_bbox: loss of the boxes, at points with an instance.
        share_conv: whether all levels use the same convolutions.
        exp_on_reg: whether distances are exponentials of the outputs.
        with_objectness: accepted from configs; must be False.
        pred_kernel_size: kernel size of the last convolutions.
        use_depthwise: whether the branches' convolutions are depthwise-separable.
        conv_cfg: kind of convolution.
        norm_cfg: kind of norm.
        act_cfg: kind of activation.
        assigner: assigner of boxes to the points that learn them; the model's ``train_cfg.assigner`` replaces it.
        init_cfg: rules for the initial weights.

    Raises:
        ValueError: if ``with_objectness`` is True.

    Source: Lyu et al., RTMDet, arXiv 2212.07784.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        feat_channels: int = 256,
        stacked_convs: int = 2,
        anchor_generator: MlvlPointGenerator | None = None,
        bbox_coder: Settings | None = None,
        loss_cls: BaseLoss | None = None,
        loss_bbox: BaseLoss | None = None,
        share_conv: bool = True,
        exp_on_reg: bool = False,
        with_objectness: bool = False,
        pred_kernel_size: int = 1,
        use_depthwise: bool = False,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = BN,
        act_cfg: Settings = SILU,
        assigner: DynamicSoftLabelAssigner | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        if with_objectness:
            raise ValueError("RTMDetSepBNHead.with_objectness: True is not supported; no released model uses it")
        generator = anchor_generator or MlvlPointGenerator((8, 16, 32), offset=0)
        assigner = assigner or DynamicSoftLabelAssigner()
        super().__init__(num_classes, prior_generator=generator, assigner=assigner, init_cfg=init_cfg)
        self.exp_on_reg = exp_on_reg
        self.loss_cls: Any = loss_cls or QualityFocalLoss()
        self.loss_bbox: Any = loss_bbox or GIoULoss(loss_weight=2.0)
        levels = len(generator.strides_xy)
        sizes = (levels, in_channels, feat_channels, stacked_convs)
        options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        self.cls_convs = conv_stacks(*sizes, conv=conv_type(use_depthwise), **options)
        self.reg_convs = conv_stacks(*sizes, conv=conv_type(use_depthwise), **options)
        self.rtm_cls = output_convs(levels, feat_channels, num_classes, pred_kernel_size)
        self.rtm_reg = output_convs(levels, feat_channels, 4, pred_kernel_size)
        if share_conv:
            share_convolutions(self.cls_convs)
            share_convolutions(self.reg_convs)

    def init_weights(self) -> None:
        super().init_weights()
        for part in [*self.cls_convs.modules(), *self.reg_convs.modules(), *self.rtm_cls, *self.rtm_reg]:
            if isinstance(part, nn.Conv2d):
                nn.init.normal_(part.weight, std=0.01)
        for scores, distances in zip(self.rtm_cls, self.rtm_reg, strict=True):
            nn.init.constant_(scores.bias, RARE)  # pyright: ignore[reportArgumentType]
            # Boxes start two cells wide: empty ones would overlap nothing, and nothing would be learned.
            nn.init.constant_(distances.bias, 0.0 if self.exp_on_reg else 1.0)  # pyright: ignore[reportArgumentType]

    def forward(self, feats: Features) -> RTMDetOutputs:
        """Compute the scores (B, C, H, W) and distances (B, 4, H, W) of each level."""
        scores = apply_each(self.rtm_cls, apply_each(self.cls_convs, feats))  # (B, C, H, W) each
        raw_distances = apply_each(self.rtm_reg, apply_each(self.reg_convs, feats))  # (B, 4, H, W) each
        strides = [stride for stride, _ in self.prior_generator.strides_xy]
        sides = [x.exp() if self.exp_on_reg else x for x in raw_distances]
        distances = [side * stride for side, stride in zip(sides, strides, strict=True)]
        return RTMDetOutputs(scores, distances)

    def point_outputs(self, outputs: RTMDetOutputs) -> DistanceOutputs:
        points = self.prior_generator.points(outputs.scores)
        return DistanceOutputs(points, side_by_side(outputs.scores), side_by_side(outputs.distances))

    def losses_of(self, outputs: DistanceOutputs, positives: Positives, weights: Tensor) -> dict[str, Tensor]:
        total = mean_count(positives.quality.sum(), weights.device)
        weights = weights.index_fill(0, positives.index, 1.0)
        boxes = outputs.boxes.flatten(0, 1)[positives.index]  # (M, 4)
        target_scores = positives.scattered(positives.classes, outputs.scores)  # (B * P, C)
        return {
            "loss_cls": self.loss_cls(outputs.scores.flatten(0, 1), target_scores, weights, avg_factor=total),
            "loss_bbox": self.loss_bbox(boxes, positives.truth.bboxes, positives.quality, avg_factor=total),
        }

    def candidates(
        self, outputs: DistanceOutputs, index: int, test_cfg: Mapping[str, Any]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the best ``nms_pre`` scores of each level above ``score_thr``; a point may give several classes."""
        strides, chosen = outputs.points[:, 2], []
        for stride, _ in self.prior_generator.strides_xy:
            rows = (strides == stride).nonzero()[:, 0]  # (points of the level,)
            scores = outputs.confidence[index, rows]
            row, label = (scores > test_cfg.get("score_thr", 0.05)).nonzero(as_tuple=True)  # (candidates,) twice
            scores = scores[row, label]
            best = scores.argsort(descending=True, stable=True)[: test_cfg.get("nms_pre", len(scores))]
            chosen.append((rows[row[best]], label[best], scores[best]))
        points, labels, scores = (torch.cat(column) for column in zip(*chosen, strict=True))
        return points, labels, scores

    def within(self, boxes: Tensor, metainfo: Mapping[str, Any]) -> Tensor:
        """Clip boxes at the border of the input, padding included."""
        height, width = metainfo["img_shape"][:2]
        limits = boxes.new_tensor([width, height, width, height])
        return boxes.clamp(min=torch.zeros_like(limits), max=limits)


def share_convolutions(stacks: Sequence[nn.Module] | nn.ModuleList) -> None:
    """Let all levels use the convolutions of the first; each level keeps its norms."""
    first, *others = stacks
    for name, part in first.named_modules():
        if name.endswith("conv") and isinstance(part, nn.Conv2d):
            owner, _, leaf = name.rpartition(".")
            for other in others:
                setattr(other.get_submodule(owner), leaf, part)
