"""Initial weights by rules and from checkpoints."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from posekit.models import init_weights
from posekit.models.base_module import BaseModule
from posekit.models.layers.patch_embed import PatchMerging
from posekit.registry import MODELS


class Net(BaseModule):
    def __init__(self, init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(4, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.fc = nn.Linear(64, 64)


class Outer(BaseModule):
    def __init__(self, inner: BaseModule, init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.parts = nn.Sequential(inner, nn.Linear(8, 8))


def initialised(*rules: dict[str, Any]) -> Net:
    torch.manual_seed(0)
    net = Net(list(rules))
    net.init_weights()
    return net


@pytest.mark.parametrize(
    ("rule", "spread"),
    [
        (dict(type="Normal", std=0.02), 0.02),
        (dict(type="TruncNormal", std=0.02), 0.02),
        (dict(type="Uniform", a=-0.3, b=0.3), 0.3 / 3**0.5),
        (dict(type="Xavier"), (2 / 128) ** 0.5),
        (dict(type="Xavier", distribution="uniform", gain=2), 2 * (2 / 128) ** 0.5),
        (dict(type="Kaiming"), (2 / 64) ** 0.5),
        (dict(type="mmengine.model.KaimingInit"), (2 / 64) ** 0.5),
        (dict(type="Kaiming", a=5**0.5, distribution="uniform", nonlinearity="leaky_relu"), (1 / 3 / 64) ** 0.5),
        (dict(type="Caffe2Xavier"), (1 / 64) ** 0.5),
        (dict(type="mmengine.Constant", val=3.0), 0.0),
    ],
)
def test_rules_spread_weights_as_they_say(rule: dict[str, Any], spread: float) -> None:
    net = initialised(dict(rule, layer="Linear", bias=0.5))
    assert net.fc.weight.std().item() == pytest.approx(spread, rel=0.05, abs=1e-6)
    assert (net.fc.bias == 0.5).all()


def test_layers_are_chosen_by_class_or_base_class() -> None:
    net = initialised(dict(type="Constant", val=2.0, layer=["Conv2d", "_BatchNorm"]))
    assert (net.conv.weight == 2).all()
    assert (net.norm.weight == 2).all()
    assert not (net.fc.weight == 2).any()


def test_without_layer_every_weight_is_set() -> None:
    net = initialised(dict(type="Constant", val=2.0))
    assert all((p == 2).all() for name, p in net.named_parameters() if name.endswith("weight"))


def test_overrides_set_single_parts() -> None:
    override = [dict(name="fc", type="Constant", val=7.0), dict(name="norm")]
    net = initialised(dict(type="Constant", val=2.0, layer="Conv2d", override=override))
    assert (net.conv.weight == 2).all()
    assert (net.fc.weight == 7).all()
    assert (net.norm.weight == 2).all()


def test_bias_from_a_probability() -> None:
    net = initialised(dict(type="Normal", std=0.01, layer="Linear", bias_prob=0.01))
    assert net.fc.bias[0].sigmoid().item() == pytest.approx(0.01)


def test_inner_parts_set_their_own_weights_after_the_outer_ones() -> None:
    net = Outer(Net(dict(type="Constant", val=1.5, layer="Linear")), dict(type="Constant", val=2.5, layer="Linear"))
    net.init_weights()
    assert (net.parts[0].fc.weight == 1.5).all()
    assert (net.parts[1].weight == 2.5).all()


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (dict(type="Gaussian"), "no type 'Gaussian'; use one of Normal, .*Pretrained"),
        (dict(type="Normal", sigma=1.0), r"Normal has no option \['sigma'\]; it has bias, bias_prob, mean, std"),
        (dict(type="Normal", override=dict(name="head")), "Net has no such part; it has conv, norm, fc"),
    ],
)
def test_wrong_rules_are_named(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        initialised(rule)


@pytest.mark.parametrize("kind", ["Pretrained", "mmengine.model.PretrainedInit"])
def test_pretrained_weights_win_and_take_a_prefix(kind: str, tmp_path: Path) -> None:
    source = Net()
    path = tmp_path / "net.pth"
    torch.save({"state_dict": {f"backbone.{key}": value for key, value in source.state_dict().items()}}, path)
    net = initialised(dict(type=kind, checkpoint=str(path), prefix="backbone."), dict(type="Constant", val=9.0))
    assert net.is_pretrained
    torch.testing.assert_close(dict(net.state_dict()), dict(source.state_dict()))


def test_a_prefix_that_matches_nothing_is_refused(tmp_path: Path) -> None:
    torch.save({f"backbone.{key}": value for key, value in Net().state_dict().items()}, tmp_path / "net.pth")
    rule = dict(type="Pretrained", checkpoint=str(tmp_path / "net.pth"), prefix="bakcbone.")
    message = r"init_cfg.prefix: 'bakcbone.' is the beginning of no key in .*net.pth; keys begin 'backbone.'"
    with pytest.raises(ValueError, match=message):
        initialised(rule)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("torchvision://resnet50", "https://download.pytorch.org/models/resnet50-0676ba61.pth"),
        ("mmcls://vgg16_bn", "/vgg/vgg16_bn_batch256_imagenet_20210208-7e55cd29.pth"),
        ("open-mmlab://msra/hrnetv2_w32", "/hrnetv2_w32-dc9eeb4f.pth"),
        ("https://example.org/a.pth", "https://example.org/a.pth"),
        ("weights/a.pth", "weights/a.pth"),
    ],
)
def test_names_of_checkpoints(name: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def record(source: str) -> dict[str, Tensor]:
        read.append(source)
        prefix = "backbone." if name.startswith("mmcls") else ""
        return {f"{prefix}{key}": value for key, value in Net().state_dict().items()}

    monkeypatch.setattr("posekit.checkpoints.load.read_checkpoint", record)
    init_weights.load_pretrained(Net(), name)
    assert read[0].endswith(address)


def test_unknown_names_of_checkpoints_are_refused() -> None:
    with pytest.raises(ValueError, match="no checkpoint is known as 'mmcls://resnet51'; known: mmcls://mobilenet_v2"):
        init_weights.load_pretrained(Net(), "mmcls://resnet51")


class TestConvertedStates:
    def test_swin_merges_tokens_as_the_original(self) -> None:
        model = MODELS.build(
            dict(
                type="SwinTransformer",
                embed_dims=4,
                depths=[1, 1],
                num_heads=[1, 1],
                strides=[4, 2],
                window_size=3,
                out_indices=(1,),
                convert_weights=True,
            )
        )
        norm, reduction = nn.LayerNorm(16), nn.Linear(16, 8, bias=False)
        nn.init.normal_(norm.weight)
        state = model.convert_state(
            {
                "layers.0.downsample.norm.weight": norm.weight.data,
                "layers.0.downsample.norm.bias": norm.bias.data,
                "layers.0.downsample.reduction.weight": reduction.weight.data,
                "layers.0.blocks.0.attn.relative_position_bias_table": torch.zeros(169, 1),
            }
        )
        assert state.pop("stages.0.blocks.0.attn.w_msa.relative_position_bias_table").shape == (25, 1)
        merging = PatchMerging(4, 8, norm_cfg={"type": "LN"})
        merging.load_state_dict({key.removeprefix("stages.0.downsample."): value for key, value in state.items()})
        x = torch.randn(1, 4, 4, 4)
        corners = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        torch.testing.assert_close(merging(x), reduction(norm(torch.cat(corners, -1))))

    @pytest.mark.parametrize("version", [1, 2])
    def test_pvt_takes_the_originals_names(self, version: int) -> None:
        kind = "PyramidVisionTransformer" + ("V2" if version == 2 else "")
        model = MODELS.build(dict(type=kind, embed_dims=4, num_layers=[1] * 4, num_heads=[1, 2, 2, 2]))
        state = original_pvt(model.state_dict(), version)
        assert {k: v.shape for k, v in model.convert_state(state).items()} == {
            k: v.shape for k, v in model.state_dict().items()
        }

    def test_mspn_spreads_a_resnet_over_its_stages(self) -> None:
        model = MODELS.build(dict(type="MSPN", unit_channels=8, num_stages=2, num_units=2, num_blocks=[1, 1]))
        resnet = MODELS.build(dict(type="ResNet", depth=50)).state_dict()
        converted = model.convert_state(resnet)
        own = model.state_dict()
        taken = {key for key in own if key in converted}
        assert taken == {key for key in own if key.startswith("top.") or ".downsample.layer" in key}
        assert all(converted[key].shape == own[key].shape for key in taken)

    def test_vision_transformer_fits_square_positions(self) -> None:
        arch = dict(embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)
        config = dict(type="VisionTransformer", arch=arch, img_size=(64, 48), out_type="featmap", with_cls_token=False)
        model = MODELS.build(config)
        fitted = model.fit_state({"pos_embed": torch.randn(1, 1 + math.prod((8, 8)), 8)})
        assert fitted["pos_embed"].shape == model.pos_embed.shape


def original_pvt(state: dict[str, Tensor], version: int) -> dict[str, Tensor]:
    """The same weights under the names and in the shapes of the original project."""
    original = {}
    for key, value in state.items():
        stage, part, rest = key.removeprefix("layers.").split(".", 2)
        name = f"patch_embed{int(stage) + 1}.{rest.replace('projection', 'proj')}"
        if part == "2":
            name = f"norm{int(stage) + 1}.{rest}"
        elif part == "1" and rest.endswith("pos_embed"):
            name = f"pos_embed{int(stage) + 1}"
            value = torch.cat((value[:, :1], value), 1) if stage == "3" else value
        elif part == "1":
            index, _, rest = rest.partition(".")
            last = "4" if version == 2 else "3"
            for new, old in {
                "attn.attn.out_proj": "attn.proj",
                "ffn.layers.0": "mlp.fc1",
                "ffn.layers.1": "mlp.dwconv.dwconv",
                f"ffn.layers.{last}": "mlp.fc2",
            }.items():
                rest = rest.replace(new, old)
            name = f"block{int(stage) + 1}.{int(index) - (version == 1)}.{rest}"
            if "in_proj_" in name:
                channels = value.shape[0] // 3
                query = name.replace("attn.attn.in_proj_", "attn.q.")
                original[query], original[query.replace(".q.", ".kv.")] = value[:channels], value[channels:]
                continue
            if rest in ("mlp.fc1.weight", "mlp.fc2.weight"):
                value = value[..., 0, 0]
        original[name] = value
    return original
