"""Runs compared by ``posekit log``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest

from posekit.cli.main import main
from posekit.engine.run_comparison import chosen_keys, curves, read_run, speed


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["log", *map(str, arguments)])
    return int(stopped.value.code or 0)


def write_run(folder: Path, seconds: float, **more: Any) -> Path:
    """Write the records of two epochs of ten iterations; the first report of each takes twice as long."""
    folder.mkdir(parents=True)
    lines = []
    for step in range(5, 21, 5):
        first = step in (5, 15)
        entry = {"kind": "train", "step": step, "epoch": step / 10, "lr": 0.1, "loss": 1 / step, **more}
        lines.append({**entry, "time": seconds * (2 if first else 1), "samples_per_second": 8 / seconds})
        if not first:
            lines.append({"kind": "val", "step": step, "epoch": step / 10, "PCK": step / 20})
    (folder / "scalars.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"kind": "tr')
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [write_run(tmp_path / "slow", 0.5), write_run(tmp_path / "fast", 0.25, acc_pose=0.5)]


def test_the_time_of_an_iteration(runs: list[Path]) -> None:
    measured = speed(read_run(runs[0]))
    assert (measured.iterations, measured.seconds) == (10, 0.5)
    assert measured.epochs == {1: 0.5, 2: 0.5}
    assert speed(read_run(runs[0]), whole=True).seconds == pytest.approx(0.75)
    assert measured.samples == pytest.approx(16)


def test_time_prints_a_row_for_each_run(runs: list[Path], capsys: pytest.CaptureFixture) -> None:
    assert call("time", *runs) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("slow" in line and "0.5000" in line for line in lines)
    assert any("fast" in line and "0.2500" in line and "32.0" in line for line in lines)


def test_curves_of_several_runs_share_a_panel(runs: list[Path]) -> None:
    named = {path.name: read_run(path) for path in runs}
    assert chosen_keys(named, ()) == ["loss", "acc_pose", "lr", "PCK"]
    panels = curves(named, ["PCK", "acc_pose"], "step")
    assert panels["PCK"] == {"slow": ([10, 20], [0.5, 1.0]), "fast": ([10, 20], [0.5, 1.0])}
    assert list(panels["acc_pose"]) == ["fast"]


def test_plot_writes_an_image(runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert call("plot", *runs, "-k", "loss", "-k", "acc_pose", "--out", tmp_path / "both.png", "--along", "step") == 0
    out = capsys.readouterr().out
    assert "slow has no acc_pose" in out
    assert f"curves: {tmp_path / 'both.png'}" in out
    assert cv2.imread(str(tmp_path / "both.png")).shape[1] == 1000


def test_runs_of_mmengine_are_understood(tmp_path: Path) -> None:
    lines = [
        {"lr": 0.1, "loss": 0.5, "time": 0.2, "epoch": 1, "iter": 50, "step": 50},
        {"lr": 0.1, "loss": 0.4, "time": 0.1, "epoch": 1, "iter": 100, "step": 100},
        {"coco/AP": 0.6, "time": 0.1, "step": 1},
    ]
    place = tmp_path / "old" / "20240101_000000" / "vis_data"
    place.mkdir(parents=True)
    (place / "scalars.json").write_text("\n".join(map(json.dumps, lines)))
    records = read_run(tmp_path / "old")
    assert curves({"old": records}, ["coco/AP"], "step") == {"coco/AP": {"old": ([100.0], [0.6])}}
    assert speed(records).seconds == 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plot", "slow", "-k", "los"], "--key los: no run has it; did you mean 'loss'"),
        (["plot", "slow", "slow"], "given twice; name different runs"),
        (["plot", "slow", "-o", "a.txt"], "a.txt: the image is a .png"),
        (["plot", "nowhere"], "nowhere: no such file or folder"),
        (["time", "empty"], "empty: no scalars.jsonl in this folder"),
        (["time", "timeless"], "timeless: no time per iteration in its records"),
        (["time", "words.json"], "words.json: no records of a run"),
    ],
)
def test_what_is_no_run_is_named(
    arguments: list[str],
    message: str,
    runs: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "timeless").mkdir()
    entry = {"kind": "train", "step": 1, "epoch": 1, "loss": 1}
    (tmp_path / "timeless" / "scalars.jsonl").write_text(json.dumps(entry))
    (tmp_path / "words.json").write_text('["step"]\nwords\n')
    assert call(*arguments) == 2
    assert message in capsys.readouterr().err
