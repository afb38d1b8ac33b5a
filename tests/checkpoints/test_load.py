"""From a checkpoint to a model, and back to a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from posekit.apis import init_model
from posekit.checkpoints.checkpoint import unwrap
from posekit.checkpoints.load import load_into, open_checkpoint, read_checkpoint
from posekit.checkpoints.read import CheckpointError
from posekit.checkpoints.save import save_weights
from posekit.checkpoints.upgrade import upgrade
from posekit.registry import MODELS

ONE = torch.ones(1)


def model() -> nn.Module:
    return nn.ModuleDict({"backbone": nn.Conv2d(3, 4, 1), "head": nn.Conv2d(4, 2, 1)})


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"state_dict": s}, lambda s: {"model": s, "epoch": 1}])
@pytest.mark.parametrize("prefix", ["", "module.", "module._orig_mod.", "model."])
def test_finds_the_weights(tmp_path: Path, wrap, prefix: str) -> None:
    state = model().state_dict()
    torch.save(wrap({prefix + key: value for key, value in state.items()}), tmp_path / "a.pth")
    assert read_checkpoint(tmp_path / "a.pth").keys() == state.keys()


def test_takes_ema_weights_when_asked(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a": ONE}, "ema_state_dict": {"module.a": ONE * 2}}, tmp_path / "a.pth")
    found = {ema: open_checkpoint(tmp_path / "a.pth", ema=ema).state["a"] for ema in (None, True, False)}
    assert found == {None: 1, True: 2, False: 1}


def test_averages_are_the_main_weights_where_training_swapped_them(tmp_path: Path) -> None:
    """MMEngine's and posekit's EMAHook do; the counter beside the others tells."""
    averages, trained = {"a": ONE, "mean": ONE}, {"module.a": ONE * 2, "steps": torch.tensor(3)}
    torch.save({"state_dict": averages, "ema_state_dict": trained}, tmp_path / "a.pth")
    assert open_checkpoint(tmp_path / "a.pth").state == averages
    assert open_checkpoint(tmp_path / "a.pth", ema=True).state == averages
    assert open_checkpoint(tmp_path / "a.pth", ema=False).state == {"a": 2, "mean": 1}


def test_a_file_without_weights_says_what_it_has(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "log": []}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="holds no weights; it has the entries epoch, log"):
        open_checkpoint(tmp_path / "a.pth")


def test_reports_what_was_loaded() -> None:
    state = model().state_dict()
    state["head.weight"] = torch.zeros(7, 4, 1, 1)
    del state["head.bias"]
    state["extra"] = ONE
    report = load_into(model(), state, source="a.pth")
    assert sorted(report.loaded) == ["backbone.bias", "backbone.weight"]
    assert report.missing == ["head.bias"]
    assert report.unexpected == ["extra"]
    assert report.wrong_shape == ["head.weight (7, 4, 1, 1) instead of (2, 4, 1, 1)"]
    assert str(report).startswith("a.pth: 2 loaded, 1 not in the checkpoint, 1 not in the model, 1 of another shape")


def test_parts_that_only_training_needs_are_left_out_and_told() -> None:
    state = {
        **model().state_dict(),
        "distill_losses.loss_fea.align.weight": ONE,
        "distill_losses.loss_fea.align.bias": ONE,
    }
    report = load_into(model(), state, source="a.pth", strict=True)
    assert report.is_complete
    assert str(report).splitlines()[0] == "a.pth: 4 loaded"
    assert str(report).splitlines()[-1] == (
        "  left out, needed in training alone: distill_losses.loss_fea.align.weight, distill_losses.loss_fea.align.bias"
    )


def test_parts_for_training_are_loaded_into_a_model_that_has_them() -> None:
    training = nn.ModuleDict({"backbone": nn.Linear(1, 1), "distill_losses": nn.Linear(1, 1)})
    report = load_into(training, {key: value + 1 for key, value in training.state_dict().items()})
    assert len(report.loaded) == 4
    assert not report.left_out


def test_a_report_shows_ten_of_each() -> None:
    report = load_into(nn.Linear(1, 1, bias=False), {"weight": ONE[None], **{f"x{i}": ONE for i in range(30)}})
    assert "x9 ... 20 more" in str(report)
    assert "x10" not in str(report)


def test_weights_of_another_model_are_one_clear_error() -> None:
    foreign = {f"layer{i}.weight": ONE for i in range(9)}
    with pytest.raises(CheckpointError, match="belong to another model than this ModuleDict"):
        load_into(model(), foreign)


@pytest.mark.parametrize("state", [{}, {"distill_losses.loss_fea.align.weight": ONE}], ids=["empty", "training only"])
def test_no_weights_for_the_model_are_one_clear_error(state) -> None:
    with pytest.raises(CheckpointError, match=r"a\.pth: holds no weights for this ModuleDict"):
        load_into(model(), state, source="a.pth")


def test_a_model_without_weights_takes_none() -> None:
    assert load_into(nn.ReLU(), {}).is_complete


def test_strict_demands_everything() -> None:
    state = model().state_dict()
    assert load_into(model(), state, strict=True).is_complete
    del state["head.bias"]
    with pytest.raises(CheckpointError, match="do not fit"):
        load_into(model(), state, strict=True)


def test_a_prefix_selects_a_part() -> None:
    state, backbone = model().state_dict(), nn.Conv2d(3, 4, 1)
    assert load_into(backbone, state, prefix="backbone").is_complete
    assert torch.equal(backbone.weight, state["backbone.weight"])


def test_safetensors_round_trip(tmp_path: Path) -> None:
    tied = nn.Linear(2, 2)
    state = {**tied.state_dict(), "tied.weight": tied.weight, "strided": torch.arange(6).reshape(2, 3).T}
    meta = {"dataset_meta": {"name": "mine", "sigmas": np.array([0.5])}, "kinds": {"b", "a"}}
    path = save_weights(tmp_path / "out.pth", state, meta)
    assert path.name == "out.safetensors"
    assert json.loads(path.with_suffix(".json").read_text())["kinds"] == ["a", "b"]
    checkpoint = open_checkpoint(path)
    assert checkpoint.meta["dataset_meta"] == {"name": "mine", "sigmas": [0.5]}
    assert all(torch.equal(checkpoint.state[key], value) for key, value in state.items())
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["out.json", "out.safetensors"]


def test_what_json_cannot_hold_is_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="meta holds a Conv2d"):
        save_weights(tmp_path / "a", {"w": ONE}, {"layer": nn.Conv2d(1, 1, 1)})


def test_unwrap_keeps_keys_that_only_some_have() -> None:
    assert set(unwrap({"module.a": ONE, "b": ONE})) == {"module.a", "b"}


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("keypoint_head.deconv_layers.0.weight", "head.deconv_layers.0.weight", ()),
        ("keypoint_head.final_layer.weight", "head.final_layer.weight", ()),
        ("rescore_net.l1.weight", "head.rescore_net.l1.weight", ()),
        ("keypoint_head.keypoint_center_conv.weight", "head.iia_module.keypoint_root_conv.weight", ()),
        ("keypoint_head.conv_down.weight", "head.gfd_module.conv_down.weight", ()),
        ("keypoint_head.heatmap_conv.bias", "head.gfd_module.heatmap_conv.bias", ()),
        ("keypoint_head.c_attn.atn.weight", "head.gfd_module.channel_attention.atn.weight", ()),
        ("keypoint_head.s_attn.conv.weight", "head.gfd_module.spatial_attention.conv.weight", ()),
        ("keypoint_head.fuse_attn.weight", "head.gfd_module.fuse_attention.weight", ()),
        (
            "head.simplebaseline_head.final_layer.bias",
            "head.deconv_head.final_layer.bias",
            ("head.deconv_head.final_layer.bias",),
        ),
        (
            "head.conv_layers.0.weight",
            "head.simplebaseline_head.deconv_layers.0.weight",
            ("head.simplebaseline_head.deconv_layers.0.weight",),
        ),
        ("head.loss.flow_model.mask", "head.loss_module.flow_model.mask", ()),
        (
            "head.final_layer.weight",
            "head.simplebaseline_head.final_layer.weight",
            ("head.simplebaseline_head.final_layer.weight",),
        ),
    ],
)
def test_old_names(old: str, new: str, wanted: tuple[str, ...]) -> None:
    assert list(upgrade({old: ONE}, wanted)) == [new]


def test_stacked_final_layers_are_split() -> None:
    old = {f"keypoint_head.final_layer.{i}.weight": ONE for i in (0, 1, 3)}
    assert list(upgrade(old, ())) == [
        "head.conv_layers.0.weight",
        "head.conv_layers.1.weight",
        "head.final_layer.weight",
    ]


@pytest.mark.parametrize("key", ["data_preprocessor.mean", "ema_backbone_conv1_weight"])
def test_what_is_no_weight_is_left_out(key: str) -> None:
    assert not upgrade({key: ONE}, ())


def test_detectors_of_mmyolo() -> None:
    keys = ["backbone.stem.conv.conv.weight", "bbox_head.multi_level_conv_cls.0.weight", "neck.top_down_blocks.0.a"]
    old = [keys[0], "bbox_head.head_module.multi_level_conv_cls.0.weight", "neck.top_down_layers.0.0.a"]
    assert list(upgrade(dict.fromkeys(old, ONE), keys)) == keys


def test_each_hand_has_its_own_stack() -> None:
    old = {f"keypoint_head.{side}_hand_head.final_layer.{i}.weight": ONE for side in ("left", "right") for i in (0, 3)}
    assert set(upgrade(old, ())) == {
        f"head.{side}_hand_head.{layer}.weight"
        for side in ("left", "right")
        for layer in ("conv_layers.0", "final_layer")
    }


def test_displacements_of_0x_are_turned() -> None:
    """They pointed from keypoints to centres, and the centres' heatmap came first."""
    old = {f"keypoint_head.offset_conv_layers.{i}.weight": torch.arange(3.0) for i in (0, 3)}
    old["keypoint_head.heatmap_conv_layers.2.bias"] = torch.arange(3.0)
    new = {key: value.tolist() for key, value in upgrade(old, ()).items()}
    assert new == {
        "head.displacement_conv_layers.0.weight": [0, 1, 2],
        "head.displacement_conv_layers.3.weight": [0, -1, -2],
        "head.heatmap_conv_layers.2.bias": [1, 2, 0],
    }
    assert upgrade({"head.heatmap_conv_layers.2.bias": ONE}, ()) == {"head.heatmap_conv_layers.2.bias": ONE}


