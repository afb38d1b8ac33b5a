"""The bricks that backbones, necks and heads share."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from posekit.models.layers.activation import HardSigmoid, build_activation
from posekit.models.layers.branches import build_transition, dense_step
from posekit.models.layers.conv_module import ConvModule, DepthwiseSeparableConvModule, build_conv, make_divisible
from posekit.models.layers.normalization import build_norm
from posekit.models.layers.patch_embed import PatchEmbed, PatchMerging, resize_positions
from posekit.models.layers.residual_branch import DropPath
from posekit.models.layers.se_layer import SELayer
from posekit.models.layers.shuffle import channel_shuffle
from posekit.models.layers.sine_positions import SinePositions
from posekit.models.layers.transformer import MultiheadAttention, SelfAttention
from posekit.models.layers.window_attention import join_windows, offset_index, split_windows


@pytest.mark.parametrize(
    ("cfg", "kind"),
    [
        ({"type": "BN"}, nn.BatchNorm2d),
        ({"type": "SyncBN", "requires_grad": True}, nn.BatchNorm2d),
        ({"type": "SyncBatchNorm"}, nn.BatchNorm2d),
        ({"type": "torch.nn.SyncBatchNorm"}, nn.BatchNorm2d),
        ({"type": "BatchNorm2d"}, nn.BatchNorm2d),
        ({"type": "torch.nn.modules.normalization.LayerNorm"}, nn.LayerNorm),
        ({"type": "GN", "num_groups": 2}, nn.GroupNorm),
        ({"type": "LN", "eps": 1e-6}, nn.LayerNorm),
        ({"type": "BN1d"}, nn.BatchNorm1d),
    ],
)
def test_norms(cfg: dict, kind: type) -> None:
    norm = build_norm(cfg, 8)
    assert isinstance(norm, kind)
    assert getattr(norm, "sync", False) == ("Sync" in cfg["type"])
    assert norm.eps == cfg.get("eps", 1e-5)


def test_a_norm_can_be_kept_from_training() -> None:
    assert not any(p.requires_grad for p in build_norm({"type": "BN", "requires_grad": False}, 4).parameters())


def test_layer_norm_of_feature_maps_is_over_channels() -> None:
    x = torch.randn(2, 8, 3, 3)
    expected = nn.functional.layer_norm(x.movedim(1, -1), (8,)).movedim(-1, 1)
    torch.testing.assert_close(build_norm({"type": "LN2d"}, 8)(x), expected)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: build_norm({"type": "BM"}, 4), "norm_cfg has no type 'BM'; use one of BN"),
        (lambda: build_activation({"type": "Relu"}), "act_cfg has no type 'Relu'; use one of ReLU"),
        (lambda: build_conv({"type": "DCN"}, 1, 1, 1), "conv_cfg has no type 'DCN'; use one of Conv"),
    ],
)
def test_unknown_types_are_named(build, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_only_activations_that_may_overwrite_their_input() -> None:
    assert build_activation({"type": "ReLU"}).inplace
    assert not build_activation({"type": "ReLU"}, inplace=False).inplace
    assert not build_activation({"type": "SiLU", "inplace": True}).inplace


def test_hard_sigmoid_is_torchs_by_default() -> None:
    x = torch.linspace(-5, 5, 41)
    torch.testing.assert_close(HardSigmoid()(x), nn.functional.hardsigmoid(x))
    torch.testing.assert_close(HardSigmoid(1.0, 2.0)(x), ((x + 1) / 2).clamp(0, 1))


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({}, {"conv.weight", "conv.bias"}),
        ({"norm_cfg": {"type": "GN", "num_groups": 2}}, {"conv.weight", "gn.weight", "gn.bias"}),
        ({"bias": False, "act_cfg": None}, {"conv.weight"}),
    ],
)
def test_conv_module_names_its_parts(options: dict, keys: set[str]) -> None:
    assert set(ConvModule(2, 4, 3, **options).state_dict()) == keys


@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (3, 1), (3, 2), (5, 1)])
def test_conv_module_keeps_the_size(kernel_size: int, dilation: int) -> None:
    assert ConvModule(2, 4, kernel_size, dilation=dilation)(torch.randn(1, 2, 9, 7)).shape == (1, 4, 9, 7)


def test_separable_convolution_can_leave_the_first_activation_out() -> None:
    module = DepthwiseSeparableConvModule(2, 4, 3, dw_act_cfg=None)
    assert not hasattr(module.depthwise_conv, "activate")
    assert hasattr(module.pointwise_conv, "activate")


def test_drop_path_drops_samples_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    drop = DropPath(0.25)
    out = drop(torch.ones(4000, 2, 2))
    assert out.flatten(1).std(1).max() == 0
    assert out.mean().item() == pytest.approx(1.0, abs=0.05)
    assert (drop.eval()(torch.ones(3)) == 1).all()


@pytest.mark.parametrize(("value", "expected"), [(32, 32), (33, 32), (37, 40), (3, 8), (10, 16), (11.9, 16)])
def test_make_divisible(value: float, expected: int) -> None:
    assert make_divisible(value, 8) == expected


def test_squeeze_and_excitation_weighs_channels_between_0_and_1() -> None:
    x = torch.rand(2, 16, 4, 4) + 0.1
    ratio = SELayer(16, 4)(x) / x
    assert ((ratio > 0) & (ratio < 1)).all()
    assert ratio.flatten(2).std(-1).max() < 1e-5


def test_channel_shuffle_deals_channels_out() -> None:
    x = torch.arange(6.0).view(1, 6, 1, 1)
    assert channel_shuffle(x, 2).flatten().tolist() == [0, 3, 1, 4, 2, 5]


def test_new_branches_start_from_the_coarsest() -> None:
    transition = build_transition([8], [8, 16, 32], dense_step)
    x = torch.randn(2, 8, 16, 16)
    assert transition[0](x) is x
    assert transition[1](x).shape == (2, 16, 8, 8)
    assert transition[2](x).shape == (2, 32, 4, 4)


@pytest.mark.parametrize(("size", "tokens"), [((64, 48), (4, 3)), ((65, 50), (5, 4))])
def test_patches_cover_every_pixel(size: tuple[int, int], tokens: tuple[int, int]) -> None:
    patches = PatchEmbed(3, 8, 16, 16)
    assert patches.out_size(*size) == tokens
    assert patches(torch.randn(1, 3, *size)).shape == (1, *tokens, 8)


def test_merging_takes_any_grid() -> None:
    assert PatchMerging(4, 8, norm_cfg=None)(torch.randn(2, 5, 4, 4)).shape == (2, 3, 2, 8)


def test_resized_positions_keep_extra_tokens() -> None:
    positions = torch.randn(1, 1 + 4 * 4, 3)
    resized = resize_positions(positions, (4, 4), (8, 6), "bicubic")
    assert resized.shape == (1, 1 + 8 * 6, 3)
    torch.testing.assert_close(resized[:, 0], positions[:, 0])


def test_windows_split_and_join() -> None:
    x = torch.randn(2, 6, 8, 3)
    windows = split_windows(x, (3, 4))
    assert windows.shape == (8, 12, 3)
    torch.testing.assert_close(windows[1], x[0, :3, 4:].flatten(0, 1))
    torch.testing.assert_close(join_windows(windows, (3, 4), (6, 8)), x)


def test_offset_index_depends_on_the_offset_alone() -> None:
    index = offset_index(2, 3)
    assert index.min() == 0
    assert index.max() == 3 * 5 - 1
    assert index[0, 0] == index[5, 5] == 7
    assert index[0, 1] == index[4, 5]


def test_self_attention_is_softmax_attention() -> None:
    attention = SelfAttention(8, 2)
    x = torch.randn(2, 5, 8)
    q, k, v = attention.qkv(x).view(2, 5, 3, 2, 4).permute(2, 0, 3, 1, 4)
    expected = ((q @ k.transpose(-1, -2) / 2).softmax(-1) @ v).transpose(1, 2).reshape(2, 5, 8)
    torch.testing.assert_close(attention(x), attention.proj(expected))


def test_positions_are_added_to_queries_and_keys_only() -> None:
    attention = MultiheadAttention(8, 2).eval()
    x, positions = torch.randn(2, 5, 8), torch.randn(5, 8)
    expected, _ = attention.attn(x + positions, x + positions, x)
    torch.testing.assert_close(attention(x, query_pos=positions), expected)


def test_sine_positions_are_cosines_and_sines_of_row_and_column() -> None:
    encoding = SinePositions(4, temperature=100.0)(3, 5)
    assert encoding.shape == (15, 8)
    row, column = 2, 3
    rates = torch.tensor([1.0, 10.0])
    expected = [part for place in (row, column) for part in ((place / rates).cos(), (place / rates).sin())]
    torch.testing.assert_close(encoding[row * 5 + column], torch.cat(expected))
