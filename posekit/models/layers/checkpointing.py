"""Recomputing activations in the backward pass instead of keeping them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint


def run_checkpointed(function: Callable[..., Tensor], *inputs: Tensor, enabled: bool) -> Tensor:
    """Call ``function``; where enabled, the backward pass recomputes its inner activations."""
    if enabled and torch.is_grad_enabled():
        return checkpoint(function, *inputs, use_reentrant=False)  # pyright: ignore[reportReturnType]
    return function(*inputs)
