"""Losses on coordinates.

Shapes: B batch, T frames, K keypoints, D coordinates of a point (2 or 3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from posekit.models.losses.base import BaseLoss, Reduction, mean
from posekit.registry import MODELS


class _CoordinateLoss(BaseLoss):
    """Base of losses that weight outputs and targets and then compare them number by number."""

    def __init__(
        self, use_target_weight: bool = False, loss_weight: float = 1.0, *, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction=reduction, use_target_weight=use_target_weight, loss_weight=loss_weight)

    def forward(self, output: Tensor, target: Tensor, target_weight: Tensor | None = None) -> Tensor:
        """Compare coordinates (B, ..., K, D); weights have the same leading axes and broadcast over the rest."""
        weights = self.weights(target_weight, output)
        if weights is not None:
            output, target = output * weights, target * weights  # (B, ..., K, D)
        return self.reduce(self.compare(output, target))  # ()

    def compare(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the loss of each number, or the input of ``reduce``."""
        raise NotImplementedError


@MODELS.register_module()
class SmoothL1Loss(_CoordinateLoss):
    """Quadratic below an error of one, linear above."""

    def compare(self, output: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(output, target, reduction="none")  # (B, ..., K, D)


@MODELS.register_module()
class L1Loss(_CoordinateLoss):
    """Absolute error."""

    def __init__(
        self, reduction: Reduction = "mean", use_target_weight: bool = False, loss_weight: float = 1.0
    ) -> None:
        super().__init__(reduction=reduction, use_target_weight=use_target_weight, loss_weight=loss_weight)

    def compare(self, output: Tensor, target: Tensor) -> Tensor:
        return (output - target).abs()  # (B, ..., K, D)


@MODELS.register_module()
class MSELoss(_CoordinateLoss):
    """Squared error."""

    def compare(self, output: Tensor, target: Tensor) -> Tensor:
        return (output - target).square()  # (B, ..., K, D)


@MODELS.register_module()
class MPJPELoss(_CoordinateLoss):
    """Mean distance between predicted and true points."""

    def compare(self, output: Tensor, target: Tensor) -> Tensor:
        return torch.linalg.vector_norm(output - target, dim=-1)  # (B, ..., K)


class _SampleSumLoss(_CoordinateLoss):
    """Base of losses summed over the numbers of a sample and averaged over the batch."""

    def reduce(self, loss: Tensor) -> Tensor:
        return super().reduce(loss.flatten(1).sum(1))  # ()


@MODELS.register_module()
class WingLoss(_SampleSumLoss):
    """Logarithmic for small errors, linear for large ones.

    Args:
        omega: error where the logarithm ends.
        epsilon: curvature of the logarithm.
        use_target_weight: whether keypoints are weighted.
        loss_weight: factor of the result.

    Source: Feng et al., arXiv 1711.06753, eq. 5.
    """

    def __init__(
        self, omega: float = 10.0, epsilon: float = 2.0, use_target_weight: bool = False, loss_weight: float = 1.0
    ) -> None:
        super().__init__(use_target_weight=use_target_weight, loss_weight=loss_weight)
        self.omega = omega
        self.epsilon = epsilon
        self.offset = omega * (1 - math.log(1 + omega / epsilon))

    def compare(self, output: Tensor, target: Tensor) -> Tensor:
        error = (target - output).abs()  # (B, ..., K, D)
        # -> (B, ..., K, D)
        return torch.where(error < self.omega, self.omega * torch.log1p(error / self.epsilon), error - self.offset)


@MODELS.register_module()
class SoftWingLoss(_SampleSumLoss):
    """Linear for small errors, logarithmic for large ones.

    Args:
        omega1: error where the line ends.
        omega2: height of the logarithm.
        epsilon: curvature of the logarithm.
        use_target_weight: whether keypoints are weighted.
        loss_weight: factor of the result.

    Source: Lin et al., Structure-Coherent Deep Feature Learning, TIP 2021.
    """

    def __init__(
        self,
        omega1: float = 2.0,
        omega2: float = 20.0,
        epsilon: float = 0.5,
        use_target_weight: bool = False,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(use_target_weight=use_target_weight, loss_weight=loss_weight)
        self.omega1 = omega1
        self.omega2 = omega2
        self.epsilon = epsilon
        self.offset = omega1 - omega2 * math.log(1 + omega1 / epsilon)

    def compare(self, output: Tensor, target: Tensor) -> Tensor:
        error = (target - output).abs()  # (B, ..., K, D)
        # -> (B, ..., K, D)
        return torch.where(error < self.omega1, error, self.omega2 * torch.log1p(error / self.epsilon) + self.offset)


@MODELS.register_module()
class SoftWeightSmoothL1Loss(BaseLoss):
    """Smooth L1 loss whose weights multiply the loss, not the coordinates.

    Args:
        use_target_weight: whether numbers are weighted.
        supervise_empty: whether the mean is over all numbers; otherwise it is over those with a positive weight.
        beta: error where the parabola turns into a line.
        loss_weight: factor of the result.
    """

    def __init__(
        self,
        use_target_weight: bool = False,
        supervise_empty: bool = True,
        beta: float = 1.0,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(use_target_weight=use_target_weight, loss_weight=loss_weight)
        self.supervise_empty = supervise_empty
        self.beta = beta

    def forward(self, output: Tensor, target: Tensor, target_weight: Tensor | None = None) -> Tensor:
        """Compare tensors of one shape; weights have the same leading axes."""
        loss = F.smooth_l1_loss(output, target, reduction="none", beta=self.beta)  # same shape
        weights = self.weights(target_weight, loss)
        if weights is not None:
            loss = loss * weights  # same shape
            if not self.supervise_empty:
                return loss.sum() / (weights > 0).sum().clamp(min=1) * self.loss_weight  # ()
        return self.reduce(loss)  # ()


@MODELS.register_module()
class MPJPEVelocityJointLoss(BaseLoss):
    """Distance of points, distance after the best common scale, and distance of frame-to-frame motions.

    Args:
        use_target_weight: whether coordinates are weighted.
        loss_weight: factor of the result.
        lambda_scale: weight of the scaled distance.
        lambda_3d_velocity: weight of the motion.

    Source: MotionBERT, arXiv 2210.06551, section 4.
    """

    def __init__(
        self,
        use_target_weight: bool = False,
        loss_weight: float = 1.0,
        lambda_scale: float = 0.5,
        lambda_3d_velocity: float = 20.0,
    ) -> None:
        super().__init__(use_target_weight=use_target_weight, loss_weight=loss_weight)
        self.lambda_scale = lambda_scale
        self.lambda_3d_velocity = lambda_3d_velocity

    def forward(self, output: Tensor, target: Tensor, target_weight: Tensor | None = None) -> Tensor:
        """Compare coordinates (B, T, K, D); weights broadcast over them."""
        weights = self.weights(target_weight, output)
        # The scale that brings a frame's output closest to its target in the least-squares sense.
        # -> (B, T, 1, 1)
        scale = (target * output).sum((-2, -1), keepdim=True) / output.square().sum((-2, -1), keepdim=True)
        error = output - target  # (B, T, K, D)
        scaled_error = scale * output - target  # (B, T, K, D)
        motion_error = error.diff(dim=-3)  # (B, T - 1, K, D)
        if weights is not None:
            motion_error = motion_error * (weights[:, 1:] if weights.shape[1] == error.shape[1] else weights)
            error, scaled_error = error * weights, scaled_error * weights
        loss = _mean_length(error) + self.lambda_scale * _mean_length(scaled_error)  # ()
        return (loss + self.lambda_3d_velocity * _mean_length(motion_error)) * self.loss_weight  # ()


def _mean_length(vectors: Tensor) -> Tensor:
    return mean(torch.linalg.vector_norm(vectors, dim=-1))  # ()


@MODELS.register_module()
class BoneLoss(BaseLoss):
    """Difference between the mean bone lengths of two batches of poses.

    Args:
        joint_parents: parent of each joint; a joint that is its own parent has no bone.
        use_target_weight: whether bones are weighted.
        loss_weight: factor of the result.
        loss_name: name of the loss in logs.
    """

    def __init__(
        self,
        joint_parents: Sequence[int],
        use_target_weight: bool = False,
        loss_weight: float = 1.0,
        loss_name: str = "loss_bone",
    ) -> None:
        super().__init__(use_target_weight=use_target_weight, loss_weight=loss_weight)
        self.joints = [joint for joint, parent in enumerate(joint_parents) if joint != parent]
        self.parents = [joint_parents[joint] for joint in self.joints]
        self.loss_name = loss_name

    def forward(self, output: Tensor, target: Tensor, target_weight: Tensor | None = None) -> Tensor:
        """Compare poses (B, K, D), which need not correspond to each other; weights are (B, K)."""
        lengths, target_lengths = self.bone_lengths(output), self.bone_lengths(target)  # (B, bones) each
        weights = self.weights(target_weight, lengths)
        if weights is not None:
            lengths, target_lengths = lengths * weights[:, self.joints], target_lengths * weights[:, self.joints]
        return self.reduce((_batch_mean(lengths) - _batch_mean(target_lengths)).abs())  # ()

    def bone_lengths(self, poses: Tensor) -> Tensor:
        """Return the lengths (B, bones) of poses (B, K, D)."""
        return torch.linalg.vector_norm(poses[:, self.joints] - poses[:, self.parents], dim=-1)  # (B, bones)


def _batch_mean(values: Tensor) -> Tensor:
    return values.sum(0) / max(len(values), 1)  # (bones,)
