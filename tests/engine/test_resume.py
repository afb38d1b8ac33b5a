"""A run killed at any moment and resumed ends with the weights of an undisturbed run, to the last bit."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import tiny_run
import torch

LOGGER = {"type": "LoggerHook", "interval": 1, "curves": None}
BY_EPOCH: dict[str, Any] = {
    "default_hooks": {"checkpoint": {"type": "CheckpointHook", "save_best": "PCK"}, "logger": LOGGER},
}
BY_ITERATION: dict[str, Any] = {
    "default_hooks": {
        "checkpoint": {"type": "CheckpointHook", "interval": 2, "by_epoch": False, "save_best": "PCK"},
        "logger": LOGGER,
    },
}
ACCUMULATED: dict[str, Any] = {
    **BY_ITERATION,
    "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.01, "momentum": 0.9}, "accumulative_counts": 2},
}


@pytest.fixture(scope="module")
def spawn() -> Any:
    """Start children from a server that has imported torch already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["posekit.engine.train", "tiny_run"])
    return context.Process


def state(work_dir: Path) -> dict[str, Any]:
    return torch.load(work_dir / "last.pth", weights_only=True)


def assert_same(one: Any, other: Any, path: str = "") -> None:
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), path
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            assert_same(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), path
        for index, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{path}.{index}")
    else:
        assert one == other, path


@pytest.mark.parametrize(
    ("changes", "times"),
    [(BY_EPOCH, 3), ({**BY_ITERATION, "workers": 1}, 1), (ACCUMULATED, 3)],
    ids=["by epoch", "by iteration with a worker", "accumulated"],
)
def test_killed_and_resumed_run_equals_undisturbed_run(
    spawn: Any, data: Path, tmp_path: Path, changes: dict[str, Any], times: int
) -> None:
    undisturbed = spawn(target=tiny_run.run, args=(data, tmp_path / "undisturbed", changes))
    undisturbed.start()
    rng, kills = random.Random(11), 0
    for attempt in range(12):
        child = spawn(target=tiny_run.run, args=(data, tmp_path / "killed", changes, 0.02))
        before = stamp(tmp_path / "killed")
        child.start()
        if attempt < times:
            while child.is_alive() and stamp(tmp_path / "killed") == before:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.25))
            child.kill()  # does nothing where the run was quicker
        child.join(300)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        kills += 1
    undisturbed.join(300)
    assert undisturbed.exitcode == 0
    assert kills
    assert child.exitcode == 0
    ours, theirs = state(tmp_path / "killed"), state(tmp_path / "undisturbed")
    for part in ("state_dict", "ema_state_dict", "optimizer_states", "epoch", "global_step", "PoseDataModule"):
        assert_same(ours[part], theirs[part], part)
    assert not list((tmp_path / "killed").glob(".*.part"))


def stamp(work_dir: Path) -> Any:
    """Return what changes when a run begins or goes on training."""
    path = work_dir / "scalars.jsonl"
    return path.is_file() and path.stat().st_mtime_ns
