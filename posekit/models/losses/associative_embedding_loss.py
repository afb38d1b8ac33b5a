"""Grouping loss of associative embedding."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from posekit.models.losses.base import BaseLoss
from posekit.registry import MODELS


@MODELS.register_module()
class AssociativeEmbeddingLoss(BaseLoss):
    """Pulls the tags of one instance together and pushes those of different instances apart.

    Args:
        loss_weight: factor of both parts.
        push_loss_factor: factor of the push part.

    Source: Newell et al., arXiv 1611.05424, section 3.2.
    """

    def __init__(self, loss_weight: float = 1.0, push_loss_factor: float = 0.5) -> None:
        super().__init__(loss_weight=loss_weight)
        self.push_loss_factor = push_loss_factor

    def forward(self, tags: Tensor, keypoint_indices: Tensor | Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the pull and the push part, summed over the batch.

        Args:
            tags: (B, L K, H, W), L tags for each of K keypoints.
            keypoint_indices: (N, K, 2) for each image: the cell ``y * W + x`` and whether the keypoint is visible.
        """
        # -> B x (), ()
        pairs = [self.image_losses(image, index) for image, index in zip(tags, keypoint_indices, strict=True)]
        pull = torch.stack([pull for pull, _ in pairs]).sum()
        push = torch.stack([push for _, push in pairs]).sum()
        return pull * self.loss_weight, push * self.loss_weight * self.push_loss_factor  # (), ()

    @staticmethod
    def image_losses(tags: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Return both parts for one image's tags (L K, H, W) and indices (N, K, 2)."""
        seen = indices[..., 1] > 0  # (N, K)
        indices, seen = indices[seen.any(1)], seen[seen.any(1)]
        num_instances, num_keypoints = seen.shape
        maps = tags.reshape(-1, num_keypoints, tags.shape[-2] * tags.shape[-1])  # (L, K, H W)
        cells = indices[..., 0].long().clamp(0, maps.shape[-1] - 1)  # (N, K)
        at_keypoints = maps[:, torch.arange(num_keypoints, device=tags.device), cells]  # (L, N, K)
        weight = seen / seen.sum(1, keepdim=True)  # (N, K)
        centers = (at_keypoints * weight).sum(-1)  # (L, N)
        pull = ((at_keypoints - centers[..., None]).square() * weight).sum((1, 2)).mean()  # ()
        distance2 = (centers[:, :, None] - centers[:, None]).square()  # (L, N, N)
        push = torch.exp(-distance2).sum() if num_instances > 1 else centers.sum() * 0
        return pull / max(num_instances, 1), push / max(num_instances * (num_instances - 1), 1)  # (), ()
