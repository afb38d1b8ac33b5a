"""The folder of a run: which one it is, and that it belongs to one run at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from posekit.config.config import Config
from posekit.files import require_writable
from posekit.folder_lock import locked

LAST, BEST = "last.pth", "best.pth"
CHECKPOINTS = (LAST, "best*.pth", "epoch_*.pth", "iter_*.pth", "last_checkpoint")
"""Files of a run that the next run in its folder must not pass off as its own."""

CHOSEN = "POSEKIT_RUN_FOLDER"
"""Environment variable by which the processes that a run starts know its folder."""


def default_folder(config: Config, work_dir: Path | str | None) -> Path:
    """Return a run's folder: as given, as in the config, or named after the config's file."""
    name = Path(config.filename or "run").stem
    return Path(work_dir or config.get("work_dir") or Path("work_dirs") / name)


@contextmanager
def open_run_folder(
    config: Config,
    work_dir: Path | str | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    is_main: bool = True,
    may_rename: bool = True,
) -> Iterator[Path]:
    """Give a run its folder, and keep others out of it until the run ends.

    Runs do not mix: where the folder holds another run's checkpoints, this run takes ``NAME_2``, unless the person
    named the folder.

    Args:
        config: the run's config.
        work_dir: folder that the person named; see ``default_folder``.
        resume: whether to continue the run that is there.
        overwrite: whether to remove the checkpoints of the run that is there.
        is_main: whether this process chooses; the others follow it.
        may_rename: whether all processes of this run learn of another name.

    Raises:
        ValueError: if the folder that was named has a run already, and neither resume nor overwrite was asked for.
        FolderInUseError: if another process is using the folder.
        OSError: if it cannot be written to.
    """
    folder = default_folder(config, work_dir)
    if not is_main:
        yield Path(os.environ.get(CHOSEN, folder))
        return
    if not resume and not overwrite and holds_run(folder):
        if work_dir is not None or not may_rename:
            raise ValueError(
                f"{folder}: already holds a run; continue it with --resume, replace it with --overwrite, "
                "or name another folder with --work-dir"
            )
        folder = free_folder(folder)
    require_writable(folder, folder=True)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        if overwrite and not resume:
            remove_checkpoints(folder)
        os.environ[CHOSEN] = str(folder)
        try:
            yield folder
        finally:
            os.environ.pop(CHOSEN, None)


def holds_run(folder: Path) -> bool:
    """Whether a run has left checkpoints in a folder."""
    return any(True for pattern in CHECKPOINTS for _ in folder.glob(pattern))


def free_folder(folder: Path) -> Path:
    """Return the first of NAME_2, NAME_3 ... that holds no run."""
    number = 2
    while holds_run(free := folder.with_name(f"{folder.name}_{number}")):
        number += 1
    return free


def remove_checkpoints(folder: Path) -> None:
    for pattern in CHECKPOINTS:
        for path in folder.glob(pattern):
            path.unlink()


def checkpoint_to_resume(folder: Path, resume: bool | str | Path) -> Path | None:
    """Return the checkpoint to resume from, None to start afresh.

    Raises:
        ValueError: if a checkpoint was named and does not exist.
    """
    if resume is False:
        return None
    named = Path(resume) if resume is not True else None
    if named is not None and not named.is_file():
        raise ValueError(f"resume: there is no checkpoint {named}; --resume without a path takes {folder / LAST}")
    path = named or folder / LAST
    return path if path.is_file() else None
