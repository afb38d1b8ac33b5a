"""Every registered neck keeps the contract: one row or more each."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from rows import check_rows
from torch import Tensor

from posekit.models.necks.base import BaseNeck
from posekit.registry import MODELS

WIDTHS = [8, 16, 32]
PYRAMID = [(2, width, 16 // 2**level, 16 // 2**level) for level, width in enumerate(WIDTHS)]
ENCODER = {
    "self_attn_cfg": {"embed_dims": 16, "num_heads": 2, "dropout": 0.0},
    "ffn_cfg": {"embed_dims": 16, "feedforward_channels": 32, "ffn_drop": 0.0, "act_cfg": {"type": "GELU"}},
}

# name of the case: (config, output shapes)
ROWS: dict[str, tuple[dict[str, Any], list[tuple[int, ...]]]] = {
    "pooling": (dict(type="GlobalAveragePooling"), [(2, 8), (2, 16), (2, 32)]),
    "select": (dict(type="FeatureMapProcessor", select_index=2, apply_relu=True), [(2, 32, 4, 4)]),
    "concat": (dict(type="FeatureMapProcessor", concat=True, scale_factor=0.5), [(2, 56, 8, 8)]),
    "fpn": (
        dict(type="FPN", in_channels=WIDTHS, out_channels=8, num_outs=4),
        [(2, 8, 16, 16), (2, 8, 8, 8), (2, 8, 4, 4), (2, 8, 2, 2)],
    ),
    "fpn_convs": (
        dict(type="FPN", in_channels=WIDTHS, out_channels=8, num_outs=4, start_level=1, add_extra_convs=True),
        [(2, 8, 8, 8), (2, 8, 4, 4), (2, 8, 2, 2), (2, 8, 1, 1)],
    ),
    "mapper": (
        dict(type="ChannelMapper", in_channels=WIDTHS, out_channels=8, num_outs=4),
        [(2, 8, 16, 16), (2, 8, 8, 8), (2, 8, 4, 4), (2, 8, 2, 2)],
    ),
    "cspnext": (
        dict(type="CSPNeXtPAFPN", in_channels=WIDTHS, out_channels=None, out_indices=(1, 2), num_csp_blocks=1),
        [(2, 16, 8, 8), (2, 32, 4, 4)],
    ),
    "cspnext_out": (
        dict(type="CSPNeXtPAFPN", in_channels=WIDTHS, out_channels=8, num_csp_blocks=1),
        [(2, 8, 16, 16), (2, 8, 8, 8), (2, 8, 4, 4)],
    ),
    "yolox": (
        dict(type="YOLOXPAFPN", in_channels=WIDTHS, out_channels=8, num_csp_blocks=1, use_depthwise=True),
        [(2, 8, 16, 16), (2, 8, 8, 8), (2, 8, 4, 4)],
    ),
    "upsampling": (
        dict(type="UpsamplingNeck", in_channels=WIDTHS, out_channels=(12, 6)),
        [(2, 6, 16, 16)],
    ),
    "hybrid": (
        dict(
            type="HybridEncoder",
            in_channels=WIDTHS,
            hidden_dim=16,
            encoder_cfg=ENCODER,
            deepen_factor=0.33,
            widen_factor=0.5,
            projector=dict(type="ChannelMapper", in_channels=[16, 16, 16], out_channels=8, kernel_size=1),
        ),
        [(2, 8, 16, 16), (2, 8, 8, 8), (2, 8, 4, 4)],
    ),
}


WARPER: dict[str, Any] = dict(
    type="PoseWarperNeck",
    in_channels=6,
    out_channels=4,
    inner_channels=8,
    deform_groups=4,
    dilations=(1, 2),
    res_blocks_cfg=dict(num_blocks=2),
)
ROWS["warper"] = (WARPER, [(2, 4, 8, 8)])


def pyramid() -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(shape, generator=generator) for shape in PYRAMID)


def frames() -> list[tuple[Tensor, ...]]:
    generator = torch.Generator().manual_seed(0)
    return [(torch.randn(2, 6, 8, 8, generator=generator),) for _ in range(3)]


def changed(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Return nested tuples and lists with every feature map changed."""
    if isinstance(value, Tensor):
        return change(value)
    return type(value)(changed(one, change) for one in value) if isinstance(value, (tuple, list)) else value


class Case:
    """A neck with its input, built once."""

    def __init__(self, name: str) -> None:
        torch.manual_seed(0)
        self.config, self.shapes = ROWS[name]
        self.neck: BaseNeck = MODELS.build(copy.deepcopy(self.config))
        self.inputs: tuple[Any, ...] = (frames(), [0.5, 0.3, 0.2]) if name == "warper" else (pyramid(),)

    def outputs(self, neck: BaseNeck | None = None, change: Callable[[Tensor], Tensor] | None = None) -> list[Tensor]:
        outputs = (neck or self.neck)(*(changed(self.inputs, change) if change else self.inputs))
        return [outputs] if isinstance(outputs, Tensor) else list(outputs)


@pytest.fixture(scope="module", params=sorted(ROWS))
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def test_every_registered_neck_has_a_row() -> None:
    types = [config["type"] for config, _ in ROWS.values()]
    row = '(dict(type="..."), [(2, channels, height, width)])'
    check_rows(MODELS, "posekit.models.necks", types, file="ROWS of test_necks.py", row=row)


