"""From any checkpoint to safetensors, and what is told about one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from posekit.apis import init_model
from posekit.checkpoints.convert import convert
from posekit.checkpoints.inspect import inspect_checkpoint
from posekit.checkpoints.load import open_checkpoint
from posekit.checkpoints.plain_meta import PlainMeta
from posekit.checkpoints.torch_file import CheckpointError

CONFIG: dict[str, Any] = dict(
    model=dict(
        type="TopdownPoseEstimator",
        backbone=dict(type="ResNet", depth=18, stem_channels=4, base_channels=4),
        head=dict(type="HeatmapHead", in_channels=32, out_channels=2, deconv_out_channels=None),
    )
)
STORED = [
    torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
    torch.bool, torch.uint16, torch.float8_e4m3fn,
]  # fmt: skip
META = {
    "epoch": 3,
    "mmengine_version": "0.10",
    "cfg": "model = dict(type='TopdownPoseEstimator', backbone=dict(type='ResNet'), head=dict(type='HeatmapHead'))",
    "dataset_meta": {
        "dataset_name": "mine",
        "keypoint_id2name": {0: "nose", 1: "tail"},
        "flip_indices": [0, 1],
        "sigmas": np.array([0.1, np.nan], np.float32),
    },
}


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    model = init_model(CONFIG)
    with torch.no_grad():
        for value in model.state_dict(keep_vars=True).values():
            value.copy_(torch.randn(value.shape) if value.is_floating_point() else torch.tensor(7))
    state = {f"module.{key}": value for key, value in model.state_dict().items()}
    torch.save({"meta": META, "state_dict": state, "optimizer": {"state": {0: torch.ones(9)}}}, tmp_path / "a.pth")
    return tmp_path / "a.pth"


def test_the_result_loads_to_the_last_bit(trained: Path) -> None:
    done = convert(trained, trained.with_suffix(".safetensors"))
    before, after = init_model(CONFIG, trained), init_model(CONFIG, done.path)
    assert before.state_dict().keys() == after.state_dict().keys()
    assert all(torch.equal(value, after.state_dict()[key]) for key, value in before.state_dict().items())
    assert after.dataset_meta["keypoint_id2name"] == {0: "nose", 1: "tail"}
    assert done.count == len(before.state_dict())


def test_meta_and_config_are_beside_it(trained: Path) -> None:
    convert(trained, trained.with_suffix(".safetensors"))
    meta = json.loads(trained.with_suffix(".json").read_text())
    assert (meta["epoch"], meta["cfg"]) == (3, META["cfg"])
    assert meta["dataset_meta"]["sigmas"] == [pytest.approx(0.1), None]


def test_half(trained: Path, tmp_path: Path) -> None:
    content = torch.load(trained, weights_only=False)
    content["state_dict"]["module.head.final_layer.bias"][0] = 1e6
    torch.save(content, trained)
    done = convert(trained, tmp_path / "h.safetensors", half=True)
    state = open_checkpoint(done.path).state
    assert done.too_large == ["head.final_layer.bias"]
    assert state["head.final_layer.bias"].dtype == torch.float32
    assert state["backbone.conv1.weight"].dtype == torch.float16
    assert state["backbone.bn1.num_batches_tracked"].dtype == torch.int64


@pytest.mark.parametrize(("ema", "value"), [(None, 1), (True, 1), (False, 2)])
def test_averages(ema: bool | None, value: int, tmp_path: Path) -> None:
    one, steps = torch.ones(1), torch.tensor(3)
    torch.save({"state_dict": {"w": one}, "ema_state_dict": {"module.w": one * 2, "steps": steps}}, tmp_path / "a.pth")
    done = convert(tmp_path / "a.pth", tmp_path / "b.safetensors", ema=ema)
    assert open_checkpoint(done.path).state == {"w": value}


def test_without_averages(trained: Path) -> None:
    with pytest.raises(CheckpointError, match=r"a\.pth: holds no EMA weights; it has the entries meta, state_dict"):
        convert(trained, trained.with_suffix(".safetensors"), ema=True)


@pytest.mark.parametrize("present", ["a.safetensors", "a.json"])
def test_nothing_is_overwritten_unless_forced(present: str, trained: Path) -> None:
    (trained.parent / present).write_text("mine")
    with pytest.raises(FileExistsError, match=f"{present}: is there already"):
        convert(trained, trained.with_suffix(".safetensors"))
    assert (trained.parent / present).read_text() == "mine"
    assert convert(trained, trained.with_suffix(".safetensors"), force=True).path.is_file()


def test_the_suffix_is_demanded(trained: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in \.safetensors"):
        convert(trained, trained.with_suffix(".pt"))


def test_weights_that_share_memory_do_not_fill_the_disk(tmp_path: Path) -> None:
    one = torch.ones(100)
    torch.save({f"w{i}": one for i in range(9)}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="would take 3600 bytes"):
        convert(tmp_path / "a.pth", tmp_path / "b.safetensors")


def test_weights_that_safetensors_cannot_hold(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(1, dtype=torch.complex128)}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="w is complex128"):
        convert(tmp_path / "a.pth", tmp_path / "b.safetensors")


@pytest.mark.parametrize("dtype", STORED)
def test_every_kind_of_number(dtype: torch.dtype, tmp_path: Path) -> None:
    value = torch.arange(6).reshape(2, 3).to(dtype)
    torch.save({"w": value, "turned": value.T}, tmp_path / "a.pth")
    state = open_checkpoint(convert(tmp_path / "a.pth", tmp_path / "b.safetensors").path).state
    assert state["w"].dtype == dtype
    assert torch.equal(state["w"].float(), value.float())
    assert torch.equal(state["turned"].float(), value.T.float())


def test_what_is_no_plain_value_is_left_out_and_told() -> None:
    meta = PlainMeta({"a": [1, object(), (2,)], "b": {"c": object(), 3: np.float32(0.5)}, "d": {4}})
    assert meta.values == {"a": [1, [2]], "b": {"3": 0.5}, "d": [4]}
    assert meta.dropped == ["a.1", "b.c"]


def test_what_is_in_a_checkpoint(trained: Path) -> None:
    contents = inspect_checkpoint(trained)
    assert contents.kind == "torch, zip format"
    assert contents.entries == ["meta", "state_dict", "optimizer"]
    assert contents.told == {"epoch": "3", "mmengine_version": "0.10"}
    assert contents.model == {"model": "TopdownPoseEstimator", "backbone": "ResNet", "head": "HeatmapHead"}
    assert (contents.dataset, contents.keypoints) == ("mine", ["nose", "tail"])
    assert not contents.not_finite
    assert contents.weights.keys() == init_model(CONFIG).state_dict().keys()


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float8_e5m2, torch.complex64])
def test_numbers_that_are_none_are_named(value: float, dtype: torch.dtype, tmp_path: Path) -> None:
    torch.save({"good": torch.ones(2).to(dtype), "bad": torch.tensor([1, value]).to(dtype)}, tmp_path / "a.pth")
    assert inspect_checkpoint(tmp_path / "a.pth").not_finite == ["bad"]


@pytest.mark.parametrize("config", ["model = (", "import os", 3, "x = 1", "model = 3"])
def test_configs_that_cannot_be_read_are_no_error(config: Any, tmp_path: Path) -> None:
    torch.save({"meta": {"cfg": config, "dataset_meta": [1]}, "state_dict": {"w": torch.ones(1)}}, tmp_path / "a.pth")
    contents = inspect_checkpoint(tmp_path / "a.pth")
    assert (contents.model, contents.dataset, contents.keypoints) == ({}, "", [])


def test_kinds_of_files(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(1)}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    convert(tmp_path / "a.pth", tmp_path / "b.safetensors")
    assert inspect_checkpoint(tmp_path / "a.pth").kind == "torch, format before 1.6"
    assert inspect_checkpoint(tmp_path / "b.safetensors").kind == "safetensors"
