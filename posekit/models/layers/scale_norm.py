"""Normalisation of vectors by their length."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ScaleNorm(nn.Module):
    """Divides each vector by its root mean square and multiplies it by one learned number.

    Args:
        dim: length of the vectors.
        eps: smallest root mean square.

    Source: Nguyen and Salazar, arXiv 1910.05895.
    """

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.scale = dim**-0.5
        self.eps = eps
        self.g = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        rms = torch.linalg.vector_norm(x, dim=-1, keepdim=True) * self.scale
        return x / rms.clamp(min=self.eps) * self.g
