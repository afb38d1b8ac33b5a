"""Two ways to run a residual branch: recomputing its activations in the backward pass, and leaving out samples."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def run_checkpointed(function: Callable[..., Tensor], *inputs: Tensor, enabled: bool) -> Tensor:
    """Call ``function``; where enabled, the backward pass recomputes its inner activations."""
    if enabled and torch.is_grad_enabled():
        return checkpoint(function, *inputs, use_reentrant=False)  # pyright: ignore[reportReturnType]
    return function(*inputs)


class DropPath(nn.Module):
    """Drops whole samples of a residual branch in training and scales up the others.

    Source: Huang et al., arXiv 1603.09382.
    """

    def __init__(self, drop_prob: float = 0.0) -> None:
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.drop_prob == 0.0:
            return x
        keep_prob = 1.0 - self.drop_prob
        factors = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1))  # (B, 1, ...)
        return x * factors.bernoulli_(keep_prob).div_(keep_prob)  # same shape as x
