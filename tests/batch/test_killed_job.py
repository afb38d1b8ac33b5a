"""Workers that are killed, and a driver that is killed and started again: each image has one row in the end."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

TESTS = Path(__file__).resolve().parents[1]
NUM_IMAGES = 48
SECONDS = 120

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs ray")


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(map(str, (TESTS.parent, TESTS, TESTS / "batch")))
    return subprocess.run(
        [sys.executable, str(TESTS / "batch" / "batch_job.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip


def test_each_image_has_one_row_whoever_is_killed(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "in").mkdir()
    for number in range(NUM_IMAGES):
        cv2.imwrite(str(tmp_path / "in" / f"{number:03d}.png"), np.zeros((8, 10 + number, 3), np.uint8))
    (tmp_path / "in" / "bad.png").write_bytes(b"no image")
    killed = run(tmp_path)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = run(tmp_path)
    assert again.returncode == 0, again.stderr
    assert {path.name for path in tmp_path.iterdir()} >= {"worker-0", "worker-1", "driver"}
    assert int(again.stdout.split()[0]) >= 3
    assert again.stdout.endswith("Ray at 127.0.0.1\n")  # nobody else reaches it
    poses = parquet.read_table(tmp_path / "out" / "poses")
    errors = parquet.read_table(tmp_path / "out" / "errors")
    names = Counter(Path(place).name for place in poses["image"].to_pylist())
    assert names == {f"{number:03d}.png": 1 for number in range(NUM_IMAGES)}
    assert [Path(place).name for place in errors["image"].to_pylist()] == ["bad.png"]
    corners = dict(zip(poses["width"].to_pylist(), poses["keypoints"].to_pylist(), strict=True))
    assert corners == {10 + number: [[[0, 0], [10 + number, 8]]] for number in range(NUM_IMAGES)}
