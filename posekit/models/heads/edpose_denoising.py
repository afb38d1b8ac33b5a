"""Queries of noised boxes, from which the decoder has to recover the boxes; they need no matching."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from posekit.structures import InstanceData


class Noised(NamedTuple):
    """S noised queries for each of B images.

    Attributes:
        labels: (B, S) classes, some of them wrong.
        boxes: (B, S, 4) centre and size as shares of the image, noised.
        groups: (S,) index of the repetition of the instances that each query belongs to.
        index: (V,) indices, among all B * S queries, of those with an instance; images have different numbers of them.
        truth: instance of each of these V queries.
    """

    labels: Tensor
    boxes: Tensor
    groups: Tensor
    index: Tensor
    truth: InstanceData


class Denoising(NamedTuple):
    """Settings of the noise.

    Attributes:
        dn_box_noise_scale: greatest shift of a box's edges relative to half its size, and greatest change of its size.
        dn_label_noise_ratio: share of the classes that are drawn anew.
        dn_labelbook_size: number of classes to draw from.
        dn_attn_mask_type_list: accepted from older configs; groups never see each other.

    Source: Li et al., DN-DETR, arXiv 2203.01305, section 4; Yang et al., arXiv 2302.01593.
    """

    dn_box_noise_scale: float = 0.4
    dn_label_noise_ratio: float = 0.5
    dn_labelbook_size: int = 100
    dn_attn_mask_type_list: Sequence[str] = ()

    def make(self, truths: Sequence[InstanceData], num_queries: int) -> Noised:
        """Repeat the instances of each image in up to ``num_queries`` queries, and add noise.

        Each group holds the instances of an image once; instances beyond ``num_queries`` are left out.
        """
        truths = [truth[:num_queries] for truth in truths]
        size = max(1, *(len(truth) for truth in truths))
        repeats = num_queries // size
        labels = pad_sequence([truth.labels for truth in truths], batch_first=True)  # (B, size)
        boxes = pad_sequence([truth.boxes for truth in truths], batch_first=True)  # (B, size, 4)
        missing = size - labels.shape[1]  # 1 where no image has any instance
        labels = F.pad(labels, (0, missing)).repeat(1, repeats)  # (B, S)
        boxes = F.pad(boxes, (0, 0, 0, missing)).repeat(1, repeats, 1)  # (B, S, 4)
        slots = torch.arange(len(truths) * repeats * size, device=labels.device).view(len(truths), repeats, size)
        index = [slot[:, : len(truth)].flatten() for slot, truth in zip(slots, truths, strict=True)]
        repeated = InstanceData.cat([truth for truth in truths for _ in range(repeats)])
        groups = torch.arange(repeats, device=labels.device).repeat_interleave(size)  # (S,)
        return Noised(self.noised_labels(labels), self.noised_boxes(boxes), groups, torch.cat(index), repeated)

    def noised_labels(self, labels: Tensor) -> Tensor:
        """Draw some of the classes anew."""
        chosen = torch.rand(labels.shape, device=labels.device) < self.dn_label_noise_ratio
        return torch.where(chosen, torch.randint_like(labels, self.dn_labelbook_size), labels)  # (B, S)

    def noised_boxes(self, boxes: Tensor) -> Tensor:
        """Shift and resize boxes (..., 4)."""
        size = boxes[..., 2:]
        noise = (torch.rand_like(boxes) * 2 - 1) * torch.cat([size / 2, size], -1)  # (..., 4)
        return (boxes + noise * self.dn_box_noise_scale).clamp(0, 1)  # (..., 4)
