"""Every registered backbone keeps the contract: one row each."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import pytest
import torch
from rows import check_rows
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from posekit.models.backbones.base import BaseBackbone
from posekit.registry import MODELS


def branches(*channels: int, block: str = "BASIC", **more: Any) -> dict[str, Any]:
    count = len(channels)
    stage = {"num_modules": 1, "num_branches": count, "block": block, "num_blocks": [1] * count}
    return {**stage, "num_channels": list(channels), **more}


def former(*channels: int) -> dict[str, Any]:
    count = len(channels)
    options = {"num_heads": [1] * count, "window_sizes": [3] * count, "mlp_ratios": [2] * count}
    return branches(*channels, block="HRFORMERBLOCK", **options)


HRNET = {f"stage{i}": branches(*(8, 16, 32, 64)[:i]) for i in (2, 3)} | {
    "stage1": branches(16, block="BOTTLENECK"),
    "stage4": branches(8, 16, 32, 64, multiscale_output=True),
}
HRFORMER = {f"stage{i}": former(*(8, 16, 32, 64)[:i]) for i in (2, 3, 4)} | {
    "stage1": branches(16, block="BOTTLENECK"),
    "drop_path_rate": 0.0,
}
LITE = {
    "stem": {"stem_channels": 16, "out_channels": 16, "expand_ratio": 1},
    "num_stages": 2,
    "stages_spec": {
        "num_modules": [1, 1],
        "num_branches": [2, 3],
        "num_blocks": [1, 1],
        "module_type": ["LITE", "NAIVE"],
        "with_fuse": [True, True],
        "reduce_ratios": [4, 4],
        "num_channels": [[16, 32], [16, 32, 64]],
    },
    "with_head": True,
}
RESNET = {"stem_channels": 8, "base_channels": 8, "out_indices": (1, 3)}
CSP = {"deepen_factor": 0.1, "widen_factor": 0.125, "out_indices": (0, 2, 4)}
STAGES = {"unit_channels": 8, "num_stages": 2, "num_units": 2, "num_blocks": [1, 1], "res_top_channels": 8}
VIT = {"embed_dims": 16, "num_layers": 2, "num_heads": 2, "feedforward_channels": 32}

IMAGE = (2, 3, 64, 64)
# type: (arguments, input shape, output shapes)
ROWS: dict[str, tuple[dict[str, Any], tuple[int, ...], list[tuple[int, ...]]]] = {
    "AlexNet": ({}, IMAGE, [(2, 256, 1, 1)]),
    "ConvNeXt": (
        dict(arch="atto", out_indices=(0, 2), gap_before_final_norm=False, layer_scale_init_value=1.0),
        IMAGE,
        [(2, 40, 16, 16), (2, 160, 4, 4)],
    ),
    "CPM": (dict(in_channels=3, out_channels=4, feat_channels=8, num_stages=2), (2, 3, 16, 16), [(2, 4, 2, 2)] * 2),
    "CSPDarknet": (CSP, IMAGE, [(2, 8, 32, 32), (2, 32, 8, 8), (2, 128, 2, 2)]),
    "CSPNeXt": (CSP, IMAGE, [(2, 8, 32, 32), (2, 32, 8, 8), (2, 128, 2, 2)]),
    "DSTFormer": (dict(in_channels=3, feat_size=16, depth=1, num_heads=2, seq_len=9), (2, 5, 17, 3), [(2, 5, 17, 16)]),
    "EfficientNet": (dict(out_indices=(0, 1, 3)), IMAGE, [(2, 32, 32, 32), (2, 16, 32, 32), (2, 40, 8, 8)]),
    "EfficientNetV2": (dict(arch="b0", out_indices=(1, 3)), IMAGE, [(2, 16, 32, 32), (2, 48, 8, 8)]),
    "HourglassNet": (
        dict(downsample_times=1, stage_channels=(256, 16), stage_blocks=(1, 1), feat_channel=8),
        (2, 3, 32, 32),
        [(2, 8, 8, 8)] * 2,
    ),
    "HourglassAENet": (
        dict(downsample_times=2, num_stacks=2, out_channels=4, stage_channels=(16, 16, 16), feat_channels=16),
        IMAGE,
        [(2, 4, 16, 16)] * 2,
    ),
    "HRFormer": (dict(extra=HRFORMER), IMAGE, [(2, 8, 16, 16)]),
    "HRNet": (dict(extra=HRNET), IMAGE, [(2, 8, 16, 16), (2, 16, 8, 8), (2, 32, 4, 4), (2, 64, 2, 2)]),
    "LiteHRNet": (dict(extra=LITE), IMAGE, [(2, 16, 16, 16)]),
    "MobileNetV2": (dict(widen_factor=0.25, out_indices=(2, 7)), IMAGE, [(2, 8, 8, 8), (2, 1280, 2, 2)]),
    "MobileNetV3": (dict(out_indices=(3, -1)), IMAGE, [(2, 40, 4, 4), (2, 96, 2, 2)]),
    "MobileOne": (dict(arch="s1", out_indices=(0, 1)), IMAGE, [(2, 96, 16, 16), (2, 192, 8, 8)]),
    "MSPN": (STAGES, IMAGE, [(2, 8, 8, 8), (2, 8, 16, 16)] * 2),
    "PyramidVisionTransformer": (
        dict(embed_dims=8, num_layers=[1] * 4, num_heads=[1, 2, 2, 2], pretrain_img_size=32),
        IMAGE,
        [(2, 8, 16, 16), (2, 16, 8, 8), (2, 16, 4, 4), (2, 16, 2, 2)],
    ),
    "PyramidVisionTransformerV2": (
        dict(embed_dims=8, num_layers=[1] * 4, num_heads=[1, 2, 2, 2], out_indices=(3,)),
        IMAGE,
        [(2, 16, 2, 2)],
    ),
    "RegNet": (
        dict(
            arch=dict(w0=8, wa=8.0, wm=2.0, group_w=8, depth=4, bot_mul=1.0),
            strides=(2, 2, 2),
            dilations=(1, 1, 1),
            out_indices=(2,),
        ),
        IMAGE,
        [(2, 32, 4, 4)],
    ),
    "RepVGG": (dict(arch="A0", out_indices=(0, 2)), IMAGE, [(2, 48, 16, 16), (2, 192, 4, 4)]),
    "ResNeSt": (dict(depth=50, stem_channels=8, base_channels=8), IMAGE, [(2, 256, 2, 2)]),
    "ResNet": (dict(depth=18, **RESNET), IMAGE, [(2, 16, 8, 8), (2, 64, 2, 2)]),
    "ResNetV1d": (dict(depth=18, **RESNET), IMAGE, [(2, 16, 8, 8), (2, 64, 2, 2)]),
    "ResNeXt": (dict(depth=50, groups=2, width_per_group=4, **RESNET), IMAGE, [(2, 64, 8, 8), (2, 256, 2, 2)]),
    "RSN": (dict(STAGES, expand_times=8), IMAGE, [(2, 8, 8, 8), (2, 8, 16, 16)] * 2),
    "SCNet": (dict(depth=50, **RESNET), (2, 3, 128, 128), [(2, 64, 16, 16), (2, 256, 4, 4)]),
    "SEResNet": (dict(depth=50, se_ratio=4, **RESNET), IMAGE, [(2, 64, 8, 8), (2, 256, 2, 2)]),
    "SEResNeXt": (dict(depth=50, se_ratio=4, groups=2, **RESNET), IMAGE, [(2, 64, 8, 8), (2, 256, 2, 2)]),
    "ShuffleNetV1": (dict(groups=2, widen_factor=0.25), IMAGE, [(2, 200, 2, 2)]),
    "ShuffleNetV2": (dict(widen_factor=0.5, out_indices=(0, 3)), IMAGE, [(2, 48, 8, 8), (2, 1024, 2, 2)]),
    "SwinTransformer": (
        dict(
            embed_dims=8,
            depths=[2, 2],
            num_heads=[1, 2],
            strides=[4, 2],
            window_size=3,
            out_indices=(0, 1),
            drop_path_rate=0,
        ),
        IMAGE,
        [(2, 8, 16, 16), (2, 16, 8, 8)],
    ),
    "TCN": (dict(in_channels=6, stem_channels=8, num_blocks=1, kernel_sizes=(3, 3)), (2, 6, 11), [(2, 8, 3)]),
    "TIMMBackbone": (dict(model_name="mobilenetv3_small_050"), IMAGE, [(2, 1024, 2, 2)]),
    "TimmBackbone": (
        dict(model_name="mobilenetv3_small_050", out_indices=(1, -1)),
        IMAGE,
        [(2, 8, 16, 16), (2, 288, 2, 2)],
    ),
    "V2VNet": (dict(input_channels=2, output_channels=3, mid_channels=4), (2, 2, 8, 8, 8), [(2, 3, 8, 8, 8)]),
    "VGG": (
        dict(depth=11, num_stages=3, dilations=(1, 1, 1), out_indices=(0, 2)),
        IMAGE,
        [(2, 64, 32, 32), (2, 256, 8, 8)],
    ),
    "ViPNAS_MobileNetV3": (dict(dep=[None, 1, 1, 1, 1, 1, 1]), IMAGE, [(2, 160, 2, 2)]),
    "ViPNAS_ResNet": (dict(depth=50, dep=[None, 1, 1, 1, 1]), IMAGE, [(2, 608, 2, 2)]),
    "VisionTransformer": (
        dict(arch=VIT, img_size=(64, 48), out_type="featmap", with_cls_token=False, patch_cfg=dict(padding=2)),
        (2, 3, 64, 48),
        [(2, 16, 4, 3)],
    ),
}
NOT_EXPORTED = {
    **dict.fromkeys(("DSTFormer", "TCN", "V2VNet"), "no backbone of a top-down model"),
    **dict.fromkeys(("ResNeXt", "SCNet", "SEResNet", "SEResNeXt", "ResNeSt"), "ResNet's trunk, at its cost"),
    "AlexNet": "not used any more",
    "EfficientNetV2": "EfficientNet's blocks",
    "HourglassNet": "HourglassAENet's modules",
    "HRFormer": "HRNet's branches and SwinTransformer's windows",
    "MobileOne": "RepVGG's way through its parts",
    "PyramidVisionTransformer": "PyramidVisionTransformerV2's blocks",
    "RSN": "MSPN's stages",
    "ShuffleNetV1": "ShuffleNetV2's shuffle",
    "TIMMBackbone": "TimmBackbone's models",
}
"""Backbones that are not exported here, which takes up to two seconds each, and why."""


def tensors(output: Any) -> list[Tensor]:
    return [output] if isinstance(output, Tensor) else [x for item in output for x in tensors(item)]


class Case:
    """A backbone with its input and output, built once."""

    def __init__(self, name: str) -> None:
        torch.manual_seed(0)
        config, shape, self.shapes = ROWS[name]
        self.config = dict(copy.deepcopy(config), type=name)
        self.model: BaseBackbone = MODELS.build(self.config)
        self.x = torch.randn(shape)
        # one pass in training gives the norms the statistics of this input
        self.outputs = tensors(self.model.train()(self.x))
        sum(x.square().mean() for x in self.outputs).backward()
        self.model.eval()
        with torch.no_grad():
            self.expected = tensors(self.model(self.x))


@pytest.fixture(scope="module", params=sorted(ROWS))
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def test_every_registered_backbone_has_a_row() -> None:
    row = "(dict(argument=...), IMAGE, [(2, channels, height, width)])"
    check_rows(MODELS, "posekit.models.backbones", ROWS, file="ROWS of test_backbones.py", row=row)
    assert set(NOT_EXPORTED) < set(ROWS)


class TestBackbone:
    def test_gives_the_expected_shapes(self, case: Case) -> None:
        assert [tuple(x.shape) for x in case.expected] == case.shapes
        assert all(x.isfinite().all() for x in case.expected)

    def test_backward_reaches_every_parameter(self, case: Case) -> None:
        missed = [name for name, p in case.model.named_parameters() if p.requires_grad and p.grad is None]
        assert not missed

    def test_a_batch_of_one_gives_the_same_as_its_place_in_a_batch(self, case: Case) -> None:
        with torch.no_grad():
            single = tensors(case.model(case.x[:1]))
        for one, both in zip(single, case.expected, strict=True):
            atol = max(1e-4, 1e-5 * float(both.abs().max()))  # of float32 sums, which grows with what they add up
            torch.testing.assert_close(one, both[:1], rtol=1e-3, atol=atol)

    def test_runs_in_bfloat16(self, case: Case) -> None:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            low = tensors(case.model(case.x[:1]))
        for x, full in zip(low, case.expected, strict=True):
            assert x.isfinite().all()
            assert (x.float() - full[:1]).abs().mean() < 0.15 * full.abs().mean() + 0.02

    def test_channels_last_gives_the_same(self, case: Case) -> None:
        if case.x.ndim != 4 or case.x.shape[1] != 3:
            pytest.skip("the input is no image")
        model = copy.deepcopy(case.model).to(memory_format=torch.channels_last)
        with torch.no_grad():
            outputs = tensors(model(case.x.to(memory_format=torch.channels_last)))
        for x, expected in zip(outputs, case.expected, strict=True):
            torch.testing.assert_close(x, expected, rtol=1e-3, atol=1e-4)

    def test_another_one_with_its_weights_gives_the_same(self, case: Case) -> None:
        other = MODELS.build(copy.deepcopy(case.config))
        other.load_state_dict(case.model.state_dict())
        with torch.no_grad():
            outputs = tensors(other.eval()(case.x))
        torch.testing.assert_close(outputs, case.expected)

    def test_exports(self, case: Case) -> None:
        if why := NOT_EXPORTED.get(case.config["type"]):
            pytest.skip(why)
        exported = torch.export.export(case.model, (case.x,)).module()
        torch.testing.assert_close(tensors(exported(case.x)), case.expected, rtol=1e-3, atol=1e-4)

    def test_initial_weights_are_finite(self, case: Case) -> None:
        model = copy.deepcopy(case.model)
        model.init_weights()
        assert all(p.isfinite().all() for p in model.parameters())

    def test_frozen_parts_stay_as_they_are_in_training(self, case: Case) -> None:
        if "frozen_stages" not in arguments(type(case.model)):
            pytest.skip("has no frozen_stages")
        model = MODELS.build({**copy.deepcopy(case.config), "frozen_stages": 1}).train()
        frozen = [p for p in model.parameters() if not p.requires_grad]
        assert 0 < len(frozen) < len(list(model.parameters()))
        for part in model.modules():
            own = list(part.parameters(recurse=False))
            if isinstance(part, _BatchNorm) and not own[0].requires_grad:
                assert not part.training

    def test_norms_keep_their_statistics_with_norm_eval(self, case: Case) -> None:
        if "norm_eval" not in arguments(type(case.model)):
            pytest.skip("has no norm_eval")
        model = MODELS.build({**copy.deepcopy(case.config), "norm_eval": True}).train()
        assert not any(part.training for part in model.modules() if isinstance(part, _BatchNorm))

    def test_checkpointing_gives_the_same_gradients(self, case: Case) -> None:
        if "with_cp" not in arguments(type(case.model)) or "LiteHRNet" in case.config["type"]:
            pytest.skip("does not recompute activations")
        model = MODELS.build({**copy.deepcopy(case.config), "with_cp": True})
        model.load_state_dict(case.model.state_dict())
        model.train()
        for part in (model, case.model):
            part.zero_grad()
        case.model.train()
        for part in (model, case.model):
            sum(x.square().mean() for x in tensors(part(case.x))).backward()
        case.model.eval()
        for (name, p), (_, q) in zip(model.named_parameters(), case.model.named_parameters(), strict=True):
            torch.testing.assert_close(p.grad, q.grad, rtol=1e-3, atol=1e-4, msg=name)


def arguments(cls: type) -> set[str]:
    """Names of the arguments of a class, those it hands on to its bases with ``**options`` included."""
    names: set[str] = set()
    for base in cls.__mro__:
        parameters = inspect.signature(base.__init__).parameters.values() if "__init__" in vars(base) else ()
        names |= {p.name for p in parameters}
        if parameters and not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return names


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (dict(type="ResNet", depth=20), "ResNet.depth: 20 is not supported; use one of 18, 34, 50, 101, 152"),
        (dict(type="ResNet", depth=18, style="jax"), "ResNet.style: 'jax'"),
        (dict(type="ResNet", depth=18, strides=(1, 2)), "one entry for each of the 4 stages"),
        (dict(type="ResNet", depth=18, out_indices=(4,)), r"ResNet.out_indices: \[4\] not in 0..3"),
        (dict(type="ResNet", depth=18, frozen_stages=7), "ResNet.frozen_stages: 7 not in -1..4"),
        (dict(type="ResNeSt", depth=34), "ResNeSt.depth: 34 .* 50, 101, 152, 200, 269"),
        (dict(type="CSPNeXt", arch="P7"), "CSPNeXt.arch: 'P7' is not supported; use one of 'P5', 'P6'"),
        (dict(type="RegNet", arch="regnety"), "RegNet.arch: 'regnety' .*regnetx_400mf"),
        (dict(type="RegNet", arch="regnetx_400mf", deep_stem=True), "RegNet.deep_stem"),
        (dict(type="VGG", depth=12), "VGG.depth: 12 .* 11, 13, 16, 19"),
        (dict(type="ShuffleNetV1", groups=5), "ShuffleNetV1.groups: 5 .* 1, 2, 3, 4, 8"),
        (dict(type="ShuffleNetV2", widen_factor=3), "ShuffleNetV2.widen_factor: 3 .* 0.5, 1.0, 1.5, 2.0"),
        (dict(type="MobileNetV3", arch="huge"), "MobileNetV3.arch: 'huge' .* 'small', 'big'"),
        (dict(type="ViPNAS_ResNet", depth=18), "ViPNAS_ResNet.depth: 18 .* 50"),
        (dict(type="VisionTransformer", arch="xl"), "VisionTransformer.arch: 'xl' .*'base'"),
        (dict(type="VisionTransformer", with_cls_token=False), "'cls_token' needs with_cls_token=True"),
        (
            dict(type="VisionTransformer", output_cls_token=True),
            "output_cls_token: True is not supported; use out_type",
        ),
        (dict(type="SwinTransformer", strides=(4, 2, 2, 1)), "SwinTransformer.strides"),
        (dict(type="TCN", in_channels=4, kernel_sizes=(3, 2, 3)), r"TCN.kernel_sizes: \[3, 2, 3\]; use 3 odd numbers"),
        (dict(type="MSPN", num_blocks=[2, 2]), r"MSPN.num_blocks: \[2, 2\]"),
        (dict(type="HourglassNet", downsample_times=9), "HourglassNet: downsample_times=9 needs at least 10"),
        (dict(type="TimmBackbone", model_name="resnet18", out_indices=(7,)), r"out_indices: \(7,\) are no levels"),
        (dict(type="TimmBackbone", model_name="resnet18", frozen_stages=6), "TimmBackbone.frozen_stages: 6 not in"),
        (dict(type="TimmBackbone", model_name="hrnet_w18_small", frozen_stages=1), "no layer 'stem' to freeze up to"),
        (dict(type="ConvNeXt", arch="huge"), "ConvNeXt.arch: 'huge' is not supported; use one of 'atto'"),
        (dict(type="RepVGG", arch="B1g2"), "RepVGG.arch: 'B1g2' is not supported; use one of 'A0'"),
        (dict(type="EfficientNet", out_indices=(7,)), r"EfficientNet.out_indices: \[7\] not in 0..6"),
        (dict(type="mmpretrain.HorNet"), "neither posekit nor timm has HorNet"),
        (dict(type="mmpretrain.DenseNet"), r"type='TimmBackbone', model_name='densenet121'"),
        (dict(type="TimmBackbone", model_name="resnet51"), "timm has no 'resnet51'; near it: .*resnet50"),
        (dict(type="HRNet", extra={**HRNET, "stage2": branches(8, 16, block="FAST")}), "HRNet.block: 'FAST'"),
        (dict(type="HRNet", extra={**HRNET, "stage2": {**branches(8, 16), "num_blocks": [1]}}), r"num_blocks \[1\]"),
    ],
)
def test_refuses_what_does_not_exist(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MODELS.build(copy.deepcopy(config))


@pytest.mark.parametrize(
    ("config", "channels"),
    [
        (dict(type="mmpretrain.EfficientNet", arch="b2", out_indices=(2, 3, 4, 5, 6)), [24, 48, 120, 352, 1408]),
        (dict(type="mmpretrain.EfficientNet", arch="es", out_indices=(1, 2, 3, 4, 5)), [24, 32, 48, 144, 192]),
        (dict(type="mmcls.EfficientNetV2", arch="b0"), [1280]),
        (dict(type="mmpretrain.RepVGG", arch="A1"), [1280]),
        (dict(type="mmpretrain.MobileOne", arch="s2", out_indices=-1), [2048]),
        (dict(type="mmpretrain.ConvNeXt", arch="pico", use_grn=True, out_indices=[-2, -1]), [256, 512]),
        (dict(type="mmpretrain.TIMMBackbone", model_name="resnet18", features_only=True), [64, 64, 128, 256, 512]),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_backbones_of_mmpretrain_have_its_channels(config: dict[str, Any], channels: list[int]) -> None:
    model = MODELS.build(config).eval()
    with torch.no_grad():
        assert [x.shape[1] for x in model(torch.zeros(1, 3, 32, 32))] == channels


@pytest.mark.parametrize("kind", ["RepVGG", "MobileOne"])
def test_joined_branches_give_the_same(kind: str) -> None:
    config = dict(ROWS[kind][0], type=kind)
    model, x = MODELS.build(config), torch.rand(2, 3, 32, 32)
    model(x)
    outputs = model.eval()(x)
    parameters = len(list(model.parameters()))
    model.switch_to_deploy()
    assert len(list(model.parameters())) < parameters
    torch.testing.assert_close(model(x), outputs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("stages", [0, 2, 5])
def test_levels_of_a_timm_model_are_frozen_with_what_lies_before_them(stages: int) -> None:
    config = dict(type="TimmBackbone", model_name="tf_efficientnet_lite0", out_indices=(2, 3, 4), frozen_stages=stages)
    model = MODELS.build(config).train()
    frozen = {name.split(".")[1] for name, p in model.named_parameters() if not p.requires_grad}
    blocks = {
        int(name.split(".")[2]) for name, p in model.named_parameters() if not p.requires_grad and "blocks" in name
    }
    assert frozen == ({"conv_stem", "bn1", "blocks"} if stages else {"conv_stem", "bn1"})
    assert blocks == {0: set(), 2: {0, 1}, 5: set(range(7))}[stages]
    assert model.out_channels == [40, 112, 320]
    assert [x.shape[-1] for x in model(torch.zeros(1, 3, 64, 64))] == [8, 4, 2]


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "regnetx_002"])
def test_timm_models_of_other_builds_are_frozen_too(name: str) -> None:
    with torch.device("meta"):
        model = MODELS.build(dict(type="TimmBackbone", model_name=name, frozen_stages=2))
    frozen = sum(not p.requires_grad for p in model.parameters())
    assert 0 < frozen < len(list(model.parameters()))


def test_weights_of_timm_load_into_backbones_of_mmpretrain(monkeypatch: pytest.MonkeyPatch) -> None:
    import timm

    from posekit.models.init_weights import load_pretrained

    source = timm.create_model("repvgg_a0")
    model = MODELS.build(dict(ROWS["RepVGG"][0], type="RepVGG"))
    monkeypatch.setattr("timm.create_model", lambda name, pretrained: source)
    load_pretrained(model, "timm://repvgg_a0")
    assert torch.equal(model.timm_model.stages[1][0].conv_kxk.conv.weight, source.stages[1][0].conv_kxk.conv.weight)


def test_hrnet_can_return_only_the_finest_branch() -> None:
    extra = {**HRNET, "stage4": branches(8, 16, 32, 64)}
    outputs = MODELS.build(dict(type="HRNet", extra=extra))(torch.randn(2, 3, 64, 64))
    assert [tuple(x.shape) for x in outputs] == [(2, 8, 16, 16)]


def test_residual_blocks_start_as_their_shortcuts() -> None:
    model = MODELS.build(dict(type="ResNet", depth=18, **RESNET))
    model.init_weights()
    block = model.layer1[0].eval()
    x = torch.rand(1, 8, 8, 8)
    torch.testing.assert_close(block(x), x)


def test_strided_and_dilated_temporal_convolutions_agree_on_one_window() -> None:
    config = dict(type="TCN", in_channels=6, stem_channels=8, num_blocks=1, kernel_sizes=(3, 3))
    dilated, strided = MODELS.build(config).eval(), MODELS.build({**config, "use_stride_conv": True}).eval()
    strided.load_state_dict(dilated.state_dict())
    x = torch.randn(2, 6, 9)
    torch.testing.assert_close(dilated(x), strided(x))


def test_max_norm_limits_the_weights() -> None:
    model = MODELS.build(dict(type="TCN", in_channels=6, stem_channels=8, max_norm=0.5))
    model(torch.randn(2, 6, 27))
    norms = [part.weight.norm() for part in model.modules() if isinstance(part, nn.Conv1d)]
    assert max(norms) <= 0.5 + 1e-4


def test_older_vision_transformers_give_feature_maps() -> None:
    older = dict(arch=VIT, img_size=(64, 48), with_cls_token=False, output_cls_token=False)
    model = MODELS.build(dict(type="mmcls.VisionTransformer", **older))
    assert tensors(model(torch.zeros(1, 3, 64, 48)))[0].shape == (1, 16, 4, 3)
