"""The reference's published configs: right as a whole, and built. ``tools/build_configs.py`` builds all of them."""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from posekit.config import Config
from posekit.engine.config_check import check_config

ROOT = Path(__file__).resolve().parents[1]
EVERY = 24
"""One config of so many is built here."""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_configs", ROOT / "tools" / "build_configs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, Any]:
    with gzip.open(shared / "facts" / "reference_configs.json.gz", "rt") as file:
        return json.load(file)


def test_some_published_configs_build(tool, published, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chosen = [name for name in published if "student_cfg" not in published[name]["model"]][8::EVERY]
    problems = {name: tool.problems_of(published[name]) for name in chosen}
    assert {name: lines for name, lines in problems.items() if lines} == {}
    assert len(problems) >= 15


def dotted(value: Any) -> Any:
    """Return settings with the dotted type names that a config dumped from imported classes has."""
    if isinstance(value, dict):
        items = {key: dotted(item) for key, item in value.items() if key != "transforms"}
        kind = str(value.get("type")).removeprefix("mmdet.")
        return {**items, "type": f"mmpose.some.module.{kind}"} if "type" in value else items
    return [dotted(item) for item in value] if isinstance(value, list) else value


def test_dumped_configs_with_dotted_names_build(tool, published):
    config = dotted(published["body_2d_keypoint/rtmo/crowdpose/rtmo-s_8xb32-700e_crowdpose-640x640.py"])
    assert config["model"]["backbone"]["norm_cfg"]["type"] == "mmpose.some.module.BN"
    assert tool.problems_of(config) == []


def plant(value: Any, path: str, planted: set[str]) -> None:
    """Give each part of a tree an argument that it does not have."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not key.endswith("_cfg") and key != "transforms":
                plant(item, f"{path}.{key}", planted)
        if "type" in value:
            value["no_such_argument"] = 1
            planted.add(f"{path}.no_such_argument")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            plant(item, f"{path}.{index}", planted)


SECTIONS = (
    "model", "train_dataloader", "val_dataloader", "test_dataloader", "val_evaluator", "test_evaluator",
    "optim_wrapper", "param_scheduler", "default_hooks", "custom_hooks",
)  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "body_2d_keypoint/rtmpose/coco/rtmpose-m_8xb256-420e_coco-256x192.py",
        "body_2d_keypoint/yoloxpose/coco/yoloxpose_m_8xb32-300e_coco-640.py",
        "body_2d_keypoint/rtmo/body7/rtmo-m_16xb16-600e_body7-640x640.py",
        "body_3d_keypoint/video_pose_lift/h36m/video-pose-lift_tcn-243frm-supv-cpn-ft_8xb128-200e_h36m.py",
    ],
)
def test_an_unknown_argument_is_found_wherever_it_stands(name, published):
    config, planted = json.loads(json.dumps(published[name])), set()
    for section in SECTIONS:
        plant(config.get(section), section, planted)
    named = {problem.partition(":")[0] for problem in check_config(Config(config))}
    assert len(planted) > 20
    assert planted - named <= {"default_hooks.badcase.no_such_argument"}


def test_the_tool_names_what_does_not_build(tool, tmp_path, capsys):
    for name, depth in (("good", 18), ("bad", 19)):
        text = f"model = dict(type='TopdownPoseEstimator', backbone=dict(type='ResNet', depth={depth}))\n"
        (tmp_path / f"{name}.py").write_text(text)
    assert tool.main([str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(tmp_path / "bad.py")
    assert "depth" in "".join(lines[1:-1])
    assert lines[-1] == "1 of 2 configs build"
