"""Hooks one by one."""

from __future__ import annotations

import math
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from posekit.engine.hooks.best_metric import better, rule_for
from posekit.engine.hooks.checkpoint_hook import CheckpointHook
from posekit.engine.hooks.early_stopping_hook import EarlyStoppingHook
from posekit.engine.hooks.ema_hook import EMAHook
from posekit.engine.hooks.mode_switch_hooks import RTMOModeSwitchHook, YOLOXPoseModeSwitchHook
from posekit.engine.hooks.prediction_hook import sample_rows
from posekit.engine.hooks.random_state_hook import RandomStateHook
from posekit.engine.hooks.validation_hook import ValidationHook
from posekit.engine.schedules.plateau import ReduceOnPlateauSchedule
from posekit.registry import HOOKS
from posekit.structures import InstanceData, PoseDataSample


def run_of(model: nn.Module, **trainer: Any) -> tuple[Any, Any]:
    """Return a stand-in for a trainer and a task."""
    settings = {"current_epoch": 0, "max_epochs": 10, "sanity_checking": False, "is_global_zero": True, **trainer}
    return SimpleNamespace(**settings), SimpleNamespace(model=model, iterations=0, val_metrics={})


def train_for(hook: EMAHook, model: nn.Module, steps: int) -> list[float]:
    """Set the weight to 1, 2, 3 ... and return the averages."""
    trainer, task = run_of(model)
    hook.on_train_start(trainer, task)
    averages = []
    for step in range(1, steps + 1):
        with torch.no_grad():
            model.weight.fill_(step)
        task.iterations = step
        hook.on_train_batch_end(trainer, task)
        averages.append(float(hook.average["weight"].mean()))
    return averages


def moving(shares: list[float]) -> list[float]:
    """Return the averages of 1, 2, 3 ... with a share for each step after the first, which copies."""
    averages = [1.0]
    for value, share in enumerate(shares, start=2):
        averages.append(averages[-1] + share * (value - averages[-1]))
    return averages


@pytest.mark.parametrize(
    ("settings", "shares"),
    [
        ({"momentum": 0.1}, [0.1, 0.1, 0.1]),
        (
            {"ema_type": "mmpose.ExpMomentumEMA", "momentum": 0.1, "gamma": 20},
            [0.9 * math.exp(-(1 + step) / 20) + 0.1 for step in (1, 2, 3)],
        ),
        ({"ema_type": "MomentumAnnealingEMA", "momentum": 0.1, "gamma": 2}, [2 / 3, 2 / 4, 2 / 5]),
        ({"ema_type": "StochasticWeightAverage"}, [1 / 2, 1 / 3, 1 / 4]),
        ({"momentum": 0.1, "interval": 2}, [0.0, 0.1, 0.0]),
    ],
)
def test_averages_follow_their_formula(settings: dict[str, Any], shares: list[float]) -> None:
    model = nn.Linear(2, 2, bias=False)
    assert train_for(EMAHook(**settings), model, 4) == pytest.approx(moving(shares), rel=1e-5)


def test_average_follows_the_weights_before_it_begins() -> None:
    hook = EMAHook(begin_iter=3, momentum=0.5)
    assert train_for(hook, nn.Linear(1, 1, bias=False), 4) == pytest.approx([1, 2, 3, 3.5])


def test_validation_uses_the_average_and_training_goes_on_with_the_weights() -> None:
    model = nn.Linear(1, 1, bias=False)
    hook = EMAHook(momentum=0.5)
    train_for(hook, model, 2)
    hook.on_validation_start(None, None)
    assert model.weight.item() == pytest.approx(1.5)
    hook.on_validation_end(None, None)
    assert model.weight.item() == 2


