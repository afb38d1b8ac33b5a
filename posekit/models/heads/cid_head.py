"""Heatmaps of one instance at a time, located by its centre."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules
from posekit.models.heads.base import (
    HEATMAPS,
    BaseHead,
    Features,
    SampleBatch,
    as_columns,
    as_float,
    flip_indices,
    to_numpy,
)
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.classification_loss import InfoNCELoss
from posekit.models.losses.heatmap_loss import FocalHeatmapLoss
from posekit.registry import MODELS
from posekit.structures import InstanceData, PixelData

CLAMP = 1e-4


def clamped_sigmoid(logits: Tensor) -> Tensor:
    return logits.float().sigmoid().clamp(CLAMP, 1 - CLAMP)


class InstanceCenters(nn.Module):
    """Heatmaps of keypoints and centres; the features at a centre represent its instance."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.keypoint_root_conv = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, feats: Tensor) -> Tensor:
        return clamped_sigmoid(self.keypoint_root_conv(feats))  # (B, K + 1, H, W)


class InstanceChannelAttention(nn.Module):
    """Weighs the channels by the instance's features."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.atn = nn.Linear(in_channels, out_channels)

    def forward(self, maps: Tensor, instances: Tensor) -> Tensor:
        return maps * self.atn(instances)[..., None, None]  # (N, C, H, W)


class InstanceSpatialAttention(nn.Module):
    """Weighs the cells by their similarity to the instance's features and their position relative to its centre."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.atn = nn.Linear(in_channels, out_channels)
        self.conv = nn.Conv2d(3, 1, 5, padding=2)

    def forward(self, maps: Tensor, instances: Tensor, centers: Tensor) -> Tensor:
        likeness = torch.einsum("nchw,nc->nhw", maps, self.atn(instances))  # (N, H, W)
        height, width = maps.shape[2:]
        x = (centers[:, :1] - torch.arange(width, device=maps.device) - 0.5) / 32  # (N, W)
        y = (centers[:, 1:] - torch.arange(height, device=maps.device) - 0.5) / 32  # (N, H)
        # -> (N, 2, H, W)
        offsets = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), 1).to(
            likeness.dtype
        )  # (N, 2, H, W)
        return maps * self.conv(torch.cat([likeness[:, None], offsets], 1)).sigmoid()  # (N, C, H, W)


class InstanceHeatmaps(nn.Module):
    """Heatmaps of single instances from the features of the whole image."""

    def __init__(self, in_channels: int, out_channels: int, channels: int) -> None:
        super().__init__()
        self.conv_down = nn.Conv2d(in_channels, channels, 1)
        self.channel_attention = InstanceChannelAttention(in_channels, channels)
        self.spatial_attention = InstanceSpatialAttention(in_channels, channels)
        self.fuse_attention = nn.Conv2d(channels * 2, channels, 1)
        self.heatmap_conv = nn.Conv2d(channels, out_channels, 1)

    def forward(self, feats: Tensor, instances: Tensor, centers: Tensor, images: Tensor) -> Tensor:
        """Compute heatmaps (N, K, H, W).

        Args:
            feats: (B, C, H, W).
            instances: (N, C) features of each instance.
            centers: (N, 2) cells of the instances' centres.
            images: (N,) index of each instance's image in the batch.
        """
        maps = self.conv_down(feats)[images]  # (N, channels, H, W)
        # -> (N, channels, H, W) twice
        attended = [self.channel_attention(maps, instances), self.spatial_attention(maps, instances, centers)]
        return clamped_sigmoid(self.heatmap_conv(F.relu(self.fuse_attention(torch.cat(attended, 1)))))  # (N, K, H, W)


