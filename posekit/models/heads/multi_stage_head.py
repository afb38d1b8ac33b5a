"""Base of heads that give heatmaps after every stage of a network."""

from __future__ import annotations

from itertools import repeat
from typing import Any

import torch
from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules
from posekit.models.heads.base import HEATMAPS, KEYPOINT_WEIGHTS, BaseHead, Outputs, SampleBatch
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.heatmap_loss import KeypointMSELoss


class MultiStageHead(BaseHead):
    """Base of heads whose outputs are a list of heatmaps: each is supervised, the last is decoded.

    Args:
        num_outputs: length of that list.
        loss: one loss for all outputs, or a list with one for each; the weighted mean squared error by default.
        decoder: codec that finds keypoints in the heatmaps.
        init_cfg: rules for the initial weights.

    Raises:
        ValueError: if a list of losses has another length.
    """

    reads = (HEATMAPS, KEYPOINT_WEIGHTS)

    def __init__(
        self,
        num_outputs: int,
        loss: BaseLoss | list[BaseLoss] | None,
        decoder: BaseCodec | None,
        init_cfg: InitRules,
    ) -> None:
        if isinstance(loss, list) and len(loss) != num_outputs:
            raise ValueError(f"loss: {len(loss)} losses for {num_outputs} outputs; give one for each or one for all")
        super().__init__(None, decoder, init_cfg)
        self.num_outputs = num_outputs
        self.loss_module = (
            nn.ModuleList(loss) if isinstance(loss, list) else loss or KeypointMSELoss(use_target_weight=True)
        )

    def targets(self, batch: SampleBatch) -> list[Any]:
        """Return the heatmaps and weights that supervise each output."""
        return [[column] * self.num_outputs for column in super().targets(batch)]

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        modules = self.loss_module if isinstance(self.loss_module, nn.ModuleList) else repeat(self.loss_module)
        parts = [loss(*arguments) for loss, *arguments in zip(modules, outputs, *targets, strict=False)]
        return {"loss_kpt": torch.stack(parts).sum()}

    def decodable(self, outputs: Outputs) -> Tensor:
        return outputs[-1]
