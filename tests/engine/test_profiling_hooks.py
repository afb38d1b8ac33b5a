"""Hooks that look after time and memory, on a small run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_run import tiny_config

from posekit.engine.hooks.empty_cache_hook import EmptyCacheHook
from posekit.engine.hooks.profiler_hook import ProfilerHook
from posekit.engine.train import train


def trained(data: Path, folder: Path, hook: dict[str, Any]) -> None:
    quiet = {"logger": {"curves": None}, "checkpoint": {}}
    config = tiny_config(data, train_cfg={"max_epochs": 1}, default_hooks=quiet, custom_hooks=[hook])
    train(config, work_dir=folder, device="cpu")


@pytest.mark.parametrize(
    ("settings", "calls"),
    [({}, 2), ({"before_epoch": True}, 4), ({"after_epoch": False, "after_iter": True}, 5 + 2)],
)
def test_memory_is_handed_back(
    settings: dict[str, Any], calls: int, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptied = []
    monkeypatch.setattr("posekit.engine.hooks.empty_cache_hook.empty_cache", lambda: emptied.append(1))
    trained(data, tmp_path, {"type": "EmptyCacheHook", **settings})
    assert len(emptied) == calls


def test_there_is_nothing_to_empty_without_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied = []
    monkeypatch.setattr(torch.accelerator, "empty_cache", lambda: emptied.append(1))
    for there in (False, True):
        monkeypatch.setattr(torch.accelerator, "is_available", lambda there=there: there)
        EmptyCacheHook().on_train_epoch_end(None, None)
    assert emptied == [1]


def test_the_profile_lists_operations_and_the_trace_opens_in_browsers(data: Path, tmp_path: Path) -> None:
    report = {"type": "log_trace", "sort_by": "cpu_time_total", "row_limit": 5}
    hook = {"by_epoch": False, "profile_times": 2, "on_trace_ready": report, "json_trace_path": "traces/a.json"}
    trained(data, tmp_path, {"type": "ProfilerHook", **hook})
    table = (tmp_path / "profile.txt").read_text()
    assert "CPU total" in table
    assert json.loads((tmp_path / "traces" / "a.json").read_text())["traceEvents"]


def test_a_profile_for_tensorboard(data: Path, tmp_path: Path) -> None:
    hook = {"on_trace_ready": {"type": "tb_trace", "dir_name": "tb"}, "schedule": {"wait": 1, "warmup": 1, "active": 1}}
    trained(data, tmp_path, {"type": "ProfilerHook", **hook})
    assert list((tmp_path / "tb").glob("*.pt.trace.json"))
    assert not (tmp_path / "profile.txt").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"profile_times": 0}, "give profile_times of 1 or more"),
        ({"activity_with_cpu": False}, "an activity to measure"),
        ({"on_trace_ready": {"type": "mail"}}, "use log_trace or tb_trace"),
    ],
)
def test_impossible_profiles_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ProfilerHook(**settings)
