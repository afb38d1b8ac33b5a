"""From a checkpoint to a model, and back to a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from posekit.checkpoints import download as downloads
from posekit.checkpoints.load import load_into, open_checkpoint, read_checkpoint
from posekit.checkpoints.read import CheckpointError
from posekit.checkpoints.save import save_weights
from posekit.checkpoints.upgrade import unwrap, upgrade

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


def test_a_report_shows_ten_of_each() -> None:
    report = load_into(nn.Linear(1, 1, bias=False), {"weight": ONE[None], **{f"x{i}": ONE for i in range(30)}})
    assert "x9 ... 20 more" in str(report)
    assert "x10" not in str(report)


def test_weights_of_another_model_are_one_clear_error() -> None:
    foreign = {f"layer{i}.weight": ONE for i in range(9)}
    with pytest.raises(CheckpointError, match="belong to another model than this ModuleDict"):
        load_into(model(), foreign)


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


def test_preprocessor_statistics_are_left_out() -> None:
    assert not upgrade({"data_preprocessor.mean": ONE}, ())


class TestDownload:
    URL = "https://example.com/model-0123abcd.pth"

    @pytest.fixture(autouse=True)
    def no_network(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import pooch

        def retrieve(url: str, known_hash: str | None, fname: str, path: Path) -> str:
            path.mkdir(parents=True)
            (path / fname).write_bytes(b"x")
            return str(path / fname)

        monkeypatch.setenv(downloads.CACHE_VARIABLE, str(tmp_path))
        monkeypatch.setattr(pooch, "retrieve", retrieve)

    def test_keeps_files_of_one_name_apart(self) -> None:
        first, second = (downloads.download(f"https://example.com/{i}/model.pth") for i in "ab")
        assert first.name == second.name
        assert first != second

    def test_a_wrong_digest_in_the_name_removes_the_file(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="not 0123abcd; removed"):
            downloads.download(self.URL)
        assert not list(tmp_path.rglob("*.pth"))

    @pytest.mark.parametrize("url", ["ftp://example.com/a.pth", "file:///etc/passwd"])
    def test_other_schemes_are_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"http\(s\)"):
            downloads.download(url)