VIT = dict(
    type="VisionTransformer", arch=dict(embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8),
    img_size=(64, 48), out_type="featmap", with_cls_token=False,
)  # fmt: skip
VIT_KEYS = {
    "patch_embed.projection": "patch_embed.proj", "layers.0.ln1": "blocks.0.norm1", "layers.0.ln2": "blocks.0.norm2",
    "layers.0.attn": "blocks.0.attn", "layers.0.ffn.layers.0.0": "blocks.0.mlp.fc1",
    "layers.0.ffn.layers.1": "blocks.0.mlp.fc2", "ln1": "last_norm",
}  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "backbone."])
def test_vision_transformers_of_vitpose(prefix: str) -> None:
    backbone = MODELS.build(VIT)
    model = nn.ModuleDict({"backbone": backbone}) if prefix else backbone
    wanted, old = backbone.state_dict(), {}
    for key, value in wanted.items():
        name = next((name for name in VIT_KEYS if key.startswith(f"{name}.")), None)
        old[prefix + (key if name is None else key.replace(name, VIT_KEYS[name], 1))] = value + 1
    old[f"{prefix}pos_embed"] = torch.cat([torch.ones(1, 1, 8), wanted["pos_embed"]], 1)
    assert load_into(model, old, strict=True).is_complete
    assert all(torch.allclose(new, wanted[key]) for key, new in backbone.state_dict().items())