def test_checkpoint_holds_the_average_and_the_weights_to_go_on_with() -> None:
    model = nn.Sequential(nn.BatchNorm1d(2))
    hook = EMAHook(momentum=0.5, update_buffers=True)
    trainer, task = run_of(model)
    hook.on_train_start(trainer, task)
    hook.on_train_batch_end(trainer, task)
    with torch.no_grad():
        model[0].running_mean.fill_(4.0)
    hook.on_train_batch_end(trainer, task)
    saved = {"state_dict": model.state_dict()}
    hook.on_save_checkpoint(trainer, task, saved)
    assert saved["state_dict"]["0.running_mean"].tolist() == [2, 2]
    assert saved["ema_state_dict"]["module.0.running_mean"].tolist() == [4, 4]

    other, fresh = nn.Sequential(nn.BatchNorm1d(2)), EMAHook(momentum=0.5, update_buffers=True)
    other.load_state_dict(saved["state_dict"])
    fresh.on_load_checkpoint(trainer, run_of(other)[1], saved)
    assert other[0].running_mean.tolist() == [4, 4]
    assert fresh.average["0.running_mean"].tolist() == [2, 2]
    assert fresh.steps == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ema_type": "Mean"}, "allowed are ExponentialMovingAverage"),
        ({"begin_iter": 1, "begin_epoch": 1}, "not both"),
        ({"momentum": 1.5}, "between 0 and 1"),
    ],
)
def test_impossible_averages_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EMAHook(**settings)


@pytest.mark.parametrize(
    ("settings", "epochs"),
    [
        ({"interval": 4}, [4, 8, 10]),
        ({"interval": 2, "begin": 5}, [6, 8, 10]),
        ({"interval": 5, "dynamic_intervals": [(7, 1)]}, [5, 7, 8, 9, 10]),
    ],
)
def test_validation_follows_its_intervals(settings: dict[str, Any], epochs: list[int]) -> None:
    hook = ValidationHook(**settings)
    assert [epoch for epoch in range(1, 11) if hook.due(epoch, 10)] == epochs


def test_best_rule_comes_from_the_name() -> None:
    greater = (
        "coco/AP",
        "PCK",
        "AUC",
        "coco/AP .5",
        "PCK@0.1",
        "Head PCK",
        "mAP50",
        "HandednessAcc",
        "tPCK",
        "body/AR",
    )
    less = ("EPE", "loss_kpt", "NME", "ap10k/NME", "MPJPE_all", "P-MPJPE", "AP_error", "MRRPE")
    assert [rule_for(name) for name in (*greater, *less)] == ["greater"] * len(greater) + ["less"] * len(less)
    assert better(2, 1, "greater")
    assert not better(2, 1, "less")
    with pytest.raises(ValueError, match="allowed are 'greater' and 'less'"):
        rule_for("AP", "more")


@pytest.mark.parametrize("name", ["height", "laparoscopy/jitter", "ap10k/jitter", "clearance", "closeness"])
def test_a_name_that_only_contains_that_of_a_metric_says_nothing(name: str) -> None:
    with pytest.raises(ValueError, match="add rule='greater' or 'less'"):
        rule_for(name)


@pytest.mark.parametrize("rule", ["greater", "less"])
def test_no_number_is_better_than_any_number_and_worse_than_none(rule: str) -> None:
    assert not better(math.nan, 0.5, rule)
    assert not better(math.nan, math.nan, rule)
    assert better(0.5, math.nan, rule)


def test_the_best_value_is_never_nan(tmp_path: Path) -> None:
    model = nn.Linear(1, 1)
    checkpoint, stop = CheckpointHook(save_best="EPE", folder=tmp_path), EarlyStoppingHook("EPE", check_finite=False)
    plateau = ReduceOnPlateauSchedule(monitor="EPE", patience=9)
    plateau.attach([{"lr": 1.0}])
    trainer, task = run_of(model, callbacks=[], should_stop=False)
    task.meta, task.state_dict = {}, model.state_dict
    for value, files in ((math.nan, 0), (3.0, 1), (math.nan, 1)):
        task.val_metrics = {"EPE": value}
        for hook in (checkpoint, stop):
            hook.on_validation_end(trainer, task)
        plateau.observe(task.val_metrics)
        assert len(list(tmp_path.glob("best_*"))) == files
    assert (checkpoint.best["EPE"]["value"], stop.best, plateau.best) == (3.0, 3.0, 3.0)
    resumed = CheckpointHook(save_best="EPE", folder=tmp_path)
    resumed.load_state_dict({"best": {"EPE": {"value": math.nan, "file": "best_EPE_epoch_1.pth"}}})
    task.val_metrics = {"EPE": 9.0}
    resumed.on_validation_end(trainer, task)
    assert resumed.best["EPE"]["value"] == 9.0


