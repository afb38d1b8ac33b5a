"""Base of all losses: their role, weighting and reduction."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from posekit.console import check_choice
from posekit.registry import MODELS

Reduction = Literal["mean", "sum", "none"]
REDUCTIONS = ("mean", "sum", "none")


class BaseLoss(nn.Module):
    """Role of everything that turns outputs and targets into a value to minimise.

    Args:
        loss_weight: factor of the result.
        use_target_weight: whether ``forward`` applies its target weights.
        reduction: way from element losses to one value: mean, sum or none.
    """

    registry = MODELS

    def __init__(
        self, *, loss_weight: float = 1.0, use_target_weight: bool = False, reduction: Reduction = "mean"
    ) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.use_target_weight = use_target_weight
        self.reduction = check_choice("reduction", reduction, REDUCTIONS)

    def weights(self, target_weight: Tensor | None, like: Tensor) -> Tensor | None:
        """Return the weights with trailing axes added to broadcast over ``like``; None when they are not used.

        Raises:
            ValueError: if weights are used but missing.
        """
        if not self.use_target_weight:
            return None
        if target_weight is None:
            raise ValueError(f"{type(self).__name__}: use_target_weight=True, but no target weights were given")
        return trailing_axes(target_weight, like.ndim)

    def reduce(self, loss: Tensor, avg_factor: Tensor | float | None = None) -> Tensor:
        """Apply the reduction and the loss weight; ``avg_factor`` replaces the number of elements in a mean."""
        if self.reduction == "mean":
            loss = mean(loss) if avg_factor is None else loss.sum() / avg_factor  # ()
        elif self.reduction == "sum":
            loss = loss.sum()  # ()
        return loss * self.loss_weight


def mean(values: Tensor) -> Tensor:
    """Return the mean of all numbers, or zero without any, as for a batch without instances."""
    return values.mean() if values.numel() else values.sum()  # ()


def trailing_axes(tensor: Tensor, ndim: int) -> Tensor:
    """Append axes of length one until ``tensor`` has ``ndim`` of them."""
    return tensor.reshape(tensor.shape + (1,) * (ndim - tensor.ndim))  # (..., 1, ...) of ndim axes


def at_least_float32(tensor: Tensor) -> Tensor:
    """Convert half precision to single; double stays double."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def by_mode(similarity: Tensor, mode: str, *, eps: float = 0.0) -> Tensor:
    """Turn a similarity in 0..1 into a loss: ``linear`` 1 - s, ``square`` 1 - s^2, ``log`` -ln(s + eps)."""
    if mode == "linear":
        return 1 - similarity
    if mode == "square":
        return 1 - similarity.square()
    return -torch.log(similarity + eps)


def mean_count(count: Tensor | float, device: torch.device) -> Tensor:
    """Return the number to average a loss over, at least one: the mean over the devices that train together."""
    total = torch.as_tensor(count, dtype=torch.float32, device=device).clone()
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(total)
        total /= torch.distributed.get_world_size()
    return total.clamp(min=1)