@pytest.mark.parametrize(("size", "grid"), [((128, 96), (8, 6)), ((64, 64), (4, 4))])
def test_positions_are_fitted_to_another_size(size: tuple[int, int], grid: tuple[int, int]) -> None:
    larger, model = MODELS.build({**VIT, "img_size": size}), MODELS.build(VIT)
    rows = torch.linspace(-1, 1, grid[0])[:, None, None].expand(*grid, 8).flatten(0, 1)[None]
    state = {f"backbone.{key}": value for key, value in larger.state_dict().items()}
    load_into(nn.ModuleDict({"backbone": model}), {**state, "backbone.pos_embed": rows}, strict=True)
    fitted = model.pos_embed.detach().unflatten(1, (4, 3))[0, :, :, 0]
    assert torch.allclose(fitted, fitted[:, :1].expand(4, 3), atol=1e-6)
    assert (fitted[1:, 0] > fitted[:-1, 0]).all()


def test_positions_of_no_grid_are_left_alone() -> None:
    state = {"pos_embed": torch.ones(1, 7, 8)}
    assert load_into(MODELS.build(VIT), {**MODELS.build(VIT).state_dict(), **state}).wrong_shape == [
        "pos_embed (1, 7, 8) instead of (1, 12, 8)"
    ]


def test_counters_that_old_files_lack_are_not_missed() -> None:
    state = {key: value for key, value in nn.BatchNorm2d(2).state_dict().items() if key != "num_batches_tracked"}
    assert load_into(nn.BatchNorm2d(2), state, strict=True).is_complete


def test_names_in_reports_are_fit_for_a_terminal() -> None:
    report = str(load_into(nn.Linear(1, 1), {**nn.Linear(1, 1).state_dict(), "\x1b[2J": ONE, "n" * 999: ONE}))
    assert "\x1b" not in report
    assert len(report) < 400


def test_init_model_tells_what_did_not_fit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = dict(
        model=dict(
            type="TopdownPoseEstimator", backbone=dict(type="ResNet", depth=18, stem_channels=4, base_channels=4)
        )
    )
    state = init_model(config).state_dict()
    torch.save({"state_dict": state, "meta": {"dataset_meta": 3}}, tmp_path / "a.pth")
    assert init_model(config, tmp_path / "a.pth").dataset_meta["dataset_name"] == "coco"
    assert not caplog.text
    torch.save({**state, "backbone.conv1.weight": torch.ones(3, 3, 7, 7)}, tmp_path / "a.pth")
    init_model(config, tmp_path / "a.pth")
    assert "of another shape: backbone.conv1.weight (3, 3, 7, 7) instead of (4, 3, 7, 7)" in caplog.text
