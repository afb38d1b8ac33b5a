"""Deformable attention and its encoder, against the formulas spelled out."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from posekit.models.layers.deformable_attention import (
    DeformableEncoder,
    MultiScaleDeformableAttention,
    as_tokens,
    map_padding,
    sum_samples,
)
from posekit.models.layers.detr_layers import MLP, inverse_sigmoid
from posekit.models.layers.normalization import build_norm
from posekit.models.layers.sine_positions import MaskedSinePositions, paired_waves

SIZES = [(3, 4), (2, 2)]


def read(cells: Tensor, x: float, y: float) -> Tensor:
    """Read a map (rows, columns, D) at a place in cells, bilinearly, zero outside."""
    total = torch.zeros(cells.shape[-1])
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < cells.shape[0] and 0 <= column < cells.shape[1]:
                total += cells[row, column] * (1 - abs(y - row)) * (1 - abs(x - column))
    return total


def test_samples_are_read_between_cells() -> None:
    torch.manual_seed(0)
    heads, queries, points = 2, 3, 2
    value = torch.randn(2, 16, heads, 5)
    places = torch.rand(2, queries, heads, len(SIZES), points, 2) * 1.4 - 0.2
    weights = torch.rand(2, queries, heads, len(SIZES), points)
    out = sum_samples(value, SIZES, places, weights)
    assert out.shape == (2, queries, heads * 5)
    for b, q, h in [(0, 0, 0), (1, 2, 1), (1, 0, 0)]:
        expected, start = torch.zeros(5), 0
        for level, (rows, columns) in enumerate(SIZES):
            cells = value[b, start : start + rows * columns, h].unflatten(0, (rows, columns))
            start += rows * columns
            for p in range(points):
                x, y = places[b, q, h, level, p].tolist()
                expected += weights[b, q, h, level, p] * read(cells, x * columns - 0.5, y * rows - 0.5)
        torch.testing.assert_close(out[b, q].unflatten(0, (heads, 5))[h], expected)


@pytest.fixture
def attention() -> MultiScaleDeformableAttention:
    torch.manual_seed(0)
    return MultiScaleDeformableAttention(8, 4, 2, 3)


def test_heads_start_by_looking_in_directions_of_their_own(attention: MultiScaleDeformableAttention) -> None:
    offsets = attention.sampling_offsets(torch.randn(1, 8)).unflatten(-1, (4, 2, 3, 2))[0]
    torch.testing.assert_close(offsets[0, 0], torch.tensor([[1.0, 0], [2, 0], [3, 0]]))
    torch.testing.assert_close(offsets[1, 1], torch.tensor([[0.0, 1], [0, 2], [0, 3]]), atol=1e-5, rtol=0)


def test_offsets_count_in_cells_around_points_and_in_half_sizes_around_boxes(
    attention: MultiScaleDeformableAttention,
) -> None:
    points = torch.full((1, 1, 2, 2), 0.5)
    boxes = torch.cat([points, torch.full((1, 1, 2, 2), 0.3)], -1)
    torch.testing.assert_close(attention.unit(points, SIZES)[:, 0], torch.tensor([[1 / 4, 1 / 3], [1 / 2, 1 / 2]]))
    torch.testing.assert_close(attention.unit(boxes, SIZES)[0, 0, 0, 0, 0], torch.tensor([0.05, 0.05]))


def test_padded_cells_are_not_seen(attention: MultiScaleDeformableAttention) -> None:
    query, value, reference = torch.randn(1, 2, 8), torch.randn(1, 16, 8), torch.rand(1, 2, 2, 2)
    padding = torch.zeros(1, 16, dtype=torch.bool)
    padding[0, 3::4] = True
    changed = torch.where(padding[..., None], torch.randn(1, 16, 8), value)
    look: dict[str, Any] = {"reference": reference, "sizes_hw": SIZES, "padding": padding}
    torch.testing.assert_close(attention(query, value, **look), attention(query, changed, **look))


def test_heads_share_the_channels_evenly() -> None:
    with pytest.raises(ValueError, match="num_heads=3; choose a divisor"):
        MultiScaleDeformableAttention(8, 3)


def test_padding_follows_the_image() -> None:
    padding = map_padding([(32, 48), (16, 64)], (32, 64), torch.zeros(2, 1, 4, 8))
    assert (~padding[0]).nonzero().amax(0).tolist() == [3, 5]
    assert (~padding[1]).nonzero().amax(0).tolist() == [1, 7]


def test_tokens_know_their_places() -> None:
    padding = map_padding([(32, 48)], (32, 64), torch.zeros(1, 1, 4, 8))
    tokens = as_tokens([torch.zeros(1, 2, 4, 8), torch.zeros(1, 2, 2, 4)], [padding, padding[:, ::2, ::2]])
    assert tokens.levels.tolist() == [0] * 32 + [1] * 8
    torch.testing.assert_close(tokens.valid_ratios[0], torch.tensor([[0.75, 1], [0.75, 1]]))
    torch.testing.assert_close(tokens.centers[0, 9], torch.tensor([1.5 / 6, 1.5 / 4]))  # second row, second column
    torch.testing.assert_close(tokens.on_maps(tokens.centers)[0, 9, 1], torch.tensor([1.5 / 8, 1.5 / 4]))


def test_the_encoder_sees_the_same_in_a_padded_image() -> None:
    torch.manual_seed(0)
    attn = {"embed_dims": 8, "num_heads": 2, "num_levels": 2, "num_points": 3, "batch_first": True}
    encoder = DeformableEncoder(2, {"self_attn_cfg": attn, "ffn_cfg": {"embed_dims": 8, "feedforward_channels": 16}})
    encode = MaskedSinePositions(4, normalize=True)
    plain = [torch.randn(1, 8, 4, 6), torch.randn(1, 8, 2, 3)]
    padded = [torch.randn(1, 8, 8, 8), torch.randn(1, 8, 4, 4)]
    for small, large in zip(plain, padded, strict=True):
        large[:, :, : small.shape[2], : small.shape[3]] = small

    def run(feats: list[Tensor], batch_hw: tuple[int, int]) -> list[Tensor]:
        padding = [map_padding([(32, 48)], batch_hw, one) for one in feats]
        tokens = as_tokens(feats, padding)
        out = encoder(tokens, torch.cat([encode(one).flatten(1, 2) for one in padding], 1)).values
        maps = out.split([one[0, 0].numel() for one in feats], 1)
        return [one.transpose(1, 2).unflatten(2, feat.shape[2:]) for one, feat in zip(maps, feats, strict=True)]

    for expected, found in zip(run(plain, (32, 48)), run(padded, (64, 64)), strict=True):
        torch.testing.assert_close(found[:, :, : expected.shape[2], : expected.shape[3]], expected)


def test_paired_waves_are_sines_and_cosines_by_turns() -> None:
    waves = paired_waves(torch.tensor([3.0]), 4, 100.0)[0]
    expected = [math.sin(3), math.cos(3), math.sin(3 / 10), math.cos(3 / 10)]
    torch.testing.assert_close(waves, torch.tensor(expected))


@pytest.mark.parametrize(("normalize", "row", "column"), [(False, 2.0, 3.0), (True, math.pi, 2 * math.pi)])
def test_masked_positions_count_within_the_image(normalize: bool, row: float, column: float) -> None:
    padding = torch.ones(1, 6, 5, dtype=torch.bool)
    padding[0, :4, :3] = False
    found = MaskedSinePositions(4, normalize=normalize, temperatureW=20)(padding)[0, 1, 2]
    expected = torch.cat([paired_waves(torch.tensor(row), 4), paired_waves(torch.tensor(column), 4, 20.0)])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_corrections_may_start_as_none() -> None:
    assert not MLP(4, 8, 2, starts_at_zero=True)(torch.randn(3, 4)).any()
    assert set(MLP(4, 8, 2).state_dict()) == {f"layers.{i}.{name}" for i in (0, 1) for name in ("weight", "bias")}


def test_inverse_sigmoid_stays_finite() -> None:
    logits = torch.linspace(-6, 6, 7)
    torch.testing.assert_close(inverse_sigmoid(logits.sigmoid()), logits)
    assert inverse_sigmoid(torch.tensor([0.0, 1.0])).tolist() == pytest.approx([math.log(1e-3), -math.log(1e-3)])


def test_frozen_norms_equal_batch_norms_at_test_time_and_load_their_weights() -> None:
    norm = build_norm({"type": "BN"}, 3).eval()
    for value in norm.state_dict().values():
        if value.is_floating_point():
            value.uniform_(0.5, 2)
    frozen = build_norm({"type": "FrozenBatchNorm2d", "requires_grad": False}, 3)
    frozen.load_state_dict(norm.state_dict())
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(frozen.train()(x), norm(x))
    assert not list(frozen.parameters())
