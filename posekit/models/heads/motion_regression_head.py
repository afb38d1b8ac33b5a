"""The head of MotionBERT."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, ClassVar

from torch import Tensor, nn

from posekit.codecs.base import BaseCodec
from posekit.codecs.flips import flip_coordinates
from posekit.models.base_module import InitRules
from posekit.models.heads.base import Outputs, SampleBatch, as_columns, flip_indices, stack_metainfo
from posekit.models.heads.lifting_head import LIFTING_TARGET, LIFTING_WEIGHT, LiftingHead
from posekit.models.losses.base import BaseLoss
from posekit.models.losses.regression_loss import MSELoss
from posekit.registry import MODELS


@MODELS.register_module()
class MotionRegressionHead(LiftingHead):
    """Two layers that map each joint's features in each frame to coordinates.

    Shapes: B batch, T frames, K joints, C channels.

    Args:
        in_channels: channels of the features.
        out_channels: number of coordinates of a joint.
        embedding_size: channels between the layers.
        loss: loss of the joints; the weighted squared error by default.
        decoder: codec that turns the outputs into joints in metres.
        init_cfg: rules for the initial weights.

    Source: Zhu et al., arXiv 2210.06551.
    """

    default_init: ClassVar[InitRules] = [{"type": "TruncNormal", "layer": ["Linear"], "std": 0.02}]

    def __init__(
        self,
        in_channels: int = 256,
        out_channels: int = 3,
        embedding_size: int = 512,
        loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(loss or MSELoss(use_target_weight=True), decoder, init_cfg)
        self.pre_logits = nn.Sequential(
            OrderedDict[str, nn.Module](fc=nn.Linear(in_channels, embedding_size), act=nn.Tanh())
        )
        self.fc = nn.Linear(embedding_size, out_channels)

    def forward(self, feats: Tensor) -> Tensor:
        """Compute joints (B, T, K, out_channels) from features (B, T, K, C)."""
        return self.fc(self.pre_logits(feats))  # (B, T, K, out_channels)

    def targets(self, batch: SampleBatch) -> list[Any]:
        """Return joints (B, T, K, 3) and weights (B, T, K)."""
        columns = as_columns(batch)
        return [columns.column(LIFTING_TARGET), columns.column(LIFTING_WEIGHT)]

    def unflipped(self, outputs: Outputs, batch: SampleBatch, test_cfg: dict[str, Any]) -> Tensor:
        # x reaches from -1 to 1 across the image, so that mirroring changes its sign: 1 - x - 1.
        shift = test_cfg.get("shift_coords", True)
        return flip_coordinates(outputs, flip_indices(batch), shift_coords=shift, input_width=1)

    def completed(self, outputs: Outputs, batch: SampleBatch) -> tuple[Any, ...]:
        cameras: list[Any] = [info.get("camera_param") for info in as_columns(batch).metainfos]
        sizes = [outputs.new_tensor([camera[side] for camera in cameras]) if all(cameras) else None for side in "wh"]
        return (outputs, *sizes, stack_metainfo(batch, "factor", outputs))
