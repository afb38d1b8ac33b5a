"""The encoder of Deformable DETR, and the feature maps it works on as one row of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.layers.deformable_attention import MapSizes, MultiScaleDeformableAttention
from posekit.models.layers.detr_layers import DetrEncoderLayer, without_implied
from posekit.models.layers.transformer import LN


@dataclass(frozen=True)
class Tokens:
    """Feature maps of B padded pictures, their M cells one after another.

    Attributes:
        values: (B, M, C).
        padding: (B, M), true where the picture does not reach.
        sizes_hw: of each of the L maps.
        valid_ratios: (B, L, 2) share of each map's columns and rows that the picture fills.
    """

    values: Tensor
    padding: Tensor
    sizes_hw: MapSizes
    valid_ratios: Tensor

    @property
    def levels(self) -> Tensor:
        """(M,) the map that each token is from."""
        counts = torch.tensor([rows * columns for rows, columns in self.sizes_hw], device=self.values.device)
        return torch.arange(len(counts), device=self.values.device).repeat_interleave(counts)

    @property
    def centers(self) -> Tensor:
        """(B, M, 2) the tokens' places as shares of the picture, x first."""
        grids: list[Tensor] = []
        for level, (rows, columns) in enumerate(self.sizes_hw):
            y, x = (torch.arange(count, device=self.values.device) + 0.5 for count in (rows, columns))
            cells = torch.cartesian_prod(y, x).flip(-1)
            size = self.valid_ratios.new_tensor([columns, rows])
            grids.append(cells / (self.valid_ratios[:, None, level] * size))
        return torch.cat(grids, 1)

    def on_maps(self, places: Tensor) -> Tensor:
        """Turn points or boxes (B, Q, 2 | 4), shares of the picture, into shares (B, Q, L, 2 | 4) of each map."""
        ratios = self.valid_ratios.repeat(1, 1, places.shape[-1] // 2)
        return places[:, :, None] * ratios[:, None]


def map_padding(pictures_hw: Sequence[tuple[int, int]], batch_hw: tuple[int, int], like: Tensor) -> Tensor:
    """Return (B, rows, columns), true in cells of the maps ``like`` (B, C, rows, columns) beyond the pictures."""
    masks = like.new_ones((1, len(pictures_hw), *batch_hw), dtype=torch.float32)
    for mask, (height, width) in zip(masks[0], pictures_hw, strict=True):
        mask[:height, :width] = 0
    return F.interpolate(masks, size=like.shape[-2:])[0].bool()


def as_tokens(feats: Sequence[Tensor], padding: Sequence[Tensor]) -> Tokens:
    """Put feature maps (B, C, rows, columns) with paddings (B, rows, columns) into a row."""
    ratios = [torch.stack([(~one[:, 0]).float().mean(-1), (~one[:, :, 0]).float().mean(-1)], -1) for one in padding]
    return Tokens(
        torch.cat([one.flatten(2).transpose(1, 2) for one in feats], 1),
        torch.cat([one.flatten(1) for one in padding], 1),
        [(one.shape[2], one.shape[3]) for one in feats],
        torch.stack(ratios, 1),
    )


class DeformableEncoder(nn.Module):
    """Layers in which every token looks at a few places around its own, on all maps.

    Args:
        num_layers: how many.
        layer_cfg: ``self_attn_cfg``, the settings of MultiScaleDeformableAttention, ``ffn_cfg`` and, if need be,
            ``norm_cfg``.

    Source: Zhu et al., arXiv 2010.04159.
    """

    def __init__(self, num_layers: int, layer_cfg: Settings) -> None:
        super().__init__()
        self.layers = nn.ModuleList(deformable_encoder_layer(**layer_cfg) for _ in range(num_layers))

    def forward(self, tokens: Tokens, positions: Tensor) -> Tokens:
        """Transform the tokens; ``positions`` (B, M, C) tell where each is."""
        look: dict[str, Any] = {
            "reference": tokens.on_maps(tokens.centers),
            "sizes_hw": tokens.sizes_hw,
            "query_pos": positions,
            "padding": tokens.padding,
        }
        values = tokens.values
        for layer in self.layers:
            values = layer(values, **look)
        return replace(tokens, values=values)


def deformable_encoder_layer(self_attn_cfg: Settings, ffn_cfg: Settings, norm_cfg: Settings = LN) -> DetrEncoderLayer:
    """Build a layer with deformable attention."""
    attention = MultiScaleDeformableAttention(**without_implied(self_attn_cfg))
    return DetrEncoderLayer(attention, attention.output_proj.out_features, ffn_cfg, norm_cfg)
