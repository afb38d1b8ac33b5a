"""Persons at every point of the maps, and keypoints by classifying coordinates within the person's box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
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
from posekit.models.heads.point_head import YOLOX_BN, PointHead, PointOutputs
from posekit.models.layers.gau import GatedAttentionUnit, LearnedScale
from posekit.models.layers.sine_positions import SinePositions
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.classification_loss import MLECCLoss, VariFocalLoss
from posekit.registry import MODELS


class RTMOOutputs(NamedTuple):
    """Maps at each level; ``keypoints`` serve only to assign instances to points in training."""

    scores: list[Tensor]
    boxes: list[Tensor]
    keypoints: list[Tensor]
    visible: list[Tensor]
    poses: list[Tensor]


class RTMOLayers(BaseModule):
    """Two branches at each level, one for each half of the channels: scores, and poses with their boxes.

    Args:
        num_keypoints: number of keypoints, K.
        in_channels: channels of half a feature map, before widening.
        num_classes: number of classes, C.
        widen_factor: factor of all channels.
        cls_feat_channels: channels within the branch of the scores.
        stacked_convs: depth of the score branch; the pose branch is twice as deep.
        num_groups: number of groups of channels within the branch of the poses.
        channels_per_group: channels in each group.
        pose_vec_channels: features of a whole pose; those of the branch itself if negative.
        featmap_strides: input pixels per cell of each level.
        conv_bias: whether convolutions have a bias.
        conv_cfg: kind of convolution.
        norm_cfg: kind of norm.
        act_cfg: kind of activation.
        init_cfg: rules for the initial weights.
    """

    def __init__(
        self,
        num_keypoints: int,
        in_channels: int,
        num_classes: int = 1,
        widen_factor: float = 1.0,
        cls_feat_channels: int = 256,
        stacked_convs: int = 2,
        num_groups: int = 8,
        channels_per_group: int = 36,
        pose_vec_channels: int = -1,
        featmap_strides: Sequence[int] = (8, 16, 32),
        conv_bias: bool | Literal["auto"] = "auto",
        conv_cfg: Settings | None = None,
        norm_cfg: Settings | None = YOLOX_BN,
        act_cfg: Settings | None = SILU,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        levels, in_channels = len(featmap_strides), int(in_channels * widen_factor)
        score_channels = int(cls_feat_channels * widen_factor)
        pose_channels = num_groups * int(channels_per_group * widen_factor)
        options: Settings = {"bias": conv_bias, "conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        self.conv_cls = conv_stacks(levels, in_channels, score_channels, stacked_convs, **options)
        self.conv_pose = conv_stacks(
            levels, in_channels, pose_channels, stacked_convs * 2, groups=num_groups, **options
        )
        self.out_cls = output_convs(levels, score_channels, num_classes)
        self.out_bbox = output_convs(levels, pose_channels, 4)
        self.out_kpt_reg = output_convs(levels, pose_channels, num_keypoints * 2)
        self.out_kpt_vis = output_convs(levels, pose_channels, num_keypoints)
        self.out_pose = output_convs(levels, pose_channels, pose_vec_channels) if pose_vec_channels > 0 else None

    def init_weights(self) -> None:
        super().init_weights()
        for conv in self.out_cls:
            nn.init.constant_(conv.bias, RARE)  # pyright: ignore[reportArgumentType]

    def forward(self, feats: Features, with_keypoints: bool) -> RTMOOutputs:
        halves = [feat.chunk(2, 1) for feat in feats]
        classes = apply_each(self.conv_cls, [half for half, _ in halves])  # (B, score channels, H, W) each
        poses = apply_each(self.conv_pose, [half for _, half in halves])  # (B, pose channels, H, W) each
        return RTMOOutputs(
            apply_each(self.out_cls, classes),  # (B, C, H, W) each
            apply_each(self.out_bbox, poses),  # (B, 4, H, W) each
            apply_each(self.out_kpt_reg, poses) if with_keypoints else [],  # (B, 2 K, H, W) each
            apply_each(self.out_kpt_vis, poses),  # (B, K, H, W) each
            poses if self.out_pose is None else apply_each(self.out_pose, poses),  # (B, D, H, W) each
        )


class DynamicCoordinateClassifier(BaseModule):
    """Classifies keypoints into bins spread over the person's own box.

    Shapes: N persons, K keypoints, D features of a pose, X and Y bins.

    Args:
        in_channels: features of a whole pose, D.
        num_keypoints: number of keypoints, K.
        feat_channels: features of a keypoint.
        num_bins: numbers of bins, X and Y.
        spe_channels: channels of encoded positions.
        spe_temperature: ratio of their longest to their shortest wavelength.
        gau_cfg: settings of the attention between keypoints; ``pos_enc`` is none, or add for a learned encoding.
            None for no attention.

    Source: Lu et al., RTMO, arXiv 2312.07526, section 3.2.
    """

    x_bins: Tensor
    y_bins: Tensor

    def __init__(
        self,
        in_channels: int,
        num_keypoints: int,
        feat_channels: int,
        num_bins: tuple[int, int],
        spe_channels: int = 128,
        spe_temperature: float = 300.0,
        gau_cfg: Settings | None = None,
    ) -> None:
        super().__init__()
        self.num_keypoints = num_keypoints
        self.spe = SinePositions(spe_channels, temperature=spe_temperature)
        self.gau: GatedAttentionUnit | None = None
        self.pos_enc: nn.Parameter | None = None
        if gau_cfg is not None:
            self.add_attention(feat_channels, **gau_cfg)
        wide = feat_channels * num_keypoints
        self.pose_to_kpts = nn.Sequential(nn.Linear(in_channels, wide), nn.BatchNorm1d(wide))
        self.x_fc = nn.Linear(spe_channels, feat_channels)
        self.y_fc = nn.Linear(spe_channels, feat_channels)
        self.sigma_fc = nn.Sequential(nn.Linear(in_channels, num_keypoints), nn.Sigmoid(), LearnedScale(0.1))
        for name, count in zip(("x_bins", "y_bins"), num_bins, strict=True):
            self.register_buffer(name, torch.linspace(-0.5, 0.5, count))

    def add_attention(self, channels: int, *, pos_enc: str = "none", s: int = 128, **options: Any) -> None:
        """Add the attention between keypoints, by default without relative bias."""
        check_choice("dcc_cfg.gau_cfg.pos_enc", pos_enc, ("none", "add"))
        options = {"use_rel_bias": False, **options}
        self.gau = GatedAttentionUnit(self.num_keypoints, channels, channels, s=s, **options)
        if pos_enc == "add":
            self.pos_enc = nn.Parameter(torch.randn(self.num_keypoints, s))

    def forward(self, poses: Tensor, areas: Tensor, points: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Predict keypoints.

        Args:
            poses: (N, D) features.
            areas: (N, 4) centre and size of the region that the bins cover, in input pixels.
            points: (N, 2) positions of the features, in input pixels.

        Returns:
            Keypoints (N, K, 2) in input pixels, and their distributions (N, K, X) and (N, K, Y).
        """
        tokens = self.tokens(poses)
        coordinates, distributions = [], []
        for axis, (bins, layer) in enumerate(zip(self.bins(areas), (self.x_fc, self.y_fc), strict=True)):
            encoded = layer(self.spe.waves(bins - points[:, axis : axis + 1]))  # (N, bins, channels)
            distribution = (tokens @ encoded.transpose(1, 2)).float().softmax(-1)  # (N, K, bins)
            coordinates.append((distribution * bins[:, None]).sum(-1))  # (N, K)
            distributions.append(distribution)
        return torch.stack(coordinates, -1), (distributions[0], distributions[1])  # (N, K, 2), ((N, K, X), (N, K, Y))

    def tokens(self, poses: Tensor) -> Tensor:
        """Return the features (N, K, channels) of each keypoint."""
        linear, norm = self.pose_to_kpts
        wide = linear(poses)
        if len(poses) > 1 or not norm.training:
            wide = norm(wide)  # (N, K * channels)
        else:  # a single person has no statistics
            wide = F.batch_norm(wide, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)  # pyright: ignore
        tokens = wide.unflatten(-1, (self.num_keypoints, -1))  # (N, K, channels)
        return tokens if self.gau is None else self.gau(tokens, self.pos_enc)  # (N, K, channels)

    def bins(self, areas: Tensor) -> tuple[Tensor, Tensor]:
        """Return the coordinates (N, X) and (N, Y) of the bins, in input pixels."""
        center, size = areas.split(2, -1)  # (N, 2) each
        return self.x_bins * size[:, :1] + center[:, :1], self.y_bins * size[:, 1:] + center[:, 1:]  # (N, X), (N, Y)

    def likelihoods(self, poses: Tensor, areas: Tensor, keypoints: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
        """Return the likelihood of each bin's error, (N, K, X) and (N, K, Y).

        Errors relative to the person's size are assumed to follow a Laplace distribution, whose width is predicted.

        Args:
            poses: (N, D) features.
            areas: (N, 4) centre and size of the region that the bins cover.
            keypoints: (N, K, 2) true keypoints.
            sizes: (N,) areas of the persons, in square pixels.
        """
        sigmas = self.sigma_fc(poses).float().clamp(min=1e-3)[..., None]  # (N, K, 1)
        unit = sizes.sqrt().clamp(min=1)[:, None, None] * sigmas  # (N, K, 1)
        x, y = (
            torch.exp(-(keypoints[..., axis, None] - bins[:, None]).abs() / unit / 2) / sigmas
            for axis, bins in enumerate(self.bins(areas))
        )
        return x, y  # (N, K, X), (N, K, Y)


@MODELS.register_module()
class RTMOHead(PointHead):
    """Predicts a person's score and box at every point, and keypoints of the remaining persons by classification.

    Args:
        num_keypoints: number of keypoints, K.
        head_module_cfg: arguments of RTMOLayers.
        featmap_strides: input pixels per cell of each map.
        num_classes: number of classes.
        proxy_target_cc: whether offsets learn from the classified keypoints instead of the true ones, where these
            are nearer, and scores from the quality of the classified ones.
        prior_generator: generator of the points; by default they are the middles of the cells' pixels.
        bbox_padding: size of the region in which keypoints are searched, relative to the box.
        dcc_cfg: arguments of DynamicCoordinateClassifier.
        loss_cls: loss of the scores, at all points.
        loss_mle: loss of the classified keypoints.
        options: further arguments of PointHead.

    Source: Lu et al., RTMO, arXiv 2312.07526.
    """

    keypoint_layers = (r"head_module\.out_kpt_(reg|vis)\.\d+", r"dcc\.(pose_to_kpts\.\d|sigma_fc\.0|pos_enc)")

    def __init__(
        self,
        num_keypoints: int,
        head_module_cfg: dict[str, Any],
        featmap_strides: Sequence[int] = (16, 32),
        num_classes: int = 1,
        *,
        proxy_target_cc: bool = False,
        prior_generator: MlvlPointGenerator | None = None,
        bbox_padding: float = 1.25,
        dcc_cfg: dict[str, Any] | None = None,
        loss_cls: BaseLoss | None = None,
        loss_mle: BaseLoss | None = None,
        **options: Any,
    ) -> None:
        if dcc_cfg is None:
            raise ValueError("RTMOHead: the classifier predicts the keypoints; give head.dcc_cfg its arguments")
        generator = prior_generator or MlvlPointGenerator(featmap_strides, centralize_points=True)
        super().__init__(num_keypoints, num_classes, prior_generator=generator, **options)
        self.loss_cls = loss_cls or VariFocalLoss(use_target_weight=True, reduction="sum")
        self.loss_mle = loss_mle or MLECCLoss(use_target_weight=True)
        self.proxy_target_cc = proxy_target_cc
        self.bbox_padding = bbox_padding
        shared = {"num_keypoints": num_keypoints, "featmap_strides": featmap_strides}
        self.head_module = RTMOLayers(**{**head_module_cfg, **shared})
        self.dcc = DynamicCoordinateClassifier(**{**dcc_cfg, "num_keypoints": num_keypoints})

    def forward(self, feats: Features) -> RTMOOutputs:
        """Compute the maps of scores, boxes, keypoints (in training), visibilities and pose features at each level."""
        return self.head_module(feats, self.training)

    def training_outputs(self, feats: Features) -> RTMOOutputs:
        return self.head_module(feats, True)

    def point_outputs(self, outputs: RTMOOutputs) -> PointOutputs:
        visible = side_by_side(outputs.visible)
        return PointOutputs(
            self.prior_generator.points(outputs.scores),
            scores=side_by_side(outputs.scores),
            box_offsets=side_by_side(outputs.boxes),
            keypoint_offsets=side_by_side(outputs.keypoints) if outputs.keypoints else visible[:, :0],
            visible=visible,
            poses=side_by_side(outputs.poses),
        )

    def regions(self, boxes: Tensor) -> Tensor:
        """Return centre and size (N, 4) of the regions in which the keypoints of boxes (N, 4) are searched."""
        low, high = boxes.split(2, -1)  # (N, 2) each
        return torch.cat([(low + high) / 2, (high - low) * self.bbox_padding], -1)  # (N, 4)

    def poses_of(self, outputs: PointOutputs, index: int, points: Tensor) -> Tensor:
        assert outputs.poses is not None
        regions = self.regions(outputs.boxes[index, points])  # (N, 4)
        return self.dcc(outputs.poses[index, points], regions, outputs.points[points, :2])[0]  # (N, K, 2)

    def losses_of(self, outputs: PointOutputs, positives: Positives, weights: Tensor) -> dict[str, Tensor]:
        count, index, truth = num_positives(positives), positives.index, positives.truth
        scores = outputs.scores.flatten(0, 1)
        if not len(index):
            nobody = self.loss_cls(scores, torch.zeros_like(scores), weights) / count
            return {"loss_cls": nobody, "loss_bbox": self.nothing()}
        losses = self.box_losses(outputs, positives, count)
        visible = outputs.visible.flatten(0, 1)[index]  # (M, K)
        losses["loss_vis"] = self.loss_vis(visible, truth.keypoints_visible, truth.weights)
        losses["loss_mle"], classified = self.classifier_loss(outputs, positives)
        offset = outputs.keypoints.flatten(0, 1)[index]  # (M, K, 2)
        classes, target, seen = positives.classes, truth.keypoints, truth.keypoints_visible
        if self.proxy_target_cc:
            classes, seen = self.proxy_targets(offset, classified, positives)
            target = classified
        losses["loss_oks"] = self.loss_oks(offset, target, seen, truth.areas).mean()
        losses["loss_cls"] = self.loss_cls(scores, self.target_scores(outputs, positives, classes), weights) / count
        return losses

    def classifier_loss(self, outputs: PointOutputs, positives: Positives) -> tuple[Tensor, Tensor]:
        """Return the loss of the classified keypoints, and these keypoints (M, K, 2) without gradient."""
        assert outputs.poses is not None
        boxes, poses = (x.flatten(0, 1)[positives.index] for x in (outputs.boxes, outputs.poses))  # (M, 4), (M, D)
        regions, truth = self.regions(boxes), positives.truth
        # -> (M, K, 2), ((M, K, X), (M, K, Y))
        keypoints, distributions = self.dcc(poses, regions, positives.points[:, :2])
        likelihoods = self.dcc.likelihoods(poses, regions, truth.keypoints, truth.areas)  # (M, K, X), (M, K, Y)
        return self.loss_mle(distributions, likelihoods, truth.keypoints_visible).mean(), keypoints.detach()

    @torch.no_grad()
    def proxy_targets(self, offset: Tensor, classified: Tensor, positives: Positives) -> tuple[Tensor, Tensor]:
        """Return the quality (M, C) of classified keypoints, and weights (M, K) where they beat the offsets."""
        truth = positives.truth
        seen = truth.keypoints_visible
        error_offset, error_classified = (
            torch.linalg.vector_norm(points - truth.keypoints, dim=-1) for points in (offset, classified)
        )
        quality = self.assigner.oks_calculator(classified, truth.keypoints, seen, truth.areas)  # (M,)
        classes = F.one_hot(truth.labels.long(), self.num_classes) * quality[:, None]  # (M, C)
        return classes, seen * (error_offset > error_classified)  # (M, C), (M, K)