class TestNeck:
    def test_gives_the_expected_shapes(self, case: Case) -> None:
        assert [tuple(x.shape) for x in case.outputs()] == case.shapes

    def test_backward_reaches_every_parameter(self, case: Case) -> None:
        neck = case.neck.train()
        parameters = {name: p for name, p in neck.named_parameters() if p.requires_grad}
        if not parameters:
            pytest.skip("has no parameters")
        neck.zero_grad()
        sum(x.square().mean() for x in case.outputs()).backward()
        assert not [name for name, p in parameters.items() if p.grad is None]

    def test_a_batch_of_one_gives_the_same_as_its_place_in_a_batch(self, case: Case) -> None:
        case.neck.eval()
        for one, both in zip(case.outputs(change=lambda x: x[:1]), case.outputs(), strict=True):
            torch.testing.assert_close(one, both[:1], rtol=1e-3, atol=1e-4)

    def test_runs_in_bfloat16(self, case: Case) -> None:
        case.neck.eval()
        with torch.autocast("cpu", torch.bfloat16):
            assert all(x.isfinite().all() for x in case.outputs())

    def test_channels_last_gives_the_same(self, case: Case) -> None:
        neck = copy.deepcopy(case.neck).eval().to(memory_format=torch.channels_last)
        outputs = case.outputs(neck, lambda x: x.contiguous(memory_format=torch.channels_last))
        case.neck.eval()
        for x, expected in zip(outputs, case.outputs(), strict=True):
            torch.testing.assert_close(x, expected, rtol=1e-3, atol=1e-4)

    def test_another_one_with_its_weights_gives_the_same(self, case: Case) -> None:
        other = MODELS.build(copy.deepcopy(case.config)).eval()
        other.load_state_dict(case.neck.state_dict())
        case.neck.eval()
        torch.testing.assert_close(case.outputs(other), case.outputs())

    def test_exports(self, case: Case) -> None:
        if case.config["type"] == "PoseWarperNeck":
            pytest.skip("no neck of a model that is deployed")
        exported = torch.export.export(case.neck.eval(), case.inputs).module()
        for x, expected in zip(exported(*case.inputs), case.outputs(), strict=True):
            torch.testing.assert_close(x, expected, rtol=1e-3, atol=1e-4)

    def test_initial_weights_are_finite(self, case: Case) -> None:
        neck = copy.deepcopy(case.neck)
        neck.init_weights()
        assert all(p.isfinite().all() for p in neck.parameters())


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (dict(type="FeatureMapProcessor", scale_factor=0), "FeatureMapProcessor.scale_factor: 0 must be above 0"),
        (dict(type="FPN", in_channels=WIDTHS, out_channels=8, num_outs=2), "FPN.num_outs: 2 does not fit levels"),
        (dict(ROWS["upsampling"][0], out_channels=(8,)), "UpsamplingNeck.out_channels: 1 steps for 3 levels"),
        (dict(ROWS["fpn"][0], add_extra_convs="on_top"), "FPN.add_extra_convs: 'on_top'"),
        (
            dict(type="PoseWarperNeck", in_channels=4, out_channels=4, inner_channels=4, trans_conv_kernel=5),
            "trans_conv_kernel: 5 is not supported; use one of 0, 1, 3",
        ),
    ],
)
def test_refuses_what_does_not_exist(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MODELS.build(copy.deepcopy(config))


@pytest.mark.parametrize("name", ["fpn", "mapper", "yolox", "hybrid", "upsampling"])
def test_names_a_wrong_number_of_feature_maps(name: str) -> None:
    neck = MODELS.build(copy.deepcopy(ROWS[name][0]))
    with pytest.raises(ValueError, match=r"2 feature maps for in_channels \[8, 16, 32\]"):
        neck(pyramid()[:2])


def test_single_feature_map_gives_a_single_result() -> None:
    x = pyramid()[0]
    assert MODELS.build(dict(type="GlobalAveragePooling"))(x).shape == (2, 8)
    assert MODELS.build(dict(type="FeatureMapProcessor", scale_factor=2.0))(x).shape == (2, 8, 32, 32)


class TestPoseWarperNeck:
    def test_starts_as_the_weighted_sum_of_the_heatmaps(self) -> None:
        neck = MODELS.build(copy.deepcopy(WARPER))
        neck.init_weights()
        weights = [0.5, 0.3, 0.2]
        expected = sum(neck.trans_layer(x) * weight for (x,), weight in zip(frames(), weights, strict=True))
        torch.testing.assert_close(neck.eval()(frames(), weights), expected)

    def test_stacked_frames_give_the_same(self) -> None:
        neck = MODELS.build(copy.deepcopy(WARPER)).eval()
        stacked = [(torch.cat([x for (x,) in frames()]),)]
        torch.testing.assert_close(neck(stacked, [0.5, 0.0, 0.5]), neck(frames(), [0.5, 0.0, 0.5]))

    def test_keeps_its_first_layer_in_training(self) -> None:
        neck = MODELS.build(copy.deepcopy(WARPER)).train()
        assert not neck.trans_layer.training
        neck([(torch.randn(2, 6, 8, 8),)] * 2, [0.5, 0.5]).sum().backward()
        without = [name for name, p in neck.named_parameters() if p.grad is None]
        assert without == ["trans_layer.weight", "trans_layer.bias"]
