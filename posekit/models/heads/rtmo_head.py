"""Persons at every point of the maps, keypoints by classifying coordinates within the person's box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from posekit.models.assigners.mlvl_point_generator import MlvlPointGenerator
from posekit.models.assigners.sim_ota_assigner import SimOTAAssigner
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
from posekit.models.layers.gau import GatedAttentionUnit
from posekit.models.layers.scale import Scale
from posekit.models.layers.sine_positions import SinePositions
from posekit.models.losses.base import BaseLoss, one_of
from posekit.models.losses.bbox_loss import IoULoss
from posekit.models.losses.classification_loss import BCELoss, MLECCLoss, VariFocalLoss
from posekit.models.losses.oks_loss import OKSLoss
from posekit.registry import MODELS


class RTMOOutputs(NamedTuple):
    """Maps at each level; ``keypoints`` are there only to choose positives in training."""

    scores: list[Tensor]
    boxes: list[Tensor]
    keypoints: list[Tensor]
    visible: list[Tensor]
    poses: list[Tensor]


class RTMOLayers(BaseModule):
    """Two branches at each level, one for each half of the channels: scores, and poses with their boxes.

    Args:
        num_keypoints: K.
        in_channels: channels of half a feature map, before widening.
        num_classes: C.
        widen_factor: factor on all channels.
        cls_feat_channels: channels within the branch of the scores.
        stacked_convs: depth of that branch; the other one has twice as much.
        num_groups: groups of channels within the branch of the poses.
        channels_per_group: channels in each.
        pose_vec_channels: features of a whole pose; none of their own if negative.
        featmap_strides: one for each level.
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
        halves = [one.chunk(2, 1) for one in feats]
        classes = apply_each(self.conv_cls, [one[0] for one in halves])
        poses = apply_each(self.conv_pose, [one[1] for one in halves])
        return RTMOOutputs(
            apply_each(self.out_cls, classes),
            apply_each(self.out_bbox, poses),
            apply_each(self.out_kpt_reg, poses) if with_keypoints else [],
            apply_each(self.out_kpt_vis, poses),
            poses if self.out_pose is None else apply_each(self.out_pose, poses),
        )


