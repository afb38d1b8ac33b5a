"""Displacements from the centre of each instance to its keypoints."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import deform_conv2d

from posekit.codecs.base import BaseCodec
from posekit.keypoints.nearby_joints_nms import nearby_joints_nms
from posekit.models.base_module import BaseModule, InitRules, Settings
from posekit.models.heads.base import HEATMAPS, BaseHead, Features, Outputs, SampleBatch, as_columns, as_float, to_numpy
from posekit.models.heads.heatmap_head import HeatmapHead
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.normalization import BN, build_norm
from posekit.models.layers.residual import BasicBlock
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.heatmap_loss import KeypointMSELoss
from posekit.models.losses.regression_loss import SoftWeightSmoothL1Loss
from posekit.registry import MODELS
from posekit.structures import InstanceData, PixelData

logger = logging.getLogger(__name__)

FAR_OUTSIDE = 1e6
"""Distance in cells from which a sampling point lies outside of any map."""


class DeformConv2d(nn.Conv2d):
    """A 3x3 convolution without bias whose nine sampling points are given for each cell."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__(channels, channels, 3, padding=1, groups=groups, bias=False)

    def forward(self, x: Tensor, offset: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        # There is no half-precision kernel for the CPU, and the sampling points need more than eleven bits anyway.
        # The kernel turns points into whole numbers and reads outside of its memory where they do not fit.
        offset = offset.float().nan_to_num(FAR_OUTSIDE).clamp(-FAR_OUTSIDE, FAR_OUTSIDE)
        return deform_conv2d(x.float(), offset, self.weight, padding=(1, 1)).to(x.dtype)  # (B, C, H, W)


class AdaptiveActivationBlock(nn.Module):
    """A residual block that samples points moved by an affine map, which it predicts for each cell.

    Shapes: G groups of channels, each with its own map.

    Source: DEKR, arXiv 2104.02300, section 3.2.
    """

    regular_matrix: Tensor

    def __init__(self, channels: int, groups: int, norm_cfg: Settings = BN) -> None:
        super().__init__()
        self.groups = groups
        steps = torch.tensor([-1.0, 0.0, 1.0])
        grid = torch.stack([steps.repeat_interleave(3), steps.repeat(3), torch.ones(9)])  # y, x, 1
        self.register_buffer("regular_matrix", grid)
        self.transform_matrix_conv = nn.Conv2d(channels, 6 * groups, 3, padding=1, groups=groups)
        self.adapt_conv = DeformConv2d(channels, groups)
        self.norm = build_norm(norm_cfg, channels)

    def forward(self, x: Tensor) -> Tensor:
        affine = self.transform_matrix_conv(x).unflatten(1, (self.groups, 2, 3))  # (B, G, yx, 3, H, W)
        # -> (B, G, 9, 2, H, W), y before x
        offset = torch.einsum("bgcmhw,mk->bgkchw", affine, self.regular_matrix.to(affine.dtype))
        return F.relu(self.norm(self.adapt_conv(x, offset.flatten(1, 3))) + x)  # (B, C, H, W)


class RescoreNet(BaseModule):
    """Scores a pose by the links between its keypoints.

    Shapes: N poses, K keypoints, L links.

    Args:
        in_channels: three for each link plus one for each keypoint.
        norm_indexes: indices of two links whose mean length is the unit.
        init_cfg: rules for the initial weights, usually ``Pretrained``, as no loss of DEKRHead trains them.
    """

    def __init__(self, in_channels: int, norm_indexes: Sequence[int], init_cfg: InitRules = None) -> None:
        super().__init__(init_cfg)
        self.norm_indexes = list(norm_indexes)
        self.l1 = nn.Linear(in_channels, 256)
        self.l2 = nn.Linear(256, 256)
        self.l3 = nn.Linear(256, 1)

    def init_weights(self) -> None:
        """Start with weights that leave scores as they are; then apply the rules.

        A warning names pretrained weights that cannot be downloaded: training does not need them.
        """
        nn.init.zeros_(self.l3.weight)
        nn.init.ones_(self.l3.bias)
        try:
            super().init_weights()
        except FileNotFoundError:
            raise
        except OSError as error:
            logger.warning("RescoreNet leaves scores as they are: %s", error)

    def forward(self, keypoints: Tensor, keypoint_scores: Tensor, skeleton: Sequence[Sequence[int]]) -> Tensor:
        """Return scores (N,) of keypoints (N, K, 2) with scores (N, K), linked by pairs of indices."""
        starts, ends = zip(*skeleton, strict=True)
        links = keypoints[:, list(starts), :2] - keypoints[:, list(ends), :2]  # (N, L, 2)
        lengths = links.norm(dim=2)  # (N, L)
        unit = lengths[:, self.norm_indexes].mean(1, keepdim=True).clamp(min=1)  # (N, 1)
        features = [(links / unit[..., None]).flatten(1), lengths / unit, keypoint_scores]  # (N, 2 L), (N, L), (N, K)
        return self.l3(F.relu(self.l2(F.relu(self.l1(torch.cat(features, 1).float())))))[:, 0]  # (N,)


@MODELS.register_module()
class DEKRHead(BaseHead):
    """Heatmaps of keypoints and instance centres, and for each keypoint its displacement from the centre.

    Args:
        in_channels: channels of the last feature map.
        num_keypoints: number of keypoints.
        num_heatmap_filters: channels before the heatmaps.
        num_displacement_filters_per_keypoint: channels before each keypoint's displacements.
        heatmap_loss: loss of the heatmaps; the weighted mean squared error by default.
        displacement_loss: loss of the displacements; smooth L1 where there are instances by default.
        decoder: codec that follows the displacements.
        rescore_cfg: arguments of RescoreNet; None leaves scores as they are.
        init_cfg: rules for the initial weights.

    Source: Geng et al., arXiv 2104.02300.
    """

    keypoint_layers = (
        r"heatmap_conv_layers\.2",
        r"displacement_conv_layers\.([03]|[12]\.(transform_matrix_conv|adapt_conv|norm))",
    )

    default_init: ClassVar[InitRules] = HeatmapHead.default_init
    reads = (
        HEATMAPS,
        "gt_fields.heatmap_weights",
        "gt_fields.displacements",
        "gt_fields.displacement_weights",
    )

    def __init__(
        self,
        in_channels: int,
        num_keypoints: int,
        num_heatmap_filters: int = 32,
        num_displacement_filters_per_keypoint: int = 15,
        heatmap_loss: BaseLoss | None = None,
        displacement_loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        rescore_cfg: Settings | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(None, decoder, init_cfg)
        self.num_keypoints = num_keypoints
        self.heatmap_conv_layers = nn.Sequential(
            ConvModule(in_channels, num_heatmap_filters, 1, norm_cfg=BN),
            BasicBlock(num_heatmap_filters, num_heatmap_filters),
            nn.Conv2d(num_heatmap_filters, 1 + num_keypoints, 1),
        )
        channels = num_keypoints * num_displacement_filters_per_keypoint
        self.displacement_conv_layers = nn.Sequential(
            ConvModule(in_channels, channels, 1, norm_cfg=BN),
            AdaptiveActivationBlock(channels, num_keypoints),
            AdaptiveActivationBlock(channels, num_keypoints),
            nn.Conv2d(channels, 2 * num_keypoints, 1, groups=num_keypoints),
        )
        self.loss_module = nn.ModuleDict(
            {
                "heatmap": heatmap_loss or KeypointMSELoss(use_target_weight=True),
                "displacement": displacement_loss
                or SoftWeightSmoothL1Loss(use_target_weight=True, supervise_empty=False),
            }
        )
        self.rescore_net = None if rescore_cfg is None else RescoreNet(**rescore_cfg)

    def forward(self, feats: Features) -> tuple[Tensor, Tensor]:
        """Compute heatmaps (B, K + 1, H, W) and displacements (B, 2 K, H, W)."""
        # -> (B, K + 1, H, W), (B, 2 K, H, W)
        return self.heatmap_conv_layers(feats[-1]), self.displacement_conv_layers(feats[-1])

    def targets(self, batch: SampleBatch) -> list[Any]:
        """Return the columns that ``reads`` names, and the mask of the heatmaps if there is one."""
        return [*super().targets(batch), as_columns(batch).get("gt_fields.heatmap_mask")]

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        heatmaps, displacements = outputs
        target_heatmaps, weights, target_displacements, displacement_weights, mask = targets
        return {
            "loss/heatmap": self.loss_module["heatmap"](heatmaps, target_heatmaps, weights, mask),
            "loss/displacement": self.loss_module["displacement"](
                displacements, target_displacements, displacement_weights
            ),
        }

    def predict(self, feats: Any, batch: SampleBatch, test_cfg: dict[str, Any] | None = None) -> Any:
        test_cfg = test_cfg or {}
        if test_cfg.get("multiscale_test"):
            raise ValueError("DEKRHead has no multi-scale test: displacements of scales do not add up; set it to False")
        outputs = as_float(self.averaged(feats, batch, test_cfg))
        infos = as_columns(batch).metainfos
        poses = [self.pose(heat, shift, info, test_cfg) for heat, shift, info in zip(*outputs, infos, strict=True)]
        if not test_cfg.get("output_heatmaps"):
            return poses
        return poses, [PixelData(heatmaps=heat, displacements=shift) for heat, shift in zip(*outputs, strict=True)]

    def pose(
        self, heatmaps: Tensor, displacements: Tensor, info: dict[str, Any], test_cfg: dict[str, Any]
    ) -> InstanceData:
        """Decode one image's maps, rescore the poses and drop those that share joints with better ones."""
        keypoints, (root_scores, scores) = self.codec.decode(heatmaps, displacements)
        scores = keypoints.new_ones(keypoints.shape[:2]) if scores is None else scores
        skeleton = info.get("skeleton_links")
        if self.rescore_net is not None and skeleton is not None and len(keypoints):
            root_scores = root_scores * self.rescore_net(keypoints, scores, skeleton).nan_to_num(0.0)
        points, joint_scores, total = to_numpy((keypoints, scores, root_scores[:, None] * scores))
        if test_cfg.get("nms_dist_thr", 0) > 0:
            best = nearby_joints_nms(
                points,
                joint_scores.mean(1),
                test_cfg["nms_dist_thr"],
                min_shared=test_cfg.get("nms_joints_thr"),
                max_dets=test_cfg.get("max_num_people", 30),
            )
            points, total = points[best], total[best]
        return InstanceData(keypoints=points, keypoint_scores=total)
