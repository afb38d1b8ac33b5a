"""Coordinates as the centres of mass of heatmaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules, Settings
from posekit.models.heads.base import (
    HEATMAPS,
    KEYPOINT_LABELS,
    KEYPOINT_WEIGHTS,
    BaseHead,
    Features,
    Outputs,
    SampleBatch,
    flip_indices,
)
from posekit.models.heads.heatmap_head import POINTWISE, HeatmapHead
from posekit.models.layers.stacks import final_conv
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.classification_loss import JSDiscretLoss
from posekit.models.losses.loss_wrappers import MultipleLossWrapper
from posekit.models.losses.regression_loss import SmoothL1Loss
from posekit.registry import MODELS
from posekit.structures import InstanceData


@MODELS.register_module()
class IntegralRegressionHead(BaseHead):
    """Heatmaps that a softmax turns into distributions, and their means as coordinates relative to the input.

    Args:
        in_channels: channels of the last feature map.
        in_featuremap_size: (w, h) of the last feature map.
        num_joints: number of keypoints.
        debias: whether to remove the softmax's pull towards the middle.
        beta: sharpness of the softmax.
        deconv_out_channels: channels of each deconvolution; None for no such layers.
        deconv_kernel_sizes: kernel size of each deconvolution.
        conv_out_channels: channels of each convolution after the deconvolutions.
        conv_kernel_sizes: kernel size of each convolution.
        final_layer: options of the Conv2d that gives the heatmaps; None for no such layer.
        loss: loss of the coordinates; the weighted smooth L1 loss by default.
        decoder: codec that turns the coordinates into keypoints.
        init_cfg: rules for the initial weights.

    Source: Sun et al., arXiv 1711.08229; Gu et al., Removing the Bias of Integral Pose Regression, ICCV 2021.
    """

    reads = (KEYPOINT_LABELS, KEYPOINT_WEIGHTS)
    keypoint_layers = ("final_layer",)
    default_init: ClassVar[InitRules] = [{"type": "Normal", "layer": ["Linear"], "std": 0.01, "bias": 0}]

    def __init__(
        self,
        in_channels: int,
        in_featuremap_size: Sequence[int],
        num_joints: int,
        debias: bool = False,
        beta: float = 1.0,
        deconv_out_channels: Sequence[int] | None = (256, 256, 256),
        deconv_kernel_sizes: Sequence[int] | None = (4, 4, 4),
        conv_out_channels: Sequence[int] | None = None,
        conv_kernel_sizes: Sequence[int] | None = None,
        final_layer: Settings | None = POINTWISE,
        loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(loss or SmoothL1Loss(use_target_weight=True), decoder, init_cfg)
        self.debias = debias
        self.beta = beta
        self.simplebaseline_head = None
        if deconv_out_channels:
            self.simplebaseline_head = HeatmapHead(
                in_channels,
                num_joints,
                deconv_out_channels,
                deconv_kernel_sizes,
                conv_out_channels,
                conv_kernel_sizes,
                final_layer,
            )
        else:
            self.final_layer = final_conv(in_channels, num_joints, final_layer)
        width, height = (side * 2 ** len(deconv_out_channels or ()) for side in in_featuremap_size)
        # Parameters and not buffers, because released checkpoints hold them under these names.
        self.linspace_x = nn.Parameter((torch.arange(width) / width).reshape(1, 1, 1, -1), requires_grad=False)
        self.linspace_y = nn.Parameter((torch.arange(height) / height).reshape(1, 1, -1, 1), requires_grad=False)

    def forward(self, feats: Features) -> tuple[Tensor, Tensor]:
        """Compute coordinates (B, K, 2) and the distributions (B, K, H, W) whose means they are."""
        if self.simplebaseline_head is None:
            maps = self.final_layer(feats[-1])  # (B, K, H, W)
        else:
            maps = self.simplebaseline_head(feats)  # (B, K, H, W)
        heatmaps = torch.softmax(self.beta * maps.flatten(2), -1).unflatten(-1, maps.shape[2:])  # (B, K, H, W)
        coordinates = torch.stack(  # (B, K, 2)
            [(heatmaps * self.linspace_x).sum((2, 3)), (heatmaps * self.linspace_y).sum((2, 3))], -1
        )
        if self.debias:
            mass = maps.flatten(2).exp().sum(-1, keepdim=True)  # (B, K, 1)
            coordinates = mass / (mass - 1) * (coordinates - 1 / (2 * mass))  # (B, K, 2)
        return coordinates, heatmaps

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        return {"loss_kpt": self.loss_module(outputs[0], *targets)}

    def decodable(self, outputs: Outputs) -> tuple[Tensor, Tensor]:
        coordinates, heatmaps = outputs
        return coordinates.unsqueeze(1), heatmaps  # (B, 1, K, 2): one instance

    def unflipped(self, outputs: Outputs, batch: SampleBatch, test_cfg: dict[str, Any]) -> tuple[Tensor, Tensor]:
        coordinates, heatmaps = outputs
        heatmaps = heatmaps[:, flip_indices(batch)].flip(-1)  # (B, K, H, W)
        if test_cfg.get("shift_heatmap"):
            heatmaps = torch.cat([heatmaps[..., :1], heatmaps[..., :-1]], -1)  # (B, K, H, W)
        return super().unflipped(coordinates, batch, test_cfg), heatmaps  # (B, 1, K, 2), (B, K, H, W)

    def decode(self, outputs: Outputs) -> list[InstanceData]:
        return super().decode(outputs[0])

    def heatmaps(self, outputs: Outputs, predictions: list[InstanceData]) -> Tensor:
        return outputs[1]


@MODELS.register_module()
class DSNTHead(IntegralRegressionHead):
    """IntegralRegressionHead whose heatmaps are supervised too.

    Args:
        in_channels: channels of the last feature map.
        in_featuremap_size: (w, h) of the last feature map.
        num_joints: number of keypoints.
        lambda_t: epoch from which only the coordinates are supervised; 0 or less for never.
        loss: loss of coordinates and heatmaps; smooth L1 and Jensen-Shannon divergence by default.
        options: further arguments of IntegralRegressionHead.

    Attributes:
        epoch: current epoch, from 0; the training task sets it.

    Source: Nibali et al., arXiv 1801.07372.
    """

    reads = (KEYPOINT_LABELS, HEATMAPS, KEYPOINT_WEIGHTS)

    def __init__(
        self,
        in_channels: int,
        in_featuremap_size: Sequence[int],
        num_joints: int,
        lambda_t: int = -1,
        loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        **options: Any,
    ) -> None:
        both = MultipleLossWrapper([SmoothL1Loss(use_target_weight=True), JSDiscretLoss(use_target_weight=True)])
        super().__init__(in_channels, in_featuremap_size, num_joints, loss=loss or both, decoder=decoder, **options)
        self.lambda_t = lambda_t
        self.epoch = 0

    def set_epoch(self, epoch: int, max_epochs: int) -> None:
        self.epoch = epoch

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        labels, heatmaps, weights = targets
        coordinate_loss, heatmap_loss = self.loss_module(list(outputs), [labels, heatmaps], weights)
        if 0 < self.lambda_t <= self.epoch:
            return {"loss_kpt": coordinate_loss}
        return {"loss_kpt": coordinate_loss + heatmap_loss}
