"""Attention that samples a few points of several feature maps, and the encoder of Deformable DETR built from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.models.layers.detr_layers import DetrEncoderLayer, without_implied
from posekit.models.layers.transformer import LN

MapSizes: TypeAlias = Sequence[tuple[int, int]]
"""Rows and columns of each feature map."""


def sum_samples(value: Tensor, sizes_hw: MapSizes, places: Tensor, weights: Tensor) -> Tensor:
    """Sample the maps between their cells and sum the samples, weighted.

    Shapes: B batch, M cells of all maps one after another, H heads, D channels of a head, Q queries, L maps, P points.

    Args:
        value: (B, M, H, D).
        sizes_hw: rows and columns of each map; the cells of all maps are M.
        places: (B, Q, H, L, P, 2) sampled points, x and y as shares of the map, which is zero beyond its edges.
        weights: (B, Q, H, L, P).

    Returns:
        (B, Q, H * D).
    """
    batch, _, heads, _ = value.shape
    # -> L x (B * H, D, M_l)
    maps = value.permute(0, 2, 3, 1).flatten(0, 1).split([rows * columns for rows, columns in sizes_hw], -1)
    grids = (2 * places - 1).transpose(1, 2).flatten(0, 1)  # (B * H, Q, L, P, 2)
    weights = weights.transpose(1, 2).flatten(0, 1)  # (B * H, Q, L, P)
    total = value.new_zeros(())
    for level, (cells, size) in enumerate(zip(maps, sizes_hw, strict=True)):
        # -> (B * H, D, Q, P)
        samples = F.grid_sample(cells.unflatten(-1, size).to(grids), grids[:, :, level], align_corners=False)
        total = total + (samples * weights[:, None, :, level]).sum(-1)  # (B * H, D, Q)
    return total.unflatten(0, (batch, heads)).flatten(1, 2).transpose(1, 2)  # (B, Q, H * D)


class MultiScaleDeformableAttention(nn.Module):
    """Each query samples P points of each map, at offsets and with weights that it computes itself.

    Shapes: as for ``sum_samples``; C ``embed_dims``, V = H * D channels of the values.

    Args:
        embed_dims: channels of queries and maps.
        num_heads: number of heads, which share the channels of the values.
        num_levels: number of maps.
        num_points: number of points per map, P.
        dropout: dropout of the result.
        value_proj_ratio: channels of the values relative to ``embed_dims``.

    Raises:
        ValueError: if the heads cannot share the channels evenly.

    Source: Zhu et al., arXiv 2010.04159, eq. 3.
    """

    def __init__(
        self,
        embed_dims: int = 256,
        num_heads: int = 8,
        num_levels: int = 4,
        num_points: int = 4,
        *,
        dropout: float = 0.0,
        value_proj_ratio: float = 1.0,
    ) -> None:
        super().__init__()
        value_dims = int(embed_dims * value_proj_ratio)
        if value_dims % num_heads:
            raise ValueError(
                f"MultiScaleDeformableAttention: {value_dims} channels cannot be shared evenly by "
                f"num_heads={num_heads}; choose a divisor"
            )
        self.shape = (num_heads, num_levels, num_points)
        self.sampling_offsets = nn.Linear(embed_dims, math.prod(self.shape) * 2)
        self.attention_weights = nn.Linear(embed_dims, math.prod(self.shape))
        self.value_proj = nn.Linear(embed_dims, value_dims)
        self.output_proj = nn.Linear(value_dims, embed_dims)
        self.dropout = nn.Dropout(dropout)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Let each head look in its own direction, at points 1, 2, 3 ... cells away with equal weights."""
        heads, _, points = self.shape
        angle = torch.arange(heads) * (2 * math.pi / heads)
        direction = torch.stack([angle.cos(), angle.sin()], -1)
        direction = direction / direction.abs().amax(-1, keepdim=True)
        steps = torch.arange(1, points + 1)[:, None]
        offsets = (direction[:, None, None] * steps).expand(*self.shape, 2)
        for layer in (self.sampling_offsets, self.attention_weights):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.sampling_offsets.bias.copy_(offsets.flatten())
        for layer in (self.value_proj, self.output_proj):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        query: Tensor,
        value: Tensor | None = None,
        *,
        reference: Tensor,
        sizes_hw: MapSizes,
        query_pos: Tensor | None = None,
        padding: Tensor | None = None,
    ) -> Tensor:
        """Look around each query's reference.

        Args:
            query: (B, Q, C).
            value: (B, M, C) cells of all maps; the queries by default.
            reference: (B, Q, L, 2) points, around which offsets are measured in cells, or (B, Q, L, 4) centres and
                sizes of boxes, relative to which offsets are measured; both as shares of each map.
            sizes_hw: rows and columns of each map.
            query_pos: (B, Q, C), added to the queries.
            padding: (B, M), true in cells to ignore.

            Returns:
                (B, Q, C).
        """
        values = self.value_proj(query if value is None else value)  # (B, M, V)
        if padding is not None:
            values = values.masked_fill(padding[..., None], 0.0)
        query = query if query_pos is None else query + query_pos
        offsets = self.sampling_offsets(query).unflatten(-1, (*self.shape, 2)).to(reference.dtype)  # (B, Q, H, L, P, 2)
        weights = self.attention_weights(query).unflatten(-1, (self.shape[0], -1)).softmax(-1)  # (B, Q, H, L * P)
        places = reference[:, :, None, :, None, :2] + offsets * self.unit(reference, sizes_hw)  # (B, Q, H, L, P, 2)
        weights = weights.unflatten(-1, self.shape[1:]).to(reference.dtype)  # (B, Q, H, L, P)
        out = sum_samples(values.unflatten(-1, (self.shape[0], -1)), sizes_hw, places, weights)  # (B, Q, V)
        return self.dropout(self.output_proj(out))  # (B, Q, C)

    def unit(self, reference: Tensor, sizes_hw: MapSizes) -> Tensor:
        """Return the length of an offset of one, broadcastable to (B, Q, H, L, P, 2)."""
        if reference.shape[-1] == 4:
            return reference[:, :, None, :, None, 2:] / (2 * self.shape[2])  # (B, Q, 1, L, 1, 2)
        cells_wh = reference.new_tensor([(columns, rows) for rows, columns in sizes_hw])  # (L, 2)
        return 1 / cells_wh[:, None]  # (L, 1, 2)


