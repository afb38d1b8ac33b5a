"""A few combinations of parts that train and predict; ``tools/try_combinations.py`` tries all."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

TOOLS = Path(__file__).resolve().parents[2] / "tools"
SEMI = "body_3d_keypoint/video_pose_lift/h36m/video-pose-lift_tcn-27frm-semi-supv_8xb64-200e_h36m.py"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOOLS))
    yield importlib.import_module("try_combinations")
    for name in ("try_combinations", "made_up_labels"):
        sys.modules.pop(name)


@pytest.mark.parametrize(
    "path",
    [
        "body_3d_keypoint/image_pose_lift/h36m/image-pose-lift_tcn_8xb64-200e_h36m.py",
        SEMI,
        "body_2d_keypoint/rtmpose/mpii/rtmpose-m_8xb64-210e_mpii-256x256.py",
        "wholebody_2d_keypoint/dwpose/ubody/s2_dis/dwpose_t-tt_coco-ubody-256x192.py",
    ],
)
def test_a_config_trains_and_predicts(tool: Any, tmp_path: Path, path: str) -> None:
    assert tool.try_config(path, tmp_path, steps=2) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda model: model.register_parameter("spare", torch.nn.Parameter(torch.ones(1))), "no gradient: 1 of"),
        (lambda model: torch.nn.init.constant_(model.head.conv.bias, torch.nan), "loss_pose3d is nan"),
    ],
)
def test_what_is_wrong_is_told(tool: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change, problem) -> None:
    build = tool.MODELS.build

    def changed(config: Any) -> Any:
        model = build(config)
        model.init_weights()
        change(model)
        model.init_weights = lambda: None
        return model

    monkeypatch.setattr(tool.MODELS, "build", changed)
    problems = tool.try_config(SEMI, tmp_path)
    assert problem in problems[0]


def test_parts_are_all_of_it(tool: Any) -> None:
    names = list("abcdefg")
    assert sorted(tool.part_of(names, "1/3") + tool.part_of(names, "2/3") + tool.part_of(names, "3/3")) == names
    with pytest.raises(ValueError, match="found 4/3"):
        tool.part_of(names, "4/3")
