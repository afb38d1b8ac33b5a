"""What becomes of each run setting of a config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_run import tiny_config

from posekit.config import Config, load
from posekit.engine.config_check import check_config, plan_run
from posekit.engine.run_plan import RunPlan
from posekit.registry import BuildError


def made(data: Path, **changes: Any) -> RunPlan:
    return plan_run(tiny_config(data, **changes))


SYNCED = {"type": "ResNet", "depth": 18, "norm_cfg": {"type": "torch.nn.SyncBatchNorm"}}
RELUED = {"type": "ResNet", "depth": 18, "act_cfg": {"type": "Relu"}}
STARTED = {"type": "ResNet", "depth": 18, "init_cfg": [{"type": "ConstantInit", "val": 1}, {"type": "Kaming"}]}
SGD = {"type": "SGD", "lr": 0.1}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"train_cfg": {"max_epochs": 7}}, {"max_epochs": 7}),
        (
            {"train_cfg": {"by_epoch": False, "max_iters": 90, "val_interval": 30}},
            {"max_steps": 90, "val_check_interval": 30, "check_val_every_n_epoch": None},
        ),
        ({"optim_wrapper": {"optimizer": SGD, "accumulative_counts": 4}}, {"accumulate_grad_batches": 4}),
        ({"optim_wrapper": {"type": "AmpOptimWrapper", "optimizer": SGD}}, {"precision": "16-mixed"}),
        (
            {"optim_wrapper": {"type": "AmpOptimWrapper", "optimizer": SGD, "dtype": "bfloat16"}},
            {"precision": "bf16-mixed"},
        ),
        ({"env_cfg": {"cudnn_benchmark": True, "dist_cfg": {"backend": "nccl"}}}, {"benchmark": True}),
        ({"randomness": {"seed": 3, "deterministic": True}}, {"deterministic": True}),
        ({"find_unused_parameters": True}, {"strategy": "ddp_find_unused_parameters_true"}),
        ({"val_dataloader": None}, {"limit_val_batches": 0}),
        ({"model": {"type": "TopdownPoseEstimator", "backbone": SYNCED}}, {"sync_batchnorm": True}),
    ],
)
def test_trainer_arguments(data: Path, changes: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected.items() <= made(data, **changes).trainer.items()


def test_auto_scale_lr(data: Path) -> None:
    assert made(data, auto_scale_lr={"base_batch_size": 16}).lr_factor == 1
    assert made(data, auto_scale_lr={"base_batch_size": 16, "enable": True}).lr_factor == 0.25


def test_seed_and_workers(data: Path) -> None:
    found = made(
        data, randomness={"seed": 5}, env_cfg={"mp_cfg": {"mp_start_method": "spawn", "opencv_num_threads": 1}}
    )
    assert found.seed == 5
    assert (found.data["seed"], found.data["start_method"], found.data["opencv_threads"]) == (5, "spawn", 1)


def test_dynamic_intervals_reach_validation(data: Path) -> None:
    found = made(data, train_cfg={"max_epochs": 9, "val_interval": 5, "dynamic_intervals": [(7, 1)]})
    assert found.validation == {"interval": 5, "begin": 1, "dynamic_intervals": [(7, 1)]}


def test_loggers(data: Path) -> None:
    backends = [{"type": "LocalVisBackend"}, {"type": "mmengine.TensorboardVisBackend"}]
    assert made(data, visualizer={"type": "PoseLocalVisualizer", "vis_backends": backends}).loggers == backends[1:]


def test_hooks_are_taken_covered_or_off(data: Path) -> None:
    hooks = {
        "timer": {"type": "IterTimerHook"},
        "checkpoint": {"interval": 3},
        "visualization": {"type": "PoseVisualizationHook", "enable": False},
        "logger": None,
    }
    found = made(data, default_hooks=hooks, custom_hooks=[{"type": "mmdet.EMAHook"}])
    assert [hook["type"] for hook in found.hooks] == ["CheckpointHook", "mmdet.EMAHook"]
    rows = dict(found.rows)
    assert rows["default_hooks.timer"] == "IterTimerHook: LoggerHook measures speed and waiting"
    assert rows["default_hooks.visualization"] == "PoseVisualizationHook: off"


def test_a_detectors_data_name_classes_instead_of_keypoints(data: Path) -> None:
    dataset = {"type": "CocoDetDataset", "ann_file": "boxes.json", "metainfo": {"classes": ["person"]}}
    assert made(data, train_dataloader={"dataset": dataset}).problems == []
    with pytest.raises(BuildError, match=r"train_dataloader.dataset.metainfo.*: .*classes: must be a list of names"):
        made(data, train_dataloader={"dataset": {**dataset, "metainfo": {"classes": "person"}}})


def test_plain_variables_of_a_config_are_left_alone(data: Path) -> None:
    made(data, codec={"type": "SimCCLabel"}, base_lr=4e-3, train_pipeline=[], max_epochs=420, data_root="x")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"optim_wraper": {}, "optim_wrapper": None},
            "nothing reads 'optim_wraper'; did you mean|optim_wrapper.optimizer: needs",
        ),
        (
            {"train_cfg": {"max_epoch": 3}},
            r"train_cfg.max_epoch.*: train_cfg has no 'max_epoch'; did you mean 'max_epochs'",
        ),
        ({"train_cfg": {"val_interval": 3}}, "give max_epochs: how long to train"),
        ({"train_cfg": {"by_epoch": False, "max_iters": 9, "dynamic_intervals": [(1, 2)]}}, "needs by_epoch=True"),
        (
            {"optim_wrapper": {"optimizer": {"type": "Adan"}}},
            "optim_wrapper.optimizer.type.*: no optimizer named 'Adan'; did you mean",
        ),
        (
            {"optim_wrapper": {"type": "ApexOptimWrapper", "optimizer": SGD}},
            "allowed are 'OptimWrapper' and 'AmpOptimWrapper'",
        ),
        ({"optim_wrapper": {"optimizer": SGD, "constructor": "MyConstructor"}}, "no constructor 'MyConstructor'"),
        ({"optim_wrapper": {"optimizer": SGD, "paramwise_cfg": {"norm_decay": 0}}}, "did you mean 'norm_decay_mult'"),
        ({"optim_wrapper": {"optimizer": SGD, "clip_grad": {"norm": 1}}}, "optim_wrapper.clip_grad has no 'norm'"),
        ({"optim_wrapper": {"optimizer": SGD, "clip_grad": {"type": "agc"}}}, "allowed are 'norm' and 'value'"),
        (
            {"optim_wrapper": {"optimizer": SGD, "constructor": "LayerDecayOptimWrapperConstructor"}},
            "LayerDecayOptimWrapperConstructor needs 'num_layers'",
        ),
        ({"param_scheduler": [{"type": "CosineLR"}]}, r"param_scheduler.0.type.*: no schedule named 'CosineLR'"),
        (
            {"custom_hooks": [{"type": "EmaHook"}]},
            r"custom_hooks.0.type.*: no hook named 'EmaHook'; did you mean 'EMAHook'",
        ),
        (
            {"custom_hooks": ["EMAHook"]},
            r"custom_hooks.0.*: needs dict\(type=...\) with a name of HOOKS, not 'EMAHook'",
        ),
        ({"auto_scale_lr": {"enable": True}}, "give base_batch_size"),
        ({"env_cfg": {"mp_cfg": {"start": "fork"}}}, "env_cfg.mp_cfg has no 'start'"),
        ({"vis_backends": [{"type": "TensorbordVisBackend"}]}, "no back end 'Tensorbord.*did you mean 'TensorboardVis"),
        ({"vis_backends": [{"type": "ClearMLVisBackend"}]}, "name TensorboardVisBackend, which ClearML records"),
        ({"vis_backends": ["LocalVisBackend"]}, "vis_backends.0.*must be a dict with a 'type'"),
        ({"visualizer": {"type": "PoseVisualizer"}}, "no visualizer named 'PoseVisualizer'; did you mean"),
        ({"visualizer": {"type": "PoseLocalVisualizer", "radios": 3}}, "no argument 'radios'; did you mean 'radius'"),
        ({"val_cfg": {"fp16": True}}, "use --precision"),
        ({"train_dataloader": None}, "train_dataloader.*is missing"),
        ({"train_dataloader": {"batch_size": 2}}, "has no 'dataset'"),
        (
            {"train_dataloader": {"dataset": {}, "batch_size": 0}},
            r"batch_size.*: must be a whole number from 1 on, found 0",
        ),
        ({"train_dataloader": {"dataset": {}, "num_workers": "2"}}, r"must be a whole number from 0 on, found '2'"),
        ({"train_cfg": {"max_epochs": "x"}}, r"train_cfg.max_epochs.*: must be a whole number from 1 on, found 'x'"),
        ({"train_cfg": {"max_epochs": -2}}, r"train_cfg.max_epochs.*: must be a whole number from 1 on, found -2"),
        ({"train_cfg": {"max_epochs": 2, "val_interval": 0}}, r"train_cfg.val_interval.*from 1 on, found 0"),
        ({"randomness": {"seed": "x"}}, r"randomness.seed.*: must be a whole number from 0 on, found 'x'"),
        ({"visualizer": 3}, r"visualizer.*: must be a dict, found 3"),
        ({"load_from": 3}, r"load_from.*: must be the path or URL of a checkpoint, found 3"),
        ({"train_dataloader": {"dataset": {}, "sampler": {"type": "GroupSampler"}}}, "no sampler named 'GroupSampler'"),
        ({"train_dataloader": {"dataset": {}, "batch_sampler": {}}}, "use sampler, batch_size and drop_last"),
        ({"train_dataloader": {"dataset": "coco"}}, r"train_dataloader.dataset.*: needs dict\(type=...\)"),
        ({"train_dataloader": 3}, "train_dataloader.*: must be a dict, found 3"),
        (
            {"train_dataloader": {"dataset": {"type": "CocoDataset", "metainfo": {"from_file": "coc0.py"}}}},
            r"train_dataloader.dataset.metainfo.*: keypoint set 'coc0.py': no such file",
        ),
        (
            {
                "train_dataloader": {
                    "dataset": {
                        "type": "RepeatDataset",
                        "times": 2,
                        "dataset": {"type": "CocoDataset", "metainfo": {"from_file": 3}},
                    }
                }
            },
            r"train_dataloader.dataset.dataset.metainfo.*: metainfo.from_file: must be",
        ),
        ({"model": None}, r"model.*: needs dict\(type=...\) with a name of MODELS, not None"),
        (
            {"model": {"type": "TopdownPoseEstimator", "backbone": RELUED}},
            r"act_cfg has no type 'Relu'; did you mean 'ReLU'",
        ),
        ({"model": {"type": "TopdownPoseEstimator", "backbone": STARTED}}, r"init_cfg.1.type.*'Kaming'; did you mean"),
        ({"val_evaluator": [{"type": "PCKAcuracy"}]}, "val_evaluator.0.type.*: no metric named 'PCKAcuracy'"),
        ({"test_evaluator": 3}, r"test_evaluator.*: must be dict\(type=...\) or a list of them, found 3"),
        ({"default_hooks": {"logger": {"intervals": 3}}}, "logger.intervals.*: LoggerHook has no argument 'intervals'"),
        ({"default_hooks": {"timer": {"type": "IterTimerHook", "x": 1}}}, "default_hooks.timer has no 'x'"),
        ({"default_hooks": {"visualization": {"type": "PoseVisualizationHook", "kpt_th": 1}}}, "no argument 'kpt_th'"),
        ({"default_hooks": []}, "default_hooks.*: must be a dict, found"),
        ({"custom_hooks": 3}, r"custom_hooks.*: must be dict\(type=...\) or a list"),
        (
            {
                "custom_hooks": [
                    {"type": "PipelineSwitchHook", "switch_epoch": 1, "switch_pipeline": [{"type": "Flip"}]}
                ]
            },
            r"custom_hooks.0.switch_pipeline.0.type.*: no transform named 'Flip'",
        ),
        ({"param_scheduler": {"type": "PolyLR", "powr": 2}}, "param_scheduler.powr.*: PolyLR has no argument 'powr'"),
        ({"param_scheduler": [{"type": "StepLR"}]}, "param_scheduler.0.*: StepLR needs 'step_size'"),
        (
            {"param_scheduler": [{"type": "PolyLR", "begin": 5, "end": 2}]},
            r"end \(2\) must be greater than begin \(5\)",
        ),
        (
            {"param_scheduler": [{"type": "MultiStepLR", "milestones": 3}]},
            "param_scheduler.0.* cannot be made of these",
        ),
        ({"train_cfg": {"type": "EpochLoop", "max_epochs": 1}}, "train_cfg.type.*: no loop 'EpochLoop'"),
        ({"train_cfg": {"max_epochs": 1, "dynamic_intervals": 3}}, r"must be a list of \(epoch, interval\), found 3"),
        ({"optim_wrapper": {"optimizer": SGD, "accumulative_counts": "x"}}, "accumulative_counts.*: must be a whole"),
    ],
)
def test_what_is_not_known_is_refused(data: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BuildError, match=message):
        made(data, **changes)


def test_all_problems_come_at_once_with_file_and_line(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    tiny_config(data).dump(path)
    lines = path.read_text().count("\n")
    path.write_text(path.read_text() + "train_cfg['max_epoch'] = 3\nparam_scheduler = [dict(type='CosineLR')]\n")
    with pytest.raises(BuildError, match=r"2 problems in .*bad\.py:") as caught:
        plan_run(load(path))
    assert f"(line {lines + 1})" in str(caught.value)
    assert f"(line {lines + 2})" in str(caught.value)


def test_evaluation_needs_only_the_test_data(data: Path) -> None:
    config = tiny_config(data, train_dataloader=None, optim_wrapper=None, train_cfg=None)
    assert list(plan_run(config, training=False).data["loaders"]) == ["test"]


def test_evaluation_reports_the_rest_only_where_it_fails(data: Path) -> None:
    config = tiny_config(data, param_scheduler=[{"type": "CosineLR"}])
    plan_run(config, training=False)
    config["test_evaluator"] = {"type": "PCKAcuracy"}
    with pytest.raises(BuildError, match="no metric named 'PCKAcuracy'") as caught:
        plan_run(config, training=False)
    assert "no schedule named 'CosineLR'" in str(caught.value)


WRONG_VALUES = [3, "x", [3], {}, {"type": 3}, {"type": "Nope"}, {"type": ["a"]}, {"a": 1}, [[1]], {1: 2}]


@pytest.mark.parametrize("value", WRONG_VALUES, ids=repr)
def test_values_of_any_kind_are_no_reason_to_stumble(data: Path, value: Any) -> None:
    config = tiny_config(data)
    for key in [*config, "visualizer", "vis_backends", "env_cfg", "val_cfg", "test_cfg"]:
        problems = check_config(Config({**config, key: value}))
        assert all(problem.partition(":")[2] for problem in problems)
