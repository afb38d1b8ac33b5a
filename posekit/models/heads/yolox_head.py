"""The head of YOLOX: class, objectness and box at every point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from posekit.models.assigners.mlvl_point_generator import MlvlPointGenerator
from posekit.models.assigners.sim_ota_assigner import Guess, SimOTAAssigner
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import RARE, Features
from posekit.models.heads.dense_head import (
    DenseHead,
    DenseOutputs,
    Positives,
    apply_each,
    box_targets,
    conv_stacks,
    num_positives,
    output_convs,
    side_by_side,
)
from posekit.models.layers.csp_layer import SWISH, YOLO_BN, conv_type
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.bbox_loss import IoULoss
from posekit.models.losses.classification_loss import CrossEntropyLoss
from posekit.models.losses.regression_loss import L1Loss
from posekit.registry import MODELS


class YOLOXOutputs(NamedTuple):
    """Maps at each level: logits of the classes, boxes in strides, logits that there is any instance."""

    scores: list[Tensor]
    boxes: list[Tensor]
    objectness: list[Tensor]


@dataclass
class CellOutputs(DenseOutputs):
    """Outputs whose points are corners of cells; the assigner looks at the cells' centres."""

    cell_offset: float = field(default=0.5, kw_only=True)

    def guess(self, index: int) -> Guess:
        guess = super().guess(index)
        return guess._replace(scores=guess.scores.sqrt())


@MODELS.register_module()
class YOLOXHead(DenseHead):
    """Predicts class scores, objectness and a box at every point of several maps.

    Args:
        num_classes: number of classes.
        in_channels: channels of every feature map.
        feat_channels: channels within the two branches.
        stacked_convs: depth of the branches.
        strides: input pixels per cell of each map.
        use_depthwise: whether the branches' convolutions are depthwise-separable.
        conv_cfg: kind of convolution.
        norm_cfg: kind of norm.
        act_cfg: kind of activation.
        loss_cls: loss of the class scores, at points with an instance.
        loss_bbox: loss of the boxes.
        loss_obj: loss of the objectness, at all points.
        loss_l1: loss of the boxes' offsets in strides, used once ``use_l1`` is set.
        use_l1: whether ``loss_l1`` counts; YOLOXModeSwitchHook sets it for the last epochs.
        assigner: assigner of boxes to the points that learn them; the model's ``train_cfg.assigner`` replaces it.
        init_cfg: rules for the initial weights.

    Source: Ge et al., YOLOX, arXiv 2107.08430.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        feat_channels: int = 256,
        stacked_convs: int = 2,
        strides: Sequence[int] = (8, 16, 32),
        use_depthwise: bool = False,
        conv_cfg: Settings | None = None,
        norm_cfg: Settings = YOLO_BN,
        act_cfg: Settings = SWISH,
        loss_cls: BaseLoss | None = None,
        loss_bbox: BaseLoss | None = None,
        loss_obj: BaseLoss | None = None,
        loss_l1: BaseLoss | None = None,
        use_l1: bool = False,
        assigner: SimOTAAssigner | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(
            num_classes,
            prior_generator=MlvlPointGenerator(strides, offset=0),
            assigner=assigner or SimOTAAssigner(),
            init_cfg=init_cfg,
        )
        self.loss_cls: Any = loss_cls or CrossEntropyLoss(use_sigmoid=True, reduction="sum")
        self.loss_bbox: Any = loss_bbox or IoULoss("sum", "square", loss_weight=5.0)
        self.loss_obj: Any = loss_obj or CrossEntropyLoss(use_sigmoid=True, reduction="sum")
        self.loss_l1: Any = loss_l1 or L1Loss("sum")
        self.use_l1 = use_l1
        sizes = (len(strides), in_channels, feat_channels, stacked_convs)
        options: Settings = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        self.multi_level_cls_convs = conv_stacks(*sizes, conv=conv_type(use_depthwise), **options)
        self.multi_level_reg_convs = conv_stacks(*sizes, conv=conv_type(use_depthwise), **options)
        self.multi_level_conv_cls = output_convs(len(strides), feat_channels, num_classes)
        self.multi_level_conv_reg = output_convs(len(strides), feat_channels, 4)
        self.multi_level_conv_obj = output_convs(len(strides), feat_channels, 1)

    def init_weights(self) -> None:
        super().init_weights()
        for conv in [*self.multi_level_conv_cls, *self.multi_level_conv_obj]:
            nn.init.constant_(conv.bias, RARE)  # pyright: ignore[reportArgumentType]

    def forward(self, feats: Features) -> YOLOXOutputs:
        """Compute the scores (B, C, H, W), boxes (B, 4, H, W) and objectness (B, 1, H, W) of each level."""
        classes = apply_each(self.multi_level_cls_convs, feats)  # (B, feat_channels, H, W) each
        boxes = apply_each(self.multi_level_reg_convs, feats)  # (B, feat_channels, H, W) each
        return YOLOXOutputs(
            apply_each(self.multi_level_conv_cls, classes),  # (B, C, H, W) each
            apply_each(self.multi_level_conv_reg, boxes),  # (B, 4, H, W) each
            apply_each(self.multi_level_conv_obj, boxes),  # (B, 1, H, W) each
        )

    def point_outputs(self, outputs: YOLOXOutputs) -> CellOutputs:
        return CellOutputs(
            self.prior_generator.points(outputs.scores),
            side_by_side(outputs.scores),
            side_by_side(outputs.boxes),
            objectness=side_by_side(outputs.objectness),
        )

    def losses_of(self, outputs: CellOutputs, positives: Positives, weights: Tensor) -> dict[str, Tensor]:
        assert outputs.objectness is not None
        count, index = num_positives(positives), positives.index
        is_positive = positives.scattered(torch.ones_like(positives.quality[:, None]), outputs.scores)  # (B * P, 1)
        scores, boxes, offsets = (  # (M, C), (M, 4), (M, 4)
            x.flatten(0, 1)[index] for x in (outputs.scores, outputs.boxes, outputs.box_offsets)
        )
        weights = weights.index_fill(0, index, 1.0)
        losses = {
            "loss_cls": self.loss_cls(scores, positives.classes) / count,
            "loss_bbox": self.loss_bbox(boxes, positives.truth.bboxes) / count,
            "loss_obj": self.loss_obj(outputs.objectness.flatten(0, 1), is_positive, weights) / count,
        }
        if self.use_l1:
            losses["loss_l1"] = self.loss_l1(offsets, box_targets(positives)) / count
        return losses

    def candidates(
        self, outputs: CellOutputs, index: int, test_cfg: Mapping[str, Any]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the best class of each point that scores at least ``score_thr``."""
        scores, labels = outputs.confidence[index].max(-1)  # (P,) each
        points = (scores >= test_cfg.get("score_thr", 0.01)).nonzero()[:, 0]  # (N,)
        return points, labels[points], scores[points]
