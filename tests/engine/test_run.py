"""Runs from a config to checkpoints, log, curves and metrics."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_run import BATCH, NUM_SAMPLES, tiny_config

from posekit.checkpoints.load import open_checkpoint, read_checkpoint
from posekit.config import load
from posekit.engine.evaluate import evaluate
from posekit.engine.hooks.base import BaseHook
from posekit.engine.hooks.prediction_hook import PredictionHook
from posekit.engine.launch import Launch
from posekit.engine.run_folder import default_folder
from posekit.engine.run_log import RunLog
from posekit.engine.task import NotFiniteError, load_weights
from posekit.engine.train import train
from posekit.engine.trainer import build_trainer
from posekit.files import link_atomically, write_atomically
from posekit.keypoints.skeleton import find_keypoint_set
from posekit.models.heads.simcc_head import SimCCHead
from posekit.registry import HOOKS, MODELS

STEPS = NUM_SAMPLES // BATCH


def test_own_keypoints_without_a_keypoint_set(data: Path, tmp_path: Path) -> None:
    """A COCO file that names its keypoints is enough to train, and the checkpoint knows them."""
    content = json.loads((data / "train.json").read_text())
    content["categories"][0]["keypoints"] = ["snout", "left_ear", "right_ear"]
    for annotation in content["annotations"]:
        annotation.update(keypoints=annotation["keypoints"][:9], num_keypoints=3)
    (tmp_path / "train.json").write_text(json.dumps(content))
    config = tiny_config(tmp_path, train_cfg={"max_epochs": 1})
    config.model.head.out_channels = 3
    for stage in ("train", "val", "test"):
        config[f"{stage}_dataloader"].dataset.data_prefix.img = str(data / "images")
    train(config, work_dir=tmp_path / "run", device="cpu")
    meta = open_checkpoint(tmp_path / "run" / "last.pth").meta["dataset_meta"]
    assert meta["flip_indices"] == [0, 2, 1]
    assert meta["keypoint_id2name"][0] == "snout"


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of two epochs."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    hooks = {
        "checkpoint": {"type": "CheckpointHook", "interval": 1, "save_best": "PCK", "max_keep_ckpts": 1},
        "logger": {"type": "LoggerHook", "interval": 2},
    }
    config = tiny_config(data, train_cfg={"max_epochs": 2}, default_hooks=hooks)
    train(config, work_dir=folder, device="cpu")
    return folder


def test_a_run_leaves_config_log_checkpoints_and_curves(finished: Path) -> None:
    names = {path.name for path in finished.iterdir()}
    assert {
        "last.pth",
        "epoch_2.pth",
        "config.py",
        "log.txt",
        "scalars.jsonl",
        "curves.png",
        "last_checkpoint",
    } <= names
    assert "epoch_1.pth" not in names
    assert len([name for name in names if name.startswith("best_PCK_epoch_")]) == 1
    assert load(finished / "config.py").train_cfg.max_epochs == 2
    assert (finished / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "validation: PCK" in (finished / "log.txt").read_text()


def test_training_returns_what_came_of_it(data: Path, tmp_path: Path) -> None:
    config = tiny_config(data, train_cfg={"max_epochs": 2}, custom_hooks=[])
    result = train(config, work_dir=tmp_path, device="cpu")
    assert (result.work_dir, result.epochs, result.steps) == (tmp_path, 2, 2 * STEPS)
    assert 0 < result.seconds < 600
    validated = {record["epoch"]: record["PCK"] for record in RunLog(tmp_path).records() if record["kind"] == "val"}
    assert result.metrics == {"PCK": validated[2]}
    assert (result.best_metric, result.best_value) == ("PCK", max(validated.values()))
    assert result.best_checkpoint is not None
    assert result.best_checkpoint.samefile(tmp_path / "best.pth")
    assert result.last_checkpoint == tmp_path / "last.pth"
    saved = read_checkpoint(tmp_path / "last.pth")
    assert all(torch.equal(value, saved[key]) for key, value in result.model.state_dict().items())
    best = f"best PCK {result.best_value:.4g}: {result.best_checkpoint}"
    assert str(result).startswith("trained 2 epochs, 10 steps, in 0:")
    assert str(result).endswith(f"; {best}; last: {tmp_path / 'last.pth'}")


def test_a_run_without_validation_has_no_best_checkpoint(data: Path, tmp_path: Path) -> None:
    config = tiny_config(data, train_cfg={"by_epoch": False, "max_iters": 7}, val_dataloader=None, custom_hooks=[])
    result = train(config, work_dir=tmp_path, device="cpu")
    assert (result.epochs, result.steps, result.metrics) == (7 / STEPS, 7, {})
    assert result.best_metric is result.best_value is result.best_checkpoint is None
    assert "best" not in str(result)


def test_scalars_say_what_happened_when(finished: Path) -> None:
    records = RunLog(finished).records()
    train_records = [record for record in records if record["kind"] == "train"]
    assert [record["step"] for record in train_records] == [2, 4, 5, 7, 9, 10]
    assert all(record["loss"] > 0 and 0 <= record["acc_pose"] <= 1 for record in train_records)
    assert all(0 < record["time"] < 60 for record in train_records)
    assert [record["epoch"] for record in records if record["kind"] == "val"] == [1, 2]


def test_checkpoints_are_plain_data_with_the_models_own_keys(finished: Path) -> None:
    state = torch.load(finished / "last.pth", weights_only=True)
    assert "backbone.layers.0.weight" in state["state_dict"]
    assert state["meta"]["epoch"] == 2
    assert state["meta"]["dataset_meta"]["dataset_name"] == "coco"
    best = next(finished.glob("best_*"))
    assert set(torch.load(best, weights_only=True)) == {"meta", "state_dict"}
    assert set(read_checkpoint(best)) == set(state["state_dict"])


def test_testing_a_checkpoint_repeats_validation(finished: Path, data: Path, tmp_path: Path) -> None:
    dump = tmp_path / "predictions.json"
    metrics = evaluate(tiny_config(data), finished / "last.pth", device="cpu", hooks=[PredictionHook(dump)]).metrics
    validated = [record for record in RunLog(finished).records() if record["kind"] == "val"][-1]
    assert metrics["PCK"] == pytest.approx(validated["PCK"], abs=1e-6)
    rows = json.loads(dump.read_text())
    assert [row["image_id"] for row in rows] == list(range(8))
    assert set(rows[0]) == {"image_id", "category_id", "keypoints", "score", "bbox"}
    assert len(rows[0]["keypoints"]) == 3 * 17


def test_keypoints_that_coincide_in_the_predictions_are_warned_of(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    content = json.loads((data / "train.json").read_text())
    for annotation in content["annotations"]:
        annotation["keypoints"][3:6] = [annotation["keypoints"][0] + 20, *annotation["keypoints"][1:3]]
    (tmp_path / "train.json").write_text(json.dumps(content))
    config = tiny_config(tmp_path, train_cfg={"max_epochs": 1}, custom_hooks=[])
    for stage in ("train", "val", "test"):
        config[f"{stage}_dataloader"].dataset.data_prefix.img = str(data / "images")
    for stage in ("val", "test"):
        config[f"{stage}_dataloader"].dataset.indices = None
    predict = SimCCHead.predict

    def merging(*arguments: Any, **options: Any) -> Any:
        results = predict(*arguments, **options)
        for result in results:
            result.keypoints[:, 1] = result.keypoints[:, 0]
        return results

    monkeypatch.setattr(SimCCHead, "predict", merging)
    words = "nose and left_eye (0.0 px apart, labelled 20.0 px)"
    train(config, work_dir=tmp_path / "run", device="cpu")
    log = (tmp_path / "run" / "log.txt").read_text()
    assert log.count(words) == 1
    caplog.clear()
    evaluate(config, tmp_path / "run" / "last.pth", device="cpu")
    assert caplog.text.count(words) == 1


def test_several_data_sets_are_evaluated_at_once(data: Path, tmp_path: Path) -> None:
    config = tiny_config(data, train_cfg={"max_epochs": 1}, default_hooks={}, custom_hooks=[])
    whole = dict(config.val_dataloader.dataset)
    pipeline = whole.pop("pipeline")
    other = {**load(find_keypoint_set("coco")).dataset_info, "dataset_name": "again"}
    parts = [{**whole, "indices": 8}, {**whole, "indices": [8, 9, 10], "metainfo": other}]
    metainfo = {"from_file": "configs/_base_/datasets/coco.py"}
    combined = {"type": "CombinedDataset", "metainfo": metainfo, "datasets": parts, "pipeline": pipeline}
    metrics = [{"type": "PCKAccuracy", "thr": 0.1}, {"type": "EPE"}]
    for stage in ("val", "test"):
        config[f"{stage}_dataloader"]["dataset"] = {**combined, "test_mode": True}
        config[f"{stage}_evaluator"] = {"type": "MultiDatasetEvaluator", "metrics": metrics, "datasets": parts}
    result = train(config, work_dir=tmp_path, device="cpu")
    assert set(result.metrics) == {"PCK", "EPE"}
    assert evaluate(config, tmp_path / "last.pth", device="cpu").metrics == pytest.approx(result.metrics)
    first = evaluate(tiny_config(data), tmp_path / "last.pth", device="cpu").metrics
    assert first["PCK"] == pytest.approx(result.metrics["PCK"])


def test_resuming_a_finished_run_changes_nothing(finished: Path, data: Path) -> None:
    before = (finished / "last.pth").read_bytes()
    train(tiny_config(data, train_cfg={"max_epochs": 2}), work_dir=finished, resume=True, device="cpu")
    assert (finished / "last.pth").read_bytes() == before


def test_a_finished_run_goes_on_with_more_epochs(finished: Path, data: Path, tmp_path: Path) -> None:
    result = train(
        tiny_config(data, train_cfg={"max_epochs": 3}), work_dir=tmp_path, resume=finished / "last.pth", device="cpu"
    )
    assert result.steps == 3 * STEPS


def test_starting_from_weights_of_another_run(finished: Path, data: Path, tmp_path: Path) -> None:
    config = tiny_config(data, train_cfg={"max_epochs": 1}, custom_hooks=[])
    config.optim_wrapper.optimizer.lr = 0.0
    result = train(config, work_dir=tmp_path, load_from=finished / "last.pth", device="cpu")
    key = "head.mlp_head_x.weight"
    assert torch.equal(result.model.state_dict()[key], read_checkpoint(finished / "last.pth")[key])


def test_runs_by_iterations_end_after_max_iters(data: Path, tmp_path: Path) -> None:
    cfg = {"by_epoch": False, "max_iters": 7, "val_interval": 3}
    hooks = {"checkpoint": {"interval": 3, "by_epoch": False}, "logger": {"curves": None}}
    result = train(tiny_config(data, train_cfg=cfg, default_hooks=hooks), work_dir=tmp_path, device="cpu")
    assert result.steps == 7
    assert [record["step"] for record in RunLog(tmp_path).records() if record["kind"] == "val"] == [3, 6]
    assert (tmp_path / "iter_6.pth").is_file()


def test_gradients_are_clipped(data: Path, tmp_path: Path) -> None:
    wrapper = {"optimizer": {"type": "SGD", "lr": 1.0}, "clip_grad": {"max_norm": 1e-9}}
    config = tiny_config(data, optim_wrapper=wrapper, train_cfg={"max_epochs": 1}, custom_hooks=[], param_scheduler=[])
    before = None

    class Watch(BaseHook):
        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            nonlocal before
            before = pl_module.model.head.mlp_head_x.weight.detach().clone()

    HOOKS.classes["Watch"] = Watch
    config["custom_hooks"] = [{"type": "Watch"}]
    result = train(config, work_dir=tmp_path, device="cpu")
    del HOOKS.classes["Watch"]
    assert torch.allclose(result.model.head.mlp_head_x.weight, before, atol=1e-7)


def test_predictions_are_drawn(data: Path, tmp_path: Path) -> None:
    hooks = {"checkpoint": {}, "logger": {"curves": None}}
    hooks["visualization"] = {"type": "PoseVisualizationHook", "enable": True, "interval": 1}
    train(tiny_config(data, train_cfg={"max_epochs": 1}, default_hooks=hooks), work_dir=tmp_path, device="cpu")
    assert len(list((tmp_path / "visualization").glob("epoch_1_*.jpg"))) == 2


def test_a_loss_that_is_not_finite_stops_the_run(data: Path, tmp_path: Path) -> None:
    config = tiny_config(data, optim_wrapper={"optimizer": {"type": "SGD", "lr": 1e30}}, param_scheduler=[])
    with pytest.raises(
        NotFiniteError, match=r"stopped at iteration \d+ \(epoch 1\): the loss is not finite \(loss_kpt"
    ):
        train(config, work_dir=tmp_path, device="cpu")


def test_ctrl_c_saves_a_checkpoint_after_the_step(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    class Interrupt(BaseHook):
        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            if pl_module.iterations == 2:
                os.kill(os.getpid(), signal.SIGINT)

    HOOKS.classes["Interrupt"] = Interrupt
    handler = signal.getsignal(signal.SIGINT)
    config = tiny_config(data, train_cfg={"max_epochs": 1})
    try:
        with pytest.raises(SystemExit):
            train(
                tiny_config(data, train_cfg={"max_epochs": 1}, custom_hooks=[{"type": "Interrupt"}]),
                work_dir=tmp_path,
                device="cpu",
            )
    finally:
        signal.signal(signal.SIGINT, handler)
        del HOOKS.classes["Interrupt"]
    assert "saving a checkpoint" in capsys.readouterr().out
    assert torch.load(tmp_path / "last.pth", weights_only=True)["meta"]["iter"] == 3
    result = train(config | {"custom_hooks": []}, work_dir=tmp_path, resume=True, device="cpu")
    assert result.steps == STEPS


def test_a_bad_sample_is_named_and_skipped(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    broken = tmp_path / "data"
    (broken / "images").mkdir(parents=True)
    for path in (data / "images").iterdir():
        (broken / "images" / path.name).write_bytes(path.read_bytes())
    (broken / "images" / "3.png").write_bytes(b"no image")
    (broken / "train.json").write_bytes((data / "train.json").read_bytes())
    config = tiny_config(broken, train_cfg={"max_epochs": 1}, val_dataloader=None)
    config["default_hooks"] = {"checkpoint": {}, "logger": {"curves": None}}
    train(config, work_dir=tmp_path / "run", device="cpu")
    assert "3.png" in capfd.readouterr().err
    assert "3.png" in (tmp_path / "run" / "log.txt").read_text()


def test_unknown_metric_for_the_best_checkpoint(data: Path, tmp_path: Path) -> None:
    config = tiny_config(data, train_cfg={"max_epochs": 1}, default_hooks={"checkpoint": {"save_best": "coco/AP"}})
    with pytest.raises(ValueError, match="save_best is 'coco/AP', but validation gave PCK"):
        train(config, work_dir=tmp_path, device="cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resume": "nowhere.pth"}, "there is no checkpoint nowhere.pth"),
        ({"device": "tpu"}, "device 'tpu': no such kind of device; use auto, cpu, cuda, cuda:N, mps"),
        ({"load_from": "nowhere.pth"}, "nowhere.pth"),
    ],
)
def test_what_cannot_be_is_refused(data: Path, tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        train(tiny_config(data), work_dir=tmp_path, **{"device": "cpu", **options})


def test_the_folder_is_named_after_the_config(data: Path, tmp_path: Path) -> None:
    tiny_config(data).dump(tmp_path / "my-run.py")
    config = load(tmp_path / "my-run.py")
    assert default_folder(config, None) == Path("work_dirs/my-run")
    assert default_folder(config, tmp_path) == tmp_path


def test_files_are_complete_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, lambda file: file.write(b"one"))

    def fail(file: Any) -> None:
        file.write(b"two")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, fail)
    assert path.read_bytes() == b"one"
    link_atomically(path, tmp_path / "other")
    assert {item.name for item in tmp_path.iterdir()} == {"file", "other"}


def test_a_resumed_log_forgets_what_will_happen_again(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    for step in (1, 2, 3):
        log.numbers({"kind": "train", "step": step, "epoch": step, "loss": 1.0})
    with log.scalars.open("a") as file:
        file.write('{"kind": "tra')
    log.rewind(2)
    assert [record["step"] for record in log.records()] == [1, 2]
    log.start_over()
    assert log.records() == []
    assert log.draw() is None


@pytest.mark.parametrize(("by_name", "bias"), [(True, [3, 0, 1]), (False, [1, 2, 3])])
def test_weights_of_another_keypoint_set_start_training(
    by_name: bool, bias: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = MODELS.build({"type": "HeatmapHead", "in_channels": 2, "out_channels": 3, "deconv_out_channels": None})
    torch.nn.init.zeros_(model.final_layer.bias)
    meta = {"dataset_meta": {"keypoint_id2name": {0: "nose", 1: "tail", 2: "neck"}}}
    state = {"final_layer.weight": torch.ones(3, 2, 1, 1), "final_layer.bias": torch.tensor([1.0, 2.0, 3.0])}
    torch.save({"state_dict": state, "meta": meta}, tmp_path / "a.pth")
    model.dataset_meta = {"keypoint_id2name": {0: "neck", 1: "paw", 2: "nose"}}
    load_weights(model, tmp_path / "a.pth", by_name=by_name)
    assert model.final_layer.bias.tolist() == bias
    assert ("keypoints that start anew: paw" in capsys.readouterr().out) == by_name


@pytest.mark.parametrize(
    ("asked", "has_bfloat16", "taken"),
    [("16-mixed", True, "32-true"), ("bf16-mixed", True, "bf16-mixed"), ("bf16-mixed", False, "32-true")],
)
def test_precision_that_the_cpu_computes_fast(
    asked: str, has_bfloat16: bool, taken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posekit.engine.trainer.computes_bfloat16", lambda: has_bfloat16)
    trainer = build_trainer({"precision": asked}, tmp_path, "cpu", Launch(1, 1, 0), hooks=[], loggers=[])
    assert trainer.precision == taken