def test_checkpoints_need_as_many_rules_as_metrics() -> None:
    with pytest.raises(ValueError, match="2 metrics in save_best, but 1 rules"):
        CheckpointHook(save_best=["AP", "AR"], rule=["greater"])


def test_head_settings_change_at_their_epoch_and_after_a_resume() -> None:
    model = nn.Module()
    model.head = nn.Module()
    model.head.proxy, model.head.part = False, SimpleNamespace(weight=1)
    hook = RTMOModeSwitchHook(epoch_attributes={2: {"proxy": True}, 4: {"part.weight": 5}})
    trainer, task = run_of(model, current_epoch=3)
    hook.on_train_start(trainer, task)
    assert model.head.proxy is True
    assert model.head.part.weight == 1
    trainer.current_epoch = 4
    hook.on_train_epoch_start(trainer, task)
    assert model.head.part.weight == 5
    with pytest.raises(ValueError, match="has no attribute 'depth'"):
        RTMOModeSwitchHook({0: {"depth": 1}}).on_train_start(trainer, task)


def test_yolox_pose_ends_its_augmentation_for_the_last_epochs() -> None:
    model = nn.Module()
    model.head = nn.Module()
    model.head.use_aux_loss = False
    stages = []
    trainer, task = run_of(model, datamodule=SimpleNamespace(add_stage=lambda *a, **k: stages.append((a, k))))
    hook = YOLOXPoseModeSwitchHook(num_last_epochs=3, new_train_pipeline=[{"type": "LoadImage"}])
    hook.setup(trainer, task, "fit")
    assert stages == [((6,), {"dataset": None, "pipeline": [{"type": "LoadImage"}]})]
    trainer.current_epoch = 6
    hook.on_train_epoch_start(trainer, task)
    assert model.head.use_aux_loss is True


def test_early_stopping() -> None:
    hook = EarlyStoppingHook("AP", min_delta=0.0, patience=2)
    trainer, task = run_of(nn.Module(), should_stop=False)
    for value, stop in ((0.5, False), (0.4, False), (0.45, True)):
        task.val_metrics = {"AP": value}
        hook.on_validation_end(trainer, task)
        assert trainer.should_stop is stop
    with pytest.raises(ValueError, match="no metric 'AR'; validation gave AP"):
        EarlyStoppingHook("AR", strict=True).on_validation_end(trainer, task)


def test_random_numbers_continue() -> None:
    saved = RandomStateHook().state_dict()
    expected = torch.rand(2), np.random.rand(2), random.random()
    hook = RandomStateHook()
    hook.load_state_dict(saved)
    hook.on_train_start(None, None)
    assert torch.equal(torch.rand(2), expected[0])
    assert np.array_equal(np.random.rand(2), expected[1])
    assert random.random() == expected[2]


@pytest.mark.parametrize("name", HOOKS.names())
def test_every_hook_describes_itself_in_a_line(name: str) -> None:
    needed = {
        "EarlyStoppingHook": {"monitor": "AP"},
        "PipelineSwitchHook": {"switch_epoch": 1, "switch_pipeline": []},
        "RTMOModeSwitchHook": {"epoch_attributes": {}},
    }
    hook = HOOKS.build({"type": name, **needed.get(name, {})})
    assert hook.describe()
    assert "\n" not in hook.describe()


def test_poses_in_space_have_no_keypoints_in_the_image() -> None:
    poses = InstanceData(keypoints=np.arange(6.0).reshape(1, 2, 3), keypoint_scores=np.array([[0.5, 1.0]]))
    sample = PoseDataSample(metainfo={"id": 7, "category_id": 2}, pred_instances=poses)
    [row] = sample_rows(sample)
    assert row == {"image_id": 7, "category_id": 2, "keypoints_3d": [0, 1, 2, 3, 4, 5], "score": 0.75}
