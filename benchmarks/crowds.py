"""C10: a file of a million persons on one image, parsed, opened, checked and converted.

Each is a process of its own, whose seconds and largest size are those of all that it does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import numpy as np

from benchmarks.case import Case

PERSONS, AT_ONCE, KEYPOINTS = 1_000_000, 10_000, 17
PARTS = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
NAMES = ("nose", *(f"{side}_{part}" for part in PARTS for side in ("left", "right")))

POSEKIT = "import sys; from posekit.cli.main import main; main(sys.argv[1:])"
OPEN = (
    "import sys; from posekit.registry import DATASETS; "
    "print(len(DATASETS.build(dict(type='CocoDataset', ann_file=sys.argv[1]))))"
)
COMMANDS = {
    "parse": ("import json, pathlib, sys; json.loads(pathlib.Path(sys.argv[1]).read_bytes())", "crowd.json"),
    "open": (OPEN, "crowd.json"),
    "check": (POSEKIT, "data", "check", "crowd.json", "--max-images", "0"),
    "convert": (POSEKIT, "data", "convert", "crowd.json", "other.json", "--yes"),
}


def write_crowd(file: IO[str]) -> None:
    """Write a COCO file of persons that all stand on one image."""
    rng = np.random.default_rng(0)
    image = dict(id=1, file_name="1.jpg", width=640, height=640)
    category = dict(id=1, name="person", keypoints=NAMES, skeleton=[])
    file.write(f'{{"images": [{json.dumps(image)}], "categories": [{json.dumps(category)}], "annotations": [')
    for start in range(0, PERSONS, AT_ONCE):
        corners, sizes = rng.uniform(0, 440, (AT_ONCE, 1, 2)), rng.uniform(20, 200, (AT_ONCE, 1, 2))
        marks = rng.integers(0, 3, (AT_ONCE, KEYPOINTS, 1))
        points = (corners + sizes * rng.random((AT_ONCE, KEYPOINTS, 2))) * (marks > 0)
        rows = np.concatenate([points, marks], axis=2).reshape(AT_ONCE, -1).round(1).tolist()
        boxes = np.concatenate([corners, sizes], axis=2)[:, 0].round(1).tolist()
        counts = (marks > 0).sum(axis=(1, 2)).tolist()
        persons = [
            dict(id=start + i, image_id=1, category_id=1, iscrowd=0, bbox=box, area=box[2] * box[3] / 2,
                 keypoints=row, num_keypoints=count)
            for i, (row, box, count) in enumerate(zip(rows, boxes, counts, strict=True))
        ]  # fmt: skip
        file.write((", " if start else "") + json.dumps(persons)[1:-1])
    file.write("]}")


def cost(command: tuple[str, ...], folder: str) -> tuple[float, float, float]:
    """Return the seconds that a program takes, those of them that it computes, and its largest size in GB."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", *command], stdout=subprocess.DEVNULL, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{command}: exit code {process.returncode}"
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def crowd() -> dict[str, float]:
    numbers = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crowd.json"
        with path.open("w") as file:
            write_crowd(file)
        numbers["file MB"] = path.stat().st_size / 1e6
        for name, command in COMMANDS.items():
            numbers[f"{name} s"], numbers[f"{name} CPU s"], numbers[f"{name} GB"] = cost(command, folder)
    return numbers


CASES = [Case("C10 crowd", "1,000,000 persons on one image", "data check <= 60 s and <= 2 GB", crowd)]