@dataclass(frozen=True)
class Tokens:
    """Feature maps of B padded images, their M cells one after another.

    Attributes:
        values: (B, M, C).
        padding: (B, M), true outside the image.
        sizes_hw: rows and columns of each of the L maps.
        valid_ratios: (B, L, 2) share of each map's columns and rows that the image fills.
    """

    values: Tensor
    padding: Tensor
    sizes_hw: MapSizes
    valid_ratios: Tensor

    @property
    def levels(self) -> Tensor:
        """(M,) index of the map that each token belongs to."""
        counts = torch.tensor([rows * columns for rows, columns in self.sizes_hw], device=self.values.device)
        return torch.arange(len(counts), device=self.values.device).repeat_interleave(counts)

    @property
    def centers(self) -> Tensor:
        """(B, M, 2) positions of the tokens as shares of the image, x first."""
        grids: list[Tensor] = []
        for level, (rows, columns) in enumerate(self.sizes_hw):
            y, x = (torch.arange(count, device=self.values.device) + 0.5 for count in (rows, columns))
            cells = torch.cartesian_prod(y, x).flip(-1)  # (rows * columns, 2)
            size = self.valid_ratios.new_tensor([columns, rows])
            grids.append(cells / (self.valid_ratios[:, None, level] * size))
        return torch.cat(grids, 1)  # (B, M, 2)

    def on_maps(self, places: Tensor) -> Tensor:
        """Convert points or boxes (B, Q, 2 | 4), shares of the image, into shares (B, Q, L, 2 | 4) of each map."""
        ratios = self.valid_ratios.repeat(1, 1, places.shape[-1] // 2)  # (B, L, 2 | 4)
        return places[:, :, None] * ratios[:, None]  # (B, Q, L, 2 | 4)


def map_padding(images_hw: Sequence[tuple[int, int]], batch_hw: tuple[int, int], like: Tensor) -> Tensor:
    """Return (B, rows, columns), true in those cells of the maps ``like`` (B, C, rows, columns) outside the images."""
    masks = like.new_ones((1, len(images_hw), *batch_hw), dtype=torch.float32)  # (1, B, height, width)
    for mask, (height, width) in zip(masks[0], images_hw, strict=True):
        mask[:height, :width] = 0
    return F.interpolate(masks, size=like.shape[-2:])[0].bool()  # (B, rows, columns)


def as_tokens(feats: Sequence[Tensor], padding: Sequence[Tensor]) -> Tokens:
    """Concatenate feature maps (B, C, rows, columns) with paddings (B, rows, columns) as tokens."""
    ratios = [torch.stack([(~mask[:, 0]).float().mean(-1), (~mask[:, :, 0]).float().mean(-1)], -1) for mask in padding]
    return Tokens(
        torch.cat([feat.flatten(2).transpose(1, 2) for feat in feats], 1),  # (B, M, C)
        torch.cat([mask.flatten(1) for mask in padding], 1),  # (B, M)
        [(feat.shape[2], feat.shape[3]) for feat in feats],
        torch.stack(ratios, 1),  # (B, L, 2)
    )


class DeformableEncoder(nn.Module):
    """Layers in which every token samples a few points around its own position, on all maps.

    Args:
        num_layers: number of layers.
        layer_cfg: ``self_attn_cfg``, the settings of MultiScaleDeformableAttention, ``ffn_cfg`` and optionally
            ``norm_cfg``.

    Source: Zhu et al., arXiv 2010.04159.
    """

    def __init__(self, num_layers: int, layer_cfg: Settings) -> None:
        super().__init__()
        self.layers = nn.ModuleList(deformable_encoder_layer(**layer_cfg) for _ in range(num_layers))

    def forward(self, tokens: Tokens, positions: Tensor) -> Tokens:
        """Transform the tokens; ``positions`` (B, M, C) encode the position of each."""
        look: dict[str, Any] = {
            "reference": tokens.on_maps(tokens.centers),
            "sizes_hw": tokens.sizes_hw,
            "query_pos": positions,
            "padding": tokens.padding,
        }
        values = tokens.values
        for layer in self.layers:
            values = layer(values, **look)  # (B, M, C)
        return replace(tokens, values=values)


def deformable_encoder_layer(self_attn_cfg: Settings, ffn_cfg: Settings, norm_cfg: Settings = LN) -> DetrEncoderLayer:
    """Build a layer with deformable attention."""
    attention = MultiScaleDeformableAttention(**without_implied(self_attn_cfg))
    return DetrEncoderLayer(attention, attention.output_proj.out_features, ffn_cfg, norm_cfg)
