"""Runs do not mix: each has its folder to itself, and its checkpoints are its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from posekit.config import Config
from posekit.engine.hooks.checkpoint_hook import write_checkpoint
from posekit.engine.run_folder import BEST, LAST, checkpoint_to_resume, open_run_folder
from posekit.folder_lock import FolderInUseError

HOLD = """
import sys, time
from pathlib import Path
from posekit.folder_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def used(tmp_path, monkeypatch) -> Path:
    """The default folder of a config, with the checkpoints of an earlier run."""
    monkeypatch.chdir(tmp_path)
    folder = Path("work_dirs/run")
    folder.mkdir(parents=True)
    for name in (LAST, BEST, "epoch_3.pth", "mine.pth"):
        (folder / name).write_bytes(b"")
    return folder


def test_a_new_run_takes_the_next_name(used):
    with open_run_folder(Config()) as folder:
        assert folder == Path("work_dirs/run_2")
        assert os.environ["POSEKIT_RUN_FOLDER"] == str(folder)
        (folder / LAST).write_bytes(b"")
    with open_run_folder(Config()) as folder:
        assert folder == Path("work_dirs/run_3")
    assert "POSEKIT_RUN_FOLDER" not in os.environ


def test_processes_that_the_run_starts_follow_it(used, monkeypatch):
    monkeypatch.setenv("POSEKIT_RUN_FOLDER", "elsewhere")
    with open_run_folder(Config(), is_main=False) as folder:
        assert folder == Path("elsewhere")


@pytest.mark.parametrize(("named", "may_rename"), [(True, True), (False, False)])
def test_a_used_folder_that_was_named_is_asked_about(named, may_rename, used):
    work_dir = used if named else None
    with (
        pytest.raises(ValueError, match=r"already holds a run; continue it with --resume, .* with --overwrite"),
        open_run_folder(Config(), work_dir, may_rename=may_rename),
    ):
        pass


def test_resuming_keeps_all(used):
    with open_run_folder(Config(), used, resume=True) as folder:
        assert folder == used
        assert (used / LAST).exists()


def test_overwriting_leaves_only_what_no_run_wrote(used):
    with open_run_folder(Config(), used, overwrite=True) as folder:
        assert folder == used
        assert sorted(path.name for path in used.glob("*.pth")) == ["mine.pth"]


def test_a_folder_belongs_to_one_process(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(FolderInUseError, match=rf"process {other.pid} on .* since"),
            open_run_folder(Config(), tmp_path),
        ):
            pass
    finally:
        other.kill()
        other.communicate()
    with open_run_folder(Config(), tmp_path) as folder:  # the lock went with the process
        assert folder == tmp_path


def test_resuming_from_a_checkpoint_that_is_not_there(tmp_path):
    assert checkpoint_to_resume(tmp_path, False) is None
    assert checkpoint_to_resume(tmp_path, True) is None
    with pytest.raises(ValueError, match=r"there is no checkpoint none.pth; --resume without a path takes .*last.pth"):
        checkpoint_to_resume(tmp_path, "none.pth")


def test_a_full_disk_is_one_message_and_the_last_checkpoint_stays(tmp_path, monkeypatch):
    path = tmp_path / LAST
    write_checkpoint(path, {"weight": torch.ones(2)})
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - the writer closes it
    monkeypatch.setattr("posekit.files.os.fdopen", lambda descriptor, mode: full)
    with pytest.raises(OSError, match=r"No space left on device|cannot be written") as caught:
        write_checkpoint(path, {"weight": torch.zeros(2)})
    assert str(path) in str(caught.value)
    assert torch.load(path, weights_only=True)["weight"].tolist() == [1, 1]
    assert [item.name for item in tmp_path.iterdir()] == [LAST]
