"""Losses between a student and its teacher.

Source: DWPose, arXiv 2307.15880.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from posekit.models.losses.base import BaseLoss
from posekit.registry import MODELS


@MODELS.register_module()
class KDLoss(BaseLoss):
    """Divergence of the student's SimCC outputs from the teacher's.

    Args:
        name: name of the loss in logs.
        use_this: whether the distiller uses it.
        weight: factor on the result.
    """

    def __init__(self, name: str, use_this: bool, weight: float = 1.0) -> None:
        super().__init__(loss_weight=weight)
        self.name = name
        self.use_this = use_this

    def forward(
        self, pred: Sequence[Tensor], pred_t: Sequence[Tensor], beta: float, target_weight: Tensor | None = None
    ) -> Tensor:
        """Compare one (B, K, bins) tensor per axis, sharpened by ``beta``; every keypoint counts."""
        num_samples, num_keypoints = pred[0].shape[:2]
        loss = pred[0].new_zeros(())
        for student, teacher in zip(pred, pred_t, strict=True):
            log_student = F.log_softmax(student * beta, -1)
            loss = loss + F.kl_div(log_student, F.softmax(teacher.detach() * beta, -1), reduction="sum")
        return loss / (num_samples * num_keypoints) * self.loss_weight


@MODELS.register_module()
class FeaLoss(BaseLoss):
    """Squared distance of the student's feature map, brought to the teacher's channels, from the teacher's.

    Args:
        name: name of the loss in logs.
        use_this: whether the distiller uses it.
        student_channels: channels of the student.
        teacher_channels: channels of the teacher.
        alpha_fea: factor on the result.
    """

    def __init__(
        self, name: str, use_this: bool, student_channels: int, teacher_channels: int, alpha_fea: float = 0.00007
    ) -> None:
        super().__init__(loss_weight=alpha_fea)
        self.name = name
        self.use_this = use_this
        self.align = nn.Conv2d(student_channels, teacher_channels, 1) if student_channels != teacher_channels else None

    def forward(self, preds_S: Tensor, preds_T: Tensor) -> Tensor:
        """Compare (B, C, H, W) feature maps of student and teacher."""
        student = preds_S if self.align is None else self.align(preds_S)
        return F.mse_loss(student, preds_T, reduction="sum") / len(preds_T) * self.loss_weight
