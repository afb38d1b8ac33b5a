"""Heatmaps, and tags that tell which keypoints belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import HEATMAPS, Features, Outputs, SampleBatch, as_columns, as_float
from posekit.models.heads.heatmap_head import POINTWISE, HeatmapHead
from posekit.models.losses.associative_embedding_loss import AssociativeEmbeddingLoss
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.heatmap_loss import KeypointMSELoss
from posekit.models.losses.loss_wrappers import CombinedLoss
from posekit.registry import MODELS
from posekit.structures import InstanceData, PixelData


@MODELS.register_module()
class AssociativeEmbeddingHead(HeatmapHead):
    """One heatmap for each keypoint, and tags that are similar where keypoints belong to one instance.

    Shapes: B batch, K keypoints, L ``tag_dim``, H W cells of a map, V views: the image, and
    its mirror image with ``flip_test``.

    Args:
        in_channels: channels of the last feature map.
        num_keypoints: number of heatmaps.
        tag_dim: number of tags of a cell, L.
        tag_per_keypoint: whether each keypoint has its own tags.
        deconv_out_channels: channels of each deconvolution; None for no such layers.
        deconv_kernel_sizes: kernel size of each deconvolution.
        conv_out_channels: channels of each convolution after the deconvolutions.
        conv_kernel_sizes: kernel size of each convolution.
        final_layer: options of the last Conv2d.
        keypoint_loss: loss of the heatmaps; the mean squared error by default.
        tag_loss: loss of the tags; pulls and pushes by default.
        decoder: codec that finds and groups the keypoints.
        init_cfg: rules for the initial weights.

    Source: Newell et al., arXiv 1611.05424.
    """

    keypoint_rows_together = False

    def __init__(
        self,
        in_channels: int,
        num_keypoints: int,
        tag_dim: int = 1,
        tag_per_keypoint: bool = True,
        deconv_out_channels: Sequence[int] | None = (256, 256, 256),
        deconv_kernel_sizes: Sequence[int] | None = (4, 4, 4),
        conv_out_channels: Sequence[int] | None = None,
        conv_kernel_sizes: Sequence[int] | None = None,
        final_layer: Settings | None = POINTWISE,
        keypoint_loss: BaseLoss | None = None,
        tag_loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(
            in_channels,
            num_keypoints + tag_dim * (num_keypoints if tag_per_keypoint else 1),
            deconv_out_channels,
            deconv_kernel_sizes,
            conv_out_channels,
            conv_kernel_sizes,
            final_layer,
            CombinedLoss(
                {
                    "keypoint_loss": keypoint_loss or KeypointMSELoss(),
                    "tag_loss": tag_loss or AssociativeEmbeddingLoss(),
                }
            ),
            decoder,
            init_cfg,
        )
        self.num_keypoints = num_keypoints
        self.tag_per_keypoint = tag_per_keypoint

    def forward(self, feats: Features) -> tuple[Tensor, Tensor]:
        """Compute heatmaps (B, K, H, W) and tags (B, L K, H, W), or (B, L, H, W) shared by all keypoints."""
        maps = super().forward(feats)  # (B, K + L K or K + L, H, W)
        return maps[:, : self.num_keypoints], maps[:, self.num_keypoints :]  # (B, K, H, W), (B, L K or L, H, W)

    def targets(self, batch: SampleBatch) -> list[Any]:
        """Return heatmaps, their mask if there is one, and the cells of each image's keypoints."""
        columns = as_columns(batch)
        cells = columns.column("gt_instance_labels.keypoint_indices")
        return [columns.column(HEATMAPS), columns.get("gt_fields.heatmap_mask"), cells]

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        (heatmaps, tags), (target_heatmaps, mask, cells) = outputs, targets
        pull, push = self.loss_module["tag_loss"](self.tags_of_keypoints(tags), cells)
        keypoint_loss = self.loss_module["keypoint_loss"](heatmaps, target_heatmaps, mask=mask)
        return {"loss_kpt": keypoint_loss, "loss_pull": pull, "loss_push": push}

    def tags_of_keypoints(self, tags: Tensor) -> Tensor:
        """Return tags (B, L K, H, W), repeated where all keypoints share them."""
        return tags if self.tag_per_keypoint else tags.repeat_interleave(self.num_keypoints, 1)  # (B, L K, H, W)

    def averaged(self, feats: Any, batch: SampleBatch, test_cfg: dict[str, Any]) -> Outputs:
        """Average heatmaps over scales and mirror images; tags come from the first scale and are concatenated.

        Maps are resized before they are averaged. The other order differs by a rounding error, which is enough to
        break ties between neighbouring cells, and thus groupings, in another way.
        """
        scales = feats if test_cfg.get("multiscale_test") else [feats]
        views = [self.views_of_scale(scale, batch, test_cfg) for scale in scales]
        size = tuple(views[0][0][0].shape[-2:])
        if test_cfg.get("restore_heatmap_size"):
            size = tuple(as_columns(batch).metainfos[0]["img_shape"])
        align = bool(test_cfg.get("align_corners"))
        heatmaps = [_resized(heatmaps, size, align) for scale in views for heatmaps, _ in scale]
        tags = [_resized(tags, size, align) for _, tags in views[0]]
        return torch.stack(heatmaps).mean(0), torch.cat(tags, 1)  # (B, K, h, w), (B, V L K, h, w)

    def views_of_scale(self, feats: Any, batch: SampleBatch, test_cfg: dict[str, Any]) -> list[tuple[Tensor, Tensor]]:
        """Return heatmaps and tags of one scale; with ``flip_test`` also those of the mirrored image, flipped back."""
        if not test_cfg.get("flip_test"):
            return [self(feats)]
        original, mirrored = (self(view) for view in feats)
        heatmaps, tags = self.unflipped(mirrored, batch, test_cfg)
        return [original, (heatmaps, tags)]

    def decode(self, outputs: Outputs) -> list[InstanceData]:
        heatmaps, tags = as_float(outputs)
        parts = self.codec.batch_decode(heatmaps, self.tags_of_keypoints(tags))
        return [
            InstanceData(keypoints=keypoints, keypoint_scores=scores, bbox_scores=instance_scores)
            for keypoints, scores, instance_scores in zip(*parts, strict=True)
        ]

    def fields(self, outputs: Outputs, predictions: list[InstanceData]) -> list[PixelData]:
        return [PixelData(heatmaps=heatmaps, tags=tags) for heatmaps, tags in zip(*outputs, strict=True)]


def _resized(maps: Tensor, size_hw: Sequence[int], align_corners: bool) -> Tensor:
    if tuple(maps.shape[-2:]) == tuple(size_hw):
        return maps
    return F.interpolate(maps, tuple(size_hw), mode="bilinear", align_corners=align_corners)