@MODELS.register_module()
class CIDHead(BaseHead):
    """Locates the centres of instances and computes heatmaps for each of them.

    Shapes: B images, N instances of all images, K keypoints, C channels, H W cells.

    Args:
        in_channels: channels of the last feature map.
        gfd_channels: channels of the maps that instances share.
        num_keypoints: number of keypoints.
        prior_prob: initial value of the heatmaps.
        coupled_heatmap_loss: loss of the heatmaps of all instances together; the focal loss by default.
        decoupled_heatmap_loss: loss of each instance's own heatmaps; the focal loss by default.
        contrastive_loss: loss that keeps the features of an image's instances apart.
        decoder: codec that finds keypoints in an instance's heatmaps.
        init_cfg: rules for the initial weights.

    Source: Wang and Zhang, Contextual Instance Decoupling, CVPR 2022.
    """

    keypoint_layers = (r"iia_module\.keypoint_root_conv", r"gfd_module\.heatmap_conv")

    default_init: ClassVar[InitRules] = [
        {"type": "Normal", "layer": ["Conv2d", "Linear"], "std": 0.001},
        {"type": "Constant", "layer": "BatchNorm2d", "val": 1},
    ]

    def __init__(
        self,
        in_channels: int,
        gfd_channels: int,
        num_keypoints: int,
        prior_prob: float = 0.01,
        coupled_heatmap_loss: BaseLoss | None = None,
        decoupled_heatmap_loss: BaseLoss | None = None,
        contrastive_loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(None, decoder, init_cfg)
        self.num_keypoints = num_keypoints
        self.prior_prob = prior_prob
        self.iia_module = InstanceCenters(in_channels, num_keypoints + 1)
        self.gfd_module = InstanceHeatmaps(in_channels, num_keypoints, gfd_channels)
        self.loss_module = nn.ModuleDict(
            {
                "heatmap_coupled": coupled_heatmap_loss or FocalHeatmapLoss(),
                "heatmap_decoupled": decoupled_heatmap_loss or FocalHeatmapLoss(),
                "contrastive": contrastive_loss or InfoNCELoss(),
            }
        )

    def init_weights(self) -> None:
        super().init_weights()
        for conv in (self.iia_module.keypoint_root_conv, self.gfd_module.heatmap_conv):
            nn.init.constant_(conv.bias, -math.log((1 - self.prior_prob) / self.prior_prob))  # pyright: ignore

    def forward(self, feats: Features) -> Tensor:
        """Compute the heatmaps (N, K, H, W) of all instances that the centre maps show."""
        centers, images, _ = self.find(self.iia_module(feats[-1])[:, -1:], {})  # (N, 2), (N,)
        return self.gfd_module(feats[-1], sample(feats[-1], centers, images), centers, images)  # (N, K, H, W)

    @staticmethod
    def find(maps: Tensor, test_cfg: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the cells (N, 2) of the highest maxima of maps (B, 1, H, W), their images (N,) and scores (N,)."""
        smooth = smoothed(maps, test_cfg.get("blur_kernel_size", 3))  # (B, 1, H, W)
        extent = sum(maps.shape[2:]) / 2
        window = 7 if extent > 300 else 5 if extent > 200 else 3
        peaks = (smooth * (F.max_pool2d(smooth, window, 1, window // 2) == smooth)).flatten(1)  # (B, H * W)
        # -> (B, up to max_instances)
        scores, cells = peaks.topk(min(test_cfg.get("max_instances", 30), peaks.shape[1]), dim=1)
        images, rank = torch.nonzero(scores > test_cfg.get("score_threshold", 0.01), as_tuple=True)  # (N,), (N,)
        cells = cells[images, rank]  # (N,)
        width = maps.shape[-1]
        return torch.stack([cells % width, cells // width], 1), images, scores[images, rank]  # (N, 2), (N,), (N,)

    def predict(self, feats: Any, batch: SampleBatch, test_cfg: dict[str, Any] | None = None) -> Any:
        test_cfg = test_cfg or {}
        if test_cfg.get("flip_test"):
            maps = torch.stack([feats[0][-1], feats[1][-1].flip(-1)])
        else:
            maps = feats[-1][None]
        roots = torch.stack([self.iia_module(view)[:, -1:] for view in maps]).mean(0)
        centers, images, scores = self.find(roots, test_cfg)
        heatmaps = self.instance_heatmaps(maps, centers, images, batch)  # (N, K, H, W)
        heatmaps = smoothed(heatmaps, test_cfg.get("blur_kernel_size", 3))
        members = [images == index for index in range(len(roots))]
        sizes = [info["input_size"] for info in as_columns(batch).metainfos]
        poses = [self.pose(heatmaps[mask], scores[mask], size) for mask, size in zip(members, sizes, strict=True)]
        if not test_cfg.get("output_heatmaps"):
            return poses
        return poses, [PixelData(heatmaps=heatmaps[mask].flatten(0, 1)) for mask in members]

    def instance_heatmaps(self, maps: Tensor, centers: Tensor, images: Tensor, batch: SampleBatch) -> Tensor:
        """Return each instance's heatmaps, averaged over the views (V, B, C, H, W) of its image."""
        views = [
            self.gfd_module(view, sample(view, centers, images), centers, images) for view in maps
        ]  # (N, K, H, W) each
        if len(views) == 1:
            return views[0]
        return (views[0] + views[1][:, flip_indices(batch)]) / 2  # (N, K, H, W)

    def pose(self, heatmaps: Tensor, scores: Tensor, input_size: tuple[int, int]) -> InstanceData:
        """Decode one image's instances; keypoints lie in the middle of their cells."""
        keypoints, keypoint_scores = to_numpy(self.codec.decode(*as_float((heatmaps, scores[:, None]))))
        half = [side / cells / 2 for side, cells in zip(input_size, reversed(heatmaps.shape[2:]), strict=True)]
        return InstanceData(keypoints=keypoints + np.array(half, np.float32), keypoint_scores=keypoint_scores)

    def loss(self, feats: Features, batch: SampleBatch, train_cfg: dict[str, Any] | None = None) -> dict[str, Tensor]:
        columns, maps = as_columns(batch), feats[-1]
        names = ("gt_instance_labels.instance_coords", "gt_instance_labels.keypoint_weights")
        centers, weights = (torch.cat(list(columns.column(name))).to(maps.device) for name in names)
        per_image = columns.column("gt_fields.instance_heatmaps")
        target_heatmaps = torch.cat([heatmaps.unflatten(0, (-1, self.num_keypoints)) for heatmaps in per_image])
        counts = torch.tensor([len(coords) for coords in columns.column(names[0])], device=maps.device)
        images = torch.arange(len(counts), device=maps.device).repeat_interleave(counts)  # (N,)
        instances = sample(maps, centers.long(), images)  # (N, C)
        coupled = self.loss_module["heatmap_coupled"](
            self.iia_module(maps), columns.column(HEATMAPS), None, columns.get("gt_fields.heatmap_mask")
        )
        losses = {"loss/heatmap_coupled": coupled}
        if not len(centers):
            return losses
        contrastive = self.loss_module["contrastive"]
        separation = torch.stack([contrastive(features) for features in instances.split(counts.tolist())])  # (B,)
        chosen = _some(len(centers), (train_cfg or {}).get("max_train_instances", -1), maps.device)
        heatmaps = self.gfd_module(maps, instances[chosen], centers[chosen], images[chosen])  # (chosen, K, H, W)
        losses["loss/heatmap_decoupled"] = self.loss_module["heatmap_decoupled"](
            heatmaps, target_heatmaps[chosen], weights[chosen]
        )
        losses["loss/contrastive"] = separation.sum() / len(centers)
        return losses


def sample(maps: Tensor, centers: Tensor, images: Tensor) -> Tensor:
    """Return the features (N, C) of maps (B, C, H, W) at cells (N, 2) of images (N,)."""
    return maps[images, :, centers[:, 1], centers[:, 0]]  # (N, C)


def smoothed(heatmaps: Tensor, kernel_size: int) -> Tensor:
    """Average heatmaps with their box-filtered copies."""
    return (heatmaps + F.avg_pool2d(heatmaps, kernel_size, 1, (kernel_size - 1) // 2)) / 2  # same shape


def _some(count: int, limit: int, device: torch.device) -> Tensor:
    if 0 < limit < count:
        return torch.randperm(count, device=device)[:limit]
    return torch.arange(count, device=device)
