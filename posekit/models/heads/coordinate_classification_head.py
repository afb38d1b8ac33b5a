"""Base of heads that classify x and y separately (SimCC)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from posekit.codecs.base import BaseCodec
from posekit.models.base_module import InitRules
from posekit.models.heads.base import KEYPOINT_WEIGHTS, BaseHead, Outputs, to_numpy
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.classification_loss import KLDiscretLoss
from posekit.structures import InstanceData


class CoordinateClassificationHead(BaseHead):
    """Base of heads whose outputs are one row of bins for x and one for y: (B, K, Wx) and (B, K, Wy).

    Args:
        input_size: (w, h) of the network's input.
        simcc_split_ratio: bins per input pixel.
        loss: loss of both rows; the weighted divergence by default.
        decoder: codec that finds keypoints in the rows.
        init_cfg: rules for the initial weights.
    """

    reads = (
        ("gt_instance_labels.keypoint_x_labels", "gt_instance_labels.keypoint_y_labels"),
        KEYPOINT_WEIGHTS,
    )
    default_init: ClassVar[InitRules] = [
        {"type": "Normal", "layer": ["Conv2d", "ConvTranspose2d"], "std": 0.001},
        {"type": "Constant", "layer": "BatchNorm2d", "val": 1},
        {"type": "Normal", "layer": ["Linear"], "std": 0.01, "bias": 0},
    ]

    def __init__(
        self,
        input_size: Sequence[int],
        simcc_split_ratio: float,
        loss: BaseLoss | None,
        decoder: BaseCodec | None,
        init_cfg: InitRules,
    ) -> None:
        super().__init__(loss or KLDiscretLoss(use_target_weight=True), decoder, init_cfg)
        self.num_bins_x, self.num_bins_y = (int(side * simcc_split_ratio) for side in input_size)

    def rows(self, outputs: Outputs) -> tuple[Tensor, Tensor]:
        """Return both rows between zero and one; rows with a peak above one are scaled."""
        sigma_x, sigma_y = self.row_sigmas()
        return _normalized(outputs[0], sigma_x), _normalized(outputs[1], sigma_y)  # (B, K, Wx), (B, K, Wy)

    def row_sigmas(self) -> tuple[float | None, float | None]:
        """Return the widths of the labels' Gaussians where the rows are densities of them, else None."""
        return None, None

    def heatmaps(self, outputs: Outputs, predictions: list[InstanceData]) -> Tensor:
        """Return the outer products of the rows, and attach the rows to the predictions."""
        x, y = self.rows(outputs)
        for instances, row_x, row_y in zip(predictions, to_numpy(x), to_numpy(y), strict=True):
            instances.keypoint_x_labels, instances.keypoint_y_labels = row_x[None], row_y[None]
        return y[..., :, None] * x[..., None, :]  # (B, K, Wy, Wx)


def _normalized(row: Tensor, sigma: float | None) -> Tensor:
    row = row.float().clamp(min=0)
    if sigma is not None:
        row = row / (sigma * math.sqrt(2 * math.pi))
    return row / row.amax(-1, keepdim=True).clamp(min=1)  # same shape
