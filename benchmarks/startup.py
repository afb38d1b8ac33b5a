"""C1: how long a person waits for the first answer, in new processes.

Each figure is the median over new Python processes, on the clock and in processor time; files are in the cache of the
operating system.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.case import Case
from posekit.inference.pose_model import DEFAULT_MODEL

ROUNDS = 7
PHOTOGRAPH = str(DEFAULT_MODEL.with_name("demo.jpg"))
MAIN = "import sys; from posekit.cli.main import main; main(sys.argv[1:])"
PROGRAMS: dict[str, tuple[str, ...]] = {
    "python": ("pass",),
    "numpy": ("import numpy",),
    "import": ("import posekit",),
    "help": (MAIN, "--help"),
    "predict_help": (MAIN, "predict", "--help"),
    "first_prediction": ("import sys, posekit; posekit.Pose()(sys.argv[1])", PHOTOGRAPH),
    "predict": (MAIN, "predict", PHOTOGRAPH),
}


def cost(program: tuple[str, ...], folder: str) -> tuple[float, float]:
    """Return seconds on the clock and seconds of the processor that a new process takes."""
    before, start = os.times(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", *program],
        cwd=tempfile.mkdtemp(dir=folder),  # predict does not overwrite what an earlier run wrote
        capture_output=True,
        text=True,
    )
    seconds, after = time.perf_counter() - start, os.times()
    assert done.returncode == 0, done.stderr
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, busy


def startup() -> dict[str, float]:
    """Measure all programs, interleaved."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS + 1):
            for name, program in PROGRAMS.items():
                times[name].append(cost(program, folder))
    numbers: dict[str, float] = {}
    for name, values in times.items():
        wall, busy = zip(*values[1:], strict=True)  # the first round fills caches
        numbers[f"{name}_s"] = statistics.median(wall)
        numbers[f"{name}_processor_s"] = statistics.median(busy)
    return numbers


CASES = [Case("C1 start", "new processes, CPU", "help <= 0.15 s, first prediction <= 1 s", startup)]
