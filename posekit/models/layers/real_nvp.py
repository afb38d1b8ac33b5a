"""RealNVP, an invertible map between an unknown distribution of points and a Gaussian."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class RealNVP(nn.Module):
    """Six affine coupling layers over 2D points; each moves one coordinate depending on the other.

    Source: Dinh et al., arXiv 1605.08803.
    """

    mask: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("loc", torch.zeros(2))
        self.register_buffer("cov", torch.eye(2))
        self.register_buffer("mask", torch.eye(2).flip(0).repeat(3, 1))
        self.s = nn.ModuleList(_coupling_net(nn.Tanh()) for _ in self.mask)
        self.t = nn.ModuleList(_coupling_net() for _ in self.mask)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight, gain=0.01)

    def backward_p(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Map points (..., 2) to the latent space; return them and the log-determinant of the map (...)."""
        log_det = points.new_zeros(points.shape[:-1])
        for keep, scale_net, shift_net in zip(self.mask.flip(0), reversed(self.s), reversed(self.t), strict=True):
            fixed = keep * points
            log_scale = scale_net(fixed) * (1 - keep)  # (..., 2)
            shift = shift_net(fixed) * (1 - keep)  # (..., 2)
            points = fixed + (1 - keep) * (points - shift) * torch.exp(-log_scale)  # (..., 2)
            log_det = log_det - log_scale.sum(-1)  # (...)
        return points, log_det

    def log_prob(self, points: Tensor) -> Tensor:
        """Return the log-density (...) of points (..., 2)."""
        latent, log_det = self.backward_p(points)  # (..., 2), (...)
        return log_det - 0.5 * latent.square().sum(-1) - math.log(2 * math.pi)  # (...)


def _coupling_net(*last: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(), nn.Linear(64, 64), nn.LeakyReLU(), nn.Linear(64, 2), *last)