class DynamicCoordinateClassifier(BaseModule):
    """Classifies keypoints into bins spread over the person's own box.

    Shapes: N persons, K keypoints, X and Y bins.

    Args:
        in_channels: features of a whole pose.
        num_keypoints: K.
        feat_channels: features of a keypoint.
        num_bins: X and Y.
        spe_channels: channels of encoded positions.
        spe_temperature: ratio of their longest to their shortest wavelength.
        gau_cfg: settings of the attention between keypoints; ``pos_enc`` is none, or add for a learned one.
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
        self.sigma_fc = nn.Sequential(nn.Linear(in_channels, num_keypoints), nn.Sigmoid(), Scale(0.1))
        for name, count in zip(("x_bins", "y_bins"), num_bins, strict=True):
            self.register_buffer(name, torch.linspace(-0.5, 0.5, count))

    def add_attention(self, channels: int, *, pos_enc: str = "none", s: int = 128, **options: Any) -> None:
        """Add the attention between keypoints, by default without relative bias."""
        one_of("dcc_cfg.gau_cfg.pos_enc", pos_enc, ("none", "add"))
        options = {"use_rel_bias": False, **options}
        self.gau = GatedAttentionUnit(self.num_keypoints, channels, channels, s=s, **options)
        if pos_enc == "add":
            self.pos_enc = nn.Parameter(torch.randn(self.num_keypoints, s))

    def forward(self, poses: Tensor, areas: Tensor, points: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Find keypoints.

        Args:
            poses: (N, D) features.
            areas: (N, 4) centre and size of where the bins lie, in input pixels.
            points: (N, 2) where the features come from.

        Returns:
            Keypoints (N, K, 2) in input pixels, and their distributions (N, K, X) and (N, K, Y).
        """
        tokens = self.tokens(poses)
        found, distributions = [], []
        for axis, (bins, layer) in enumerate(zip(self.bins(areas), (self.x_fc, self.y_fc), strict=True)):
            encoded = layer(self.spe.waves(bins - points[:, axis : axis + 1]))  # (N, bins, channels)
            distribution = (tokens @ encoded.transpose(1, 2)).float().softmax(-1)
            found.append((distribution * bins[:, None]).sum(-1))
            distributions.append(distribution)
        return torch.stack(found, -1), (distributions[0], distributions[1])

    def tokens(self, poses: Tensor) -> Tensor:
        """Return the features (N, K, channels) of each keypoint."""
        linear, norm = self.pose_to_kpts
        wide = linear(poses)
        if poses.shape[0] > 1 or not norm.training:  # len() would fix the batch size of an exported graph
            wide = norm(wide)
        else:  # one person has no statistics of its own
            wide = F.batch_norm(wide, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)  # pyright: ignore
        tokens = wide.unflatten(-1, (self.num_keypoints, -1))
        return tokens if self.gau is None else self.gau(tokens, self.pos_enc)

    def bins(self, areas: Tensor) -> tuple[Tensor, Tensor]:
        """Return the coordinates (N, X) and (N, Y) of the bins, in input pixels."""
        center, size = areas.split(2, -1)
        return self.x_bins * size[:, :1] + center[:, :1], self.y_bins * size[:, 1:] + center[:, 1:]

    def likelihoods(self, poses: Tensor, areas: Tensor, keypoints: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
        """Return how likely each bin's error is, (N, K, X) and (N, K, Y).

        Errors are taken to be of a Laplace distribution, relative to the person's size, whose width is predicted.

        Args:
            poses: (N, D) features.
            areas: (N, 4) centre and size of where the bins lie.
            keypoints: (N, K, 2) true ones.
            sizes: (N,) areas of the persons, in square pixels.
        """
        sigmas = self.sigma_fc(poses).float().clamp(min=1e-3)[..., None]
        unit = sizes.sqrt().clamp(min=1)[:, None, None] * sigmas
        x, y = (
            torch.exp(-(keypoints[..., axis, None] - bins[:, None]).abs() / unit / 2) / sigmas
            for axis, bins in enumerate(self.bins(areas))
        )
        return x, y


@MODELS.register_module()
class RTMOHead(PointHead):
    """Predicts a person's score and box at every point, and the keypoints of those that remain by classification.

    Args:
        num_keypoints: K.
        head_module_cfg: arguments of the layers, see RTMOLayers.
        featmap_strides: input pixels per cell of each map.
        num_classes: number of classes.
        use_aux_loss: add the loss on the boxes' offsets in strides.
        proxy_target_cc: the offsets learn from the classified keypoints instead of the true ones, where these
            are nearer, and the scores from the fit of the classified ones.
        assigner: says which points learn which instance.
        prior_generator: makes the points; by default in the middle of the cells' pixels.
        bbox_padding: size of the region where keypoints are looked for, in boxes.
        overlaps_power: exponent on the fit that scores learn.
        dcc_cfg: arguments of the classifier, see DynamicCoordinateClassifier.
        loss_cls: of the scores, at all points.
        loss_bbox: of the boxes.
        loss_oks: of the offsets.
        loss_vis: of the keypoints' visibility.
        loss_mle: of the classified keypoints.
        loss_bbox_aux: of the boxes' offsets in strides.

    Source: Lu et al., RTMO, arXiv 2312.07526.
    """

    keypoint_layers = (r"head_module\.out_kpt_(reg|vis)\.\d+", r"dcc\.(pose_to_kpts\.\d|sigma_fc\.0|pos_enc)")

    def __init__(
        self,
        num_keypoints: int,
        head_module_cfg: dict[str, Any],
        featmap_strides: Sequence[int] = (16, 32),
        num_classes: int = 1,
        use_aux_loss: bool = False,
        proxy_target_cc: bool = False,
        assigner: SimOTAAssigner | None = None,
        prior_generator: MlvlPointGenerator | None = None,
        bbox_padding: float = 1.25,
        overlaps_power: float = 1.0,
        dcc_cfg: dict[str, Any] | None = None,
        loss_cls: BaseLoss | None = None,
        loss_bbox: BaseLoss | None = None,
        loss_oks: BaseLoss | None = None,
        loss_vis: BaseLoss | None = None,
        loss_mle: BaseLoss | None = None,
        loss_bbox_aux: BaseLoss | None = None,
    ) -> None:
        if dcc_cfg is None:
            raise ValueError("RTMOHead: keypoints are found by the classifier; give head.dcc_cfg its arguments")
        super().__init__(
            num_keypoints,
            num_classes,
            use_aux_loss=use_aux_loss,
            assigner=assigner,
            prior_generator=prior_generator or MlvlPointGenerator(featmap_strides, centralize_points=True),
            overlaps_power=overlaps_power,
        )
        self.loss_cls = loss_cls or VariFocalLoss(use_target_weight=True, reduction="sum")
        self.loss_bbox = loss_bbox or IoULoss("sum", "square", loss_weight=5.0)
        self.loss_oks = loss_oks or OKSLoss(reduction="none", norm_target_weight=True, loss_weight=30.0)
        self.loss_vis = loss_vis or BCELoss(use_target_weight=True)
        self.loss_mle = loss_mle or MLECCLoss(use_target_weight=True)
        self.loss_bbox_aux = loss_bbox_aux
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
        """Return centre and size (N, 4) of where the keypoints of boxes (N, 4) are looked for."""
        low, high = boxes.split(2, -1)
        return torch.cat([(low + high) / 2, (high - low) * self.bbox_padding], -1)

    def poses_of(self, outputs: PointOutputs, index: int, kept: Tensor) -> Tensor:
        assert outputs.poses is not None
        regions = self.regions(outputs.boxes[index, kept])
        return self.dcc(outputs.poses[index, kept], regions, outputs.points[kept, :2])[0]

    def losses_of(self, outputs: PointOutputs, positives: Positives, weights: Tensor) -> dict[str, Tensor]:
        count, index, truth = num_positives(positives), positives.index, positives.truth
        scores = outputs.scores.flatten(0, 1)
        if not len(index):
            nobody = self.loss_cls(scores, torch.zeros_like(scores), weights) / count
            return {"loss_cls": nobody, "loss_bbox": self.nothing()}
        losses = self.box_losses(outputs, positives, count)
        visible = outputs.visible.flatten(0, 1)[index]
        losses["loss_vis"] = self.loss_vis(visible, truth.keypoints_visible, truth.weights)
        losses["loss_mle"], classified = self.classifier_loss(outputs, positives)
        offset = outputs.keypoints.flatten(0, 1)[index]
        classes, target, seen = positives.classes, truth.keypoints, truth.keypoints_visible
        if self.proxy_target_cc:
            classes, seen = self.proxy_targets(offset, classified, positives)
            target = classified
        losses["loss_oks"] = self.loss_oks(offset, target, seen, truth.areas).mean()
        losses["loss_cls"] = self.loss_cls(scores, self.target_scores(outputs, positives, classes), weights) / count
        return losses

    def classifier_loss(self, outputs: PointOutputs, positives: Positives) -> tuple[Tensor, Tensor]:
        """Return the loss of the classified keypoints, and them (M, K, 2) without gradient."""
        assert outputs.poses is not None
        boxes, poses = (one.flatten(0, 1)[positives.index] for one in (outputs.boxes, outputs.poses))
        regions, truth = self.regions(boxes), positives.truth
        keypoints, distributions = self.dcc(poses, regions, positives.points[:, :2])
        likelihoods = self.dcc.likelihoods(poses, regions, truth.keypoints, truth.areas)
        return self.loss_mle(distributions, likelihoods, truth.keypoints_visible).mean(), keypoints.detach()

    @torch.no_grad()
    def proxy_targets(self, offset: Tensor, classified: Tensor, positives: Positives) -> tuple[Tensor, Tensor]:
        """Return the fit (M, C) of classified keypoints, and weights (M, K) where they beat those by offset."""
        truth = positives.truth
        seen = truth.keypoints_visible
        error_offset, error_classified = (
            torch.linalg.vector_norm(one - truth.keypoints, dim=-1) for one in (offset, classified)
        )
        fit = self.assigner.oks_calculator(classified, truth.keypoints, seen, truth.areas)
        classes = F.one_hot(truth.labels.long(), self.num_classes) * fit[:, None]
        return classes, seen * (error_offset > error_classified)
