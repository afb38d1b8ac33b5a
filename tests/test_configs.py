"""posekit's own configs: equal to the published recipes, complete, buildable, and explained to the line."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from posekit.cli.main import main
from posekit.config import Config, load
from posekit.config.explain import explain
from posekit.engine.config_check import check_config
from posekit.registry import DATASETS, MODELS
from posekit.zoo.config_index import config_entries, matching

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("train", "val", "test")


@pytest.fixture(scope="module")
def configs() -> dict[str, Config]:
    """Every config for poses that posekit brings, by its name."""
    return {entry.name: load(f"posekit::{entry.path}") for entry in config_entries() if not entry.is_detector}


def distinct(parts: list[tuple[str, Any]]) -> dict[str, tuple[str, Any]]:
    """Return the parts of configs that differ in more than initial weights, each with the first config that has it."""

    def without_weights(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: without_weights(value) for key, value in node.items() if key != "init_cfg"}
        return [without_weights(item) for item in node] if isinstance(node, (list, tuple)) else node

    chosen: dict[str, tuple[str, Any]] = {}
    for name, part in parts:
        chosen.setdefault(json.dumps(without_weights(part), sort_keys=True, default=str), (name, part))
    return chosen


def test_published_recipes_are_equal_to_the_published(configs, checker) -> None:
    failures = []
    published = checker.reference_configs()
    for path, config in published.items():
        own, want = checker.normal_config(configs[Path(path).stem]), checker.normal_config(config)
        for part in checker.CONFIG_PARTS:
            failures += [f"{path}: {text}" for text in checker.differences(want.get(part), own.get(part), part)]
        hooks = [settings["default_hooks"]["checkpoint"] for settings in (want, own)]
        failures += [f"{path}: {text}" for text in checker.differences(*hooks, "default_hooks.checkpoint")]
    assert len(published) == 408
    assert failures == []


def test_no_config_has_a_mistake(configs) -> None:
    problems = [
        f"{name}: {problem}"
        for name, config in configs.items()
        if config.dataset != "coco_style"  # whose keypoint set is the user's
        for problem in check_config(config)
    ]
    assert problems == []


def test_every_part_of_every_model_builds(configs) -> None:
    parts = [
        (f"{name}: {key}", value.to_dict())
        for name, config in configs.items()
        for key, value in config["model"].items()
        if isinstance(value, dict) and key.endswith(("backbone", "neck", "head"))
    ]
    for where, part in distinct(parts).values():
        with torch.device("meta"):
            assert sum(each.numel() for each in MODELS.build(part).parameters()) >= 0, where


@pytest.mark.parametrize(
    "name",
    [
        "td-hm_hrnet-w32_8xb64-210e_coco-256x192",
        "td-reg_res50_rle-8xb64-210e_coco-256x192",
        "simcc_vipnas-mbv3_8xb64-210e_coco-256x192",
        "ipr_res50_debias-8xb64-210e_coco-256x256",
        "td-hm_2xmspn50_8xb32-210e_coco-256x192",
        "td-hm-vis_res50_8xb64-210e_coco-aic-256x192-merge",
        "rtmpose-t_8xb256-420e_coco-256x192",
        "rtmw-m_8xb1024-270e_cocktail14-256x192",
        "dwpose_l_dis_m_coco-256x192",
        "ae_hrnet-w32_8xb24-300e_coco-512x512",
        "cid_hrnet-w32_8xb20-140e_coco-512x512",
        "dekr_hrnet-w32_8xb10-140e_coco-512x512",
        "edpose_res50_8xb2-50e_coco-800x1333",
        "yoloxpose_s_8xb32-300e_coco-640",
        "rtmo-s_8xb32-600e_coco-640x640",
        "video-pose-lift_tcn-27frm-semi-supv_8xb64-200e_h36m",
        "motionbert_dstformer-243frm_8xb32-240e_h36m",
        "internet_res50_4xb16-20e_interhand3d-256x256",
        "td-hm_ViTPose-base-simple_8xb64-210e_coco-256x192",
    ],
)
def test_a_whole_model_of_each_kind_builds(configs, name) -> None:
    [entry] = [entry for entry in config_entries() if entry.name == name]
    model = configs[name].model
    with torch.device("meta"):
        model = MODELS.build(load(model.student_cfg).model if "student_cfg" in model else model)
    assert sum(parameter.numel() for parameter in model.parameters()) == entry.parameters


def test_every_pipeline_makes_a_sample(configs, checker) -> None:
    datasets = [
        (f"{name}: {stage}", checker.on_samples(loader.dataset.to_dict()))
        for name, config in configs.items()
        for stage in STAGES
        if (loader := config.get(f"{stage}_dataloader")) and config["dataset"] not in ("lspet", "coco_style", "people")
    ]
    chosen = distinct([(where, dataset) for where, dataset in datasets if dataset])
    assert len(chosen) > 150
    failures = []
    for where, dataset in chosen.values():
        try:
            assert DATASETS.build(dataset)[0]
        except Exception as error:
            failures.append(f"{where}: {type(error).__name__}: {error}")
    assert failures == []


@pytest.mark.parametrize(
    ("name", "key", "file", "line"),
    [
        ("td-hm_res101_8xb64-210e_coco-256x192", "model.backbone.depth", "models/resnet.py", "depth=depth"),
        ("td-hm_hrnet-w48_8xb32-210e_coco-384x288", "model.head.decoder.sigma", "recipes/td_hm.py", "sigma=sigma"),
        ("rtmpose-m_8xb64-210e_ap10k-256x256", "optim_wrapper.optimizer.lr", "schedules/cosine.py", "lr=lr"),
        ("rtmpose-t_8xb256-420e_coco-256x192", "val_evaluator.ann_file", "data/coco.py", "ann_file=data_root"),
        ("td-hm_res50_8xb64-210e_mpii-256x256", "val_dataloader.dataset.headbox_file", "data/mpii.py", "headbox_file"),
        ("td-hm_hrnetv2-w18_8xb64-60e_cofw-256x256", "train_cfg.max_epochs", "schedules/step.py", "max_epochs"),
        ("rtmo-s_8xb32-600e_coco-640x640", "model.head.loss_mle.loss_weight", "recipes/rtmo.py", "loss_weight=mle"),
        ("motionbert_dstformer-243frm_8xb32-240e_h36m", "model.backbone.seq_len", "recipes/motionbert.py", "seq_len"),
        ("td-hm_ViTPose-base-simple_8xb64-210e_coco-256x192", "model.neck.scale_factor", "ViTPose-base-simple", "neck"),
        ("dwpose_l_dis_m_coco-256x192", "model.teacher_cfg", "recipes/dwpose_stage1.py", "teacher_cfg="),
    ],
)
def test_explain_names_the_line(name, key, file, line) -> None:
    step = explain(load(name), key).steps[-1]
    assert file in step.place
    assert line in step.source


@pytest.mark.parametrize(
    ("key", "reads"),
    [
        ("model.head.decoder.input_size", ["input_size = (288, 384)"]),
        ("model.head.in_channels", ["channels = 2048", "depth = 101"]),
        ("param_scheduler.1.end", ["decay_end = 210", "max_epochs = 210"]),
    ],
)
def test_explain_names_what_a_value_comes_from(key, reads) -> None:
    explanation = explain(load("td-hm_res101_8xb32-210e_coco-384x288"), key)
    assert [step.path for step in explanation.reads] == reads


def test_settings_change_from_the_command_line() -> None:
    config = load("td-hm_res50_8xb64-210e_coco-256x192", ["input_size=(288,384)", "num_keypoints=12", "depth=101"])
    assert config.model.head.decoder.heatmap_size == (72, 96)
    assert config.train_dataloader.dataset.pipeline[5].input_size == (288, 384)
    assert config.model.head.out_channels == 12
    assert config.model.backbone.init_cfg.checkpoint == "torchvision://resnet101"


def test_index_and_pages_are_up_to_date(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["write_config_index.py", "--check"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(ROOT / "tools" / "write_config_index.py"), run_name="__main__")
    assert capsys.readouterr().out == ""
    assert end.value.code == 0


def test_published_scores_are_in_the_index() -> None:
    entries = {entry.name: entry for entry in config_entries()}
    assert entries["rtmpose-m_8xb256-420e_coco-256x192"].scores == {"COCO AP": 0.746}
    assert sum(bool(entry.scores) for entry in entries.values()) > 350


@pytest.mark.parametrize(
    ("words", "number"), [(("RTMO",), 11), (("rtmpose", "wflw"), 1), (("hrnetv2", "256x256", "aflw"), 2)]
)
def test_matching(words, number) -> None:
    assert len(matching(config_entries(), words)) == number


def test_list(capsys) -> None:
    with pytest.raises(SystemExit) as end:
        main(["config", "list", "rtmpose", "wflw"])
    head, row = capsys.readouterr().out.splitlines()
    assert end.value.code == 0
    assert head.split()[:3] == ["config", "task", "backbone"]
    assert row.split() == [
        *("rtmpose-m_8xb64-60e_wflw-256x256", "face", "2d", "CSPNeXt", "wflw", "256x256", "16.7", "M"),
        *("WFLW", "NME", "4.01"),
    ]


def test_list_has_detectors(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["config", "list", "detection", "rtmdet", "person"])
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert {"rtmdet_nano_320-8xb32_coco-person", "rtmdet-nano_people-320"} <= set(names)


def test_list_finds_nothing(capsys) -> None:
    with pytest.raises(SystemExit) as end:
        main(["config", "list", "rtmpose", "elephants"])
    assert end.value.code != 0
    assert "configs has all of: rtmpose elephants" in capsys.readouterr().err


def test_without_words_all_are_listed() -> None:
    assert len(matching(config_entries(), ())) == len(config_entries()) >= 408
