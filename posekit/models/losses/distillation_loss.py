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
        weight: factor of the result.
    """

    def __init__(self, name: str, use_this: bool, weight: float = 1.0) -> None:
        super().__init__(loss_weight=weight)
        self.name = name
        self.use_this = use_this

    def forward(
        self, pred: Sequence[Tensor], pred_t: Sequence[Tensor], beta: float, target_weight: Tensor | None = None
    ) -> Tensor:
        """Compare one tensor (B, K, bins) per axis, sharpened by ``beta``; all keypoints count equally.

        Raises:
            ValueError: if the shapes differ.
        """
        num_samples, num_keypoints = pred[0].shape[:2]
        loss = pred[0].new_zeros(())
        for student, teacher in zip(pred, pred_t, strict=True):
            if student.shape != teacher.shape:
                raise ValueError(
                    f"KDLoss '{self.name}': the student's logits {tuple(student.shape)}, the teacher's "
                    f"{tuple(teacher.shape)}; both models need the same keypoints, input_size and simcc_split_ratio"
                )
            log_student = F.log_softmax(student * beta, -1)  # (B, K, bins)
            loss = loss + F.kl_div(log_student, F.softmax(teacher.detach() * beta, -1), reduction="sum")  # ()
        return loss / max(num_samples * num_keypoints, 1) * self.loss_weight  # ()


@MODELS.register_module()
class FeaLoss(BaseLoss):
    """Squared distance of the student's feature map, converted to the teacher's channels, from the teacher's.

    Args:
        name: name of the loss in logs.
        use_this: whether the distiller uses it.
        student_channels: channels of the student.
        teacher_channels: channels of the teacher.
        alpha_fea: factor of the result.
    """

    def __init__(
        self, name: str, use_this: bool, student_channels: int, teacher_channels: int, alpha_fea: float = 0.00007
    ) -> None:
        super().__init__(loss_weight=alpha_fea)
        self.name = name
        self.use_this = use_this
        self.channels = [student_channels, teacher_channels]
        self.align = nn.Conv2d(student_channels, teacher_channels, 1) if student_channels != teacher_channels else None

    def forward(self, preds_S: Tensor, preds_T: Tensor) -> Tensor:
        """Compare feature maps (B, C, H, W) of student and teacher.

        Raises:
            ValueError: if channels or sizes do not fit.
        """
        channels = [preds_S.shape[1], preds_T.shape[1]]
        if channels != self.channels or preds_S.shape[2:] != preds_T.shape[2:]:
            raise ValueError(
                f"FeaLoss '{self.name}': the student's features {tuple(preds_S.shape)} and the teacher's "
                f"{tuple(preds_T.shape)} must have the same height and width, and student_channels {self.channels[0]} "
                f"and teacher_channels {self.channels[1]}"
            )
        student = preds_S if self.align is None else self.align(preds_S)  # (B, teacher_channels, H, W)
        return F.mse_loss(student, preds_T, reduction="sum") / max(len(preds_T), 1) * self.loss_weight  # ()
