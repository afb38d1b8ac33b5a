"""Runs that are killed at any moment, and two at once in one folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from corner_model import call
from faults import Disk, faulty, files_of
from test_predict_faults import corner_model, inputs, poses_of, predicted  # noqa: F401 - fixtures

TESTS = Path(__file__).parents[1]
SECONDS = 60


class KillingDisk(Disk):
    """Kills the process in place of the n-th operation."""

    def touch(self, operation: str, place: object = "") -> None:
        if len(self.operations) == self.fail_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.operations.append(f"{operation} {place}")


CHILD = """
import sys
sys.path[:0] = [{tests!r}, {tests!r} + "/chaos"]
from pathlib import Path
from faults import faulty
from test_kill import KillingDisk
from corner_model import BOX_SET, Corners
from posekit.cli import main, predict_models
from posekit.inference import people
from posekit.inference.top_down import TopDownPredictor
import cv2, os, signal, posekit.cli.predict_run, posekit.inference.coco_document, posekit.visualization.draw
people.PEOPLE = "whole"
predict_models.open_predictor = lambda *_, **__: TopDownPredictor(Corners(), Corners(), metainfo=BOX_SET)
for line in sys.stdin:
    folder, fail_at, *arguments = line.rstrip("\\n").split("\\t")
    os.chdir(folder)
    with faulty(KillingDisk(Path(folder), int(fail_at) if fail_at else None)):
        main.main(["predict", *arguments])
"""


class Child:
    """A process that has everything imported and waits for the arguments of one run."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD.format(tests=str(TESTS))],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def run(self, folder: Path, *arguments: object, fail_at: int | None = None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\t".join(map(str, (folder, "" if fail_at is None else fail_at, *arguments))) + "\n")
        self.process.stdin.flush()

    def wait(self) -> tuple[int, str]:
        """Return exit code and messages."""
        _, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, err


@pytest.mark.parametrize("options", [("--no-draw", "--format=csv"), ()])
def test_a_killed_run_is_completed(inputs, tmp_path, capsys, count_fault, long, options):  # noqa: F811
    arguments = (inputs / "a.jpg", inputs / "walk.mp4", inputs / "b.png", "--out", "o", *options)
    with faulty(Disk(tmp_path)) as disk:
        assert call(*arguments) == 0
    whole, count = files_of(tmp_path / "o"), len(disk.operations)
    for number in range(count) if long else (count // 3, count // 2, count - 3):
        shutil.rmtree(tmp_path / "o")
        child = Child()
        child.run(tmp_path, *arguments, fail_at=number)
        assert child.wait()[0] == -signal.SIGKILL
        count_fault()
        left = files_of(tmp_path / "o")
        assert all(left[name] == whole[name] for name in left.keys() & whole.keys() - {"predictions.json"})
        assert call(*arguments, "--resume") == 0
        after = files_of(tmp_path / "o")
        assert whole.keys() <= after.keys()
        assert poses_of(after) == poses_of(whole)


def test_two_at_once_in_one_folder(inputs, tmp_path, count_fault):  # noqa: F811
    """One does the work; the other is told that somebody writes there, or finds it done."""
    arguments = (inputs / "a.jpg", inputs / "walk.mp4", inputs / "b.png", "--out", "o", "--no-draw")
    assert call(*arguments) == 0
    whole = files_of(tmp_path / "o")
    shutil.rmtree(tmp_path / "o")
    children = [Child(), Child()]
    for child in children:
        child.run(tmp_path, *arguments)
    outcomes = sorted(child.wait() for child in children)
    count_fault()
    assert [code for code, _ in outcomes] == [0, 2]
    assert "another posekit predict writes there" in outcomes[1][1] or "is there already" in outcomes[1][1]
    assert "Traceback" not in outcomes[0][1] + outcomes[1][1]
    assert files_of(tmp_path / "o") == whole
