"""The points from which dense heads predict."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from posekit.registry import MODELS


@MODELS.register_module()
class MlvlPointGenerator:
    """One point for each cell of each feature map, in pixels of the input.

    Args:
        strides: input pixels per cell, one number or (x, y) for each map.
        offset: position of the point in its cell, as a share of the cell.
        centralize_points: whether points lie in the middle of the cell's pixels, half a pixel before its centre.
    """

    registry = MODELS

    def __init__(
        self, strides: Sequence[int | tuple[int, int]], offset: float = 0.5, centralize_points: bool = False
    ) -> None:
        self.strides_xy = [(stride, stride) if isinstance(stride, int) else tuple(stride) for stride in strides]
        self.offset = offset
        self.centralize_points = centralize_points

    def points(self, maps: Sequence[Tensor]) -> Tensor:
        """Return (P, 4): x, y, stride x, stride y of the cells of maps (B, C, H, W), row by row and map by map.

        Raises:
            ValueError: if the numbers of maps and strides differ.
        """
        if len(maps) != len(self.strides_xy):
            raise ValueError(
                f"MlvlPointGenerator has strides for {len(self.strides_xy)} feature maps, but was given {len(maps)}; "
                "give prior_generator.strides one entry per map"
            )
        # -> (H * W, 4) each
        levels = [self.level(feat, stride) for feat, stride in zip(maps, self.strides_xy, strict=True)]
        return torch.cat(levels)  # (P, 4)

    def level(self, feat: Tensor, stride_xy: tuple[int, ...]) -> Tensor:
        """Return (H * W, 4) for one map."""
        sides = [
            torch.arange(cells, device=feat.device, dtype=torch.float32) * stride + self.shift(stride)
            for cells, stride in zip(reversed(feat.shape[2:]), stride_xy, strict=True)
        ]
        y, x = torch.meshgrid(sides[1], sides[0], indexing="ij")  # (H, W) each
        # -> (H * W, 4)
        return torch.stack([x, y, torch.full_like(x, stride_xy[0]), torch.full_like(x, stride_xy[1])], -1).flatten(0, 1)

    def shift(self, stride: int) -> float:
        return (stride - 1) / 2 if self.centralize_points else self.offset * stride
