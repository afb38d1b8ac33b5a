"""Persons, boxes and poses at every point of the maps, keypoints by their offsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from posekit.console import check_choice
from posekit.models.assigners.mlvl_point_generator import MlvlPointGenerator
from posekit.models.base_module import BaseModule, InitRules, Settings
from posekit.models.heads.base import RARE, Features
from posekit.models.heads.dense_head import (
    SILU,
    Positives,
    apply_each,
    conv_stacks,
    num_positives,
    output_convs,
    side_by_side,
)
from posekit.models.heads.point_head import YOLOX_BN, PointHead, PointOutputs, aux_targets
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.classification_loss import BCELoss
from posekit.registry import MODELS
from posekit.structures import InstanceData, PoseDataSample


class YOLOXPoseOutputs(NamedTuple):
    """Maps at each level."""

    scores: list[Tensor]
    objectness: list[Tensor]
    boxes: list[Tensor]
    keypoints: list[Tensor]
    visible: list[Tensor]


class YOLOXPoseLayers(BaseModule):
    """Three branches at each level: classes, boxes with objectness, and keypoints.

    Args:
        num_keypoints: number of keypoints, K.
        in_channels: channels of every feature map, before widening.
        num_classes: number of classes, C.
        widen_factor: factor of all channels.
        feat_channels: channels within the branches.
        stacked_convs: depth of the branches; the keypoint branch is twice as deep.
        featmap_strides: input pixels per cell of each level.
        conv_bias: whether convolutions have a bias.
        conv_cfg: kind of convolution.
        norm_cfg: kind of norm.
        act_cfg: kind of activation.
        rarely_visible: whether the first guess is that a keypoint is rarely visible, as that a class is rarely there.
        init_cfg: rules for the initial weights.
    """

    def __init__(
        self,
        num_keypoints: int,
        in_channels: int,
        num_classes: int = 1,
        widen_factor: float = 1.0,
        feat_channels: int = 256,
        stacked_convs: int = 2,
        featmap_strides: Sequence[int] = (8, 16, 32),
        conv_bias: bool | Literal["auto"] = "auto",
        conv_cfg: Settings | None = None,
        norm_cfg: Settings | None = YOLOX_BN,
        act_cfg: Settings | None = SILU,
        rarely_visible: bool = False,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        self.rarely_visible = rarely_visible
        levels, wide = len(featmap_strides), int(feat_channels * widen_factor)
        sizes = (levels, int(in_channels * widen_factor), wide)
        options: Settings = {"bias": conv_bias, "conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        self.conv_cls = conv_stacks(*sizes, stacked_convs, **options)
        self.conv_reg = conv_stacks(*sizes, stacked_convs, **options)
        self.conv_pose = conv_stacks(*sizes, stacked_convs * 2, **options)
        self.out_cls = output_convs(levels, wide, num_classes)
        self.out_obj = output_convs(levels, wide, 1)
        self.out_bbox = output_convs(levels, wide, 4)
        self.out_kpt = output_convs(levels, wide, num_keypoints * 2)
        self.out_kpt_vis = output_convs(levels, wide, num_keypoints)

    def init_weights(self) -> None:
        super().init_weights()
        for conv in [*self.out_cls, *self.out_obj, *(self.out_kpt_vis if self.rarely_visible else ())]:
            nn.init.constant_(conv.bias, RARE)  # pyright: ignore[reportArgumentType]

    def forward(self, feats: Features) -> YOLOXPoseOutputs:
        classes = apply_each(self.conv_cls, feats)  # (B, feat_channels, H, W) each
        boxes = apply_each(self.conv_reg, feats)  # (B, feat_channels, H, W) each
        poses = apply_each(self.conv_pose, feats)  # (B, feat_channels, H, W) each
        return YOLOXPoseOutputs(
            apply_each(self.out_cls, classes),  # (B, C, H, W) each
            apply_each(self.out_obj, boxes),  # (B, 1, H, W) each
            apply_each(self.out_bbox, boxes),  # (B, 4, H, W) each
            apply_each(self.out_kpt, poses),  # (B, 2 K, H, W) each
            apply_each(self.out_kpt_vis, poses),  # (B, K, H, W) each
        )


@MODELS.register_module()
class YOLOXPoseHead(PointHead):
    """Predicts a person's score, box and keypoints at every point of several maps.

    Args:
        num_keypoints: number of keypoints, K.
        head_module_cfg: arguments of YOLOXPoseLayers.
        featmap_strides: input pixels per cell of each map.
        num_classes: number of classes.
        prior_generator: generator of the points; by default they are the corners of the cells.
        cell_offset: distance of the places that the assigner looks at from the points, in strides.
        relative_to: what the distances of keypoints are relative to: ``area``, its root and twice the label noise, or
            ``diagonal``, the box's diagonal and the label noise.
        loss_cls: loss of the classes, at points with an instance.
        loss_obj: loss of the objectness, at all points.
        loss_kpt_aux: loss of the keypoints' offsets in strides.
        options: further arguments of PointHead. A ``loss_vis`` that sums is divided by the number of visible keypoints.

    Source: YOLOX-Pose, MMPose 1.3; Ge et al., YOLOX, arXiv 2107.08430; Maji et al., YOLO-Pose, arXiv 2204.06806.
    """

    keypoint_layers = (r"head_module\.out_kpt(_vis)?\.\d+",)

    def __init__(
        self,
        num_keypoints: int,
        head_module_cfg: dict[str, Any],
        featmap_strides: Sequence[int] = (8, 16, 32),
        num_classes: int = 1,
        *,
        prior_generator: MlvlPointGenerator | None = None,
        cell_offset: float = 0.0,
        relative_to: Literal["area", "diagonal"] = "area",
        loss_cls: BaseLoss | None = None,
        loss_obj: BaseLoss | None = None,
        loss_kpt_aux: BaseLoss | None = None,
        **options: Any,
    ) -> None:
        generator = prior_generator or MlvlPointGenerator(featmap_strides, offset=0)
        super().__init__(num_keypoints, num_classes, prior_generator=generator, **options)
        self.cell_offset = cell_offset
        self.relative_to = check_choice("relative_to", relative_to, ("area", "diagonal"))
        self.loss_cls = loss_cls or BCELoss(reduction="sum")
        self.loss_obj = loss_obj or BCELoss(use_target_weight=True, reduction="sum")
        self.loss_kpt_aux = loss_kpt_aux
        shared = {"num_keypoints": num_keypoints, "featmap_strides": featmap_strides}
        self.head_module = YOLOXPoseLayers(**{**head_module_cfg, **shared})

    def forward(self, feats: Features) -> YOLOXPoseOutputs:
        """Compute the maps of scores, objectness, boxes, keypoints and visibilities at each level."""
        return self.head_module(feats)

    def point_outputs(self, outputs: YOLOXPoseOutputs) -> PointOutputs:
        return PointOutputs(
            self.prior_generator.points(outputs.scores),
            scores=side_by_side(outputs.scores),
            box_offsets=side_by_side(outputs.boxes),
            keypoint_offsets=side_by_side(outputs.keypoints),
            visible=side_by_side(outputs.visible),
            objectness=side_by_side(outputs.objectness),
            cell_offset=self.cell_offset,
        )

    def truth(self, sample: PoseDataSample, like: Tensor) -> InstanceData:
        truth = super().truth(sample, like)
        if self.relative_to == "diagonal":
            squared = (truth.bboxes[:, 2:] - truth.bboxes[:, :2]).square().sum(-1)  # (N,)
            truth.areas = squared / 4  # the similarity doubles the label noise, its square is quadrupled
        return truth

    def poses_of(self, outputs: PointOutputs, index: int, points: Tensor) -> Tensor:
        return outputs.keypoints[index, points]  # (N, K, 2)

    def losses_of(self, outputs: PointOutputs, positives: Positives, weights: Tensor) -> dict[str, Tensor]:
        count, index, truth = num_positives(positives), positives.index, positives.truth
        assert outputs.objectness is not None
        objectness, scores = outputs.objectness.flatten(0, 1), outputs.scores.flatten(0, 1)  # (B * P, 1), (B * P, C)
        is_positive = torch.zeros_like(objectness)  # (B * P, 1)
        is_positive[index] = 1
        losses = {"loss_obj": self.loss_obj(objectness, is_positive, weights) / count}
        if not len(index):
            return losses | {"loss_bbox": self.nothing()}
        keypoints, visible = (x.flatten(0, 1)[index] for x in (outputs.keypoints, outputs.visible))  # (M, K, 2), (M, K)
        target_scores = self.target_scores(outputs, positives, positives.classes)[index]  # (M, C)
        losses |= self.box_losses(outputs, positives, count)
        losses["loss_kpt"] = self.loss_oks(keypoints, truth.keypoints, truth.keypoints_visible, truth.areas).mean()
        loss_vis = self.loss_vis(visible, truth.keypoints_visible, truth.weights)
        num_visible = truth.keypoints_visible.sum().clamp(min=1)
        losses["loss_vis"] = loss_vis / num_visible if self.loss_vis.reduction == "sum" else loss_vis
        losses["loss_cls"] = self.loss_cls(scores[index], target_scores) / count
        if self.use_aux_loss and self.loss_kpt_aux is not None:
            offsets = outputs.keypoint_offsets.flatten(0, 1)[index].unflatten(-1, (-1, 2))  # (M, K, 2)
            shares = truth.keypoints_visible / self.num_keypoints  # (M, K)
            losses["loss_kpt_aux"] = self.loss_kpt_aux(offsets, aux_targets(positives)[1], shares)
        return losses
