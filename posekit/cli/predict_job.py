"""The folder of a ``posekit predict``: what is there already, and what a run leaves if it is stopped."""

from __future__ import annotations

import contextlib
import glob
import os
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from posekit.files import require_writable

if TYPE_CHECKING:
    from posekit.inference.journal import Journal, SavedSource
    from posekit.inference.results import PoseResult
    from posekit.media.sources import Source

PREDICTIONS, PARTIAL = "predictions.json", "predictions.partial.jsonl"
"""The result; what there is of it until a job has gone through everything without a failure."""


@dataclass
class Job:
    """What a run has to do.

    Attributes:
        journal: takes the results.
        sources: that are left to do, those first that an earlier run began.
        saved: what an earlier run noted of its sources.
        begun: results of the sources that it did not finish.
        complete: whether everything is done, by an earlier run or this one.
    """

    journal: Journal
    sources: list[Source]
    saved: dict[str, SavedSource] = field(default_factory=dict)
    begun: dict[str, list[PoseResult]] = field(default_factory=dict)
    complete: bool = False

    def saved_of(self, source: Source) -> list[PoseResult]:
        """Return the results of an earlier run for the first frames of a source."""
        from posekit.inference.journal import key_of

        return self.begun.get(key_of(source.place), [])


@contextlib.contextmanager
def opened_job(
    folder: Path | None,
    sources: Sequence[Source],
    outputs: Mapping[Path, Source | None],
    options: Mapping[str, Any],
    *,
    overwrite: bool,
    resume: bool,
) -> Iterator[Job]:
    """Prepare the folder of a job, keep others out of it, and refuse to overwrite what is there.

    Args:
        folder: of the job; None for a job that writes no files.
        sources: all that is to be predicted.
        outputs: files that the job will write, and what each is the drawing of.
        options: that results depend on; a job is resumed with the same ones only.
        overwrite: whether files that are there may be replaced.
        resume: whether to go on with what an earlier run left.

    Raises:
        OSError: if the folder cannot be written to, another run writes there, or files are in the way.
        ValueError: if a job to resume had other options.
    """
    from posekit.inference.journal import Journal

    options = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
    if overwrite and resume:
        raise ValueError("--overwrite begins anew and --resume goes on: give one of them")
    if folder is None:
        if resume:
            raise ValueError("--resume needs the folder of the earlier run; give it with --out")
        with tempfile.TemporaryFile() as file:
            yield resumed(Journal(file), sources, options)
        return
    require_writable(folder, folder=True)
    if not resume and not overwrite:
        refuse_existing([folder / PREDICTIONS, folder / PARTIAL], remedy=", --resume goes on with what is missing")
        refuse_existing(outputs)
    if resume and not (folder / PARTIAL).exists() and (folder / PREDICTIONS).exists():
        require_complete(folder, sources)
        with tempfile.TemporaryFile() as file:
            yield Job(Journal(file), [], complete=True)
        return
    with locked_job(folder, sources, options, resume=resume) as job:
        if not overwrite:
            drawn = job.journal.drawings()
            refuse_existing(path for path, source in outputs.items() if source and is_foreign(path, source, drawn))
        yield job


@contextlib.contextmanager
def locked_job(folder: Path, sources: Sequence[Source], options: Mapping[str, Any], *, resume: bool) -> Iterator[Job]:
    """Begin or resume the job of a folder; leave its journal there unless everything is done, or nothing."""
    from posekit.inference.journal import Journal

    partial, is_new = folder / PARTIAL, not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(partial) as file:
        job = Job(Journal(file), [])
        try:
            if not resume:
                file.truncate(0)
            job = resumed(job.journal, sources, options)
            remove_parts(folder, [job.saved[key].drawing for key in job.begun])
            yield job
        finally:
            if job.complete or next(job.journal.frames(), None) is None:
                forget(partial, with_folder=is_new)


def remove_parts(folder: Path, drawings: Sequence[str | None]) -> None:
    """Remove what a run that was killed left of videos, which are drawn again."""
    for drawing in drawings:
        stem = glob.escape(Path(drawing or "").stem)
        for part in folder.glob(f"{stem}.????????.part.mp4") if drawing else ():
            part.unlink()


def refuse_existing(paths: Any, remedy: str = "") -> None:
    """Raise FileExistsError if one of the files is there."""
    for path in paths:
        if path.exists():
            raise FileExistsError(
                f"{path}: is there already, and this run did not write it; --overwrite replaces it{remedy}, "
                "--out names another folder"
            )


def is_foreign(path: Path, source: Source, drawn: Mapping[str, str | None]) -> bool:
    """Whether a file was not drawn of this source by the job that is resumed."""
    from posekit.inference.journal import key_of

    return drawn.get(key_of(source.place)) != path.name


def require_complete(folder: Path, sources: Sequence[Source]) -> None:
    """Raise FileExistsError unless a finished job has all the sources."""
    from posekit.files import read_json

    content = read_json(folder / PREDICTIONS, "predictions")
    names = {os.path.abspath(folder / image["file_name"]) for image in content["images"]}  # noqa: PTH100
    missing = [source.place for source in sources if os.path.abspath(source.place) not in names]  # noqa: PTH100
    if missing:
        raise FileExistsError(
            f"{folder / PREDICTIONS}: is complete, and {missing[0]} is not in it; --out names another folder, "
            "--overwrite begins anew"
        )


@contextlib.contextmanager
def locked(path: Path) -> Iterator[BinaryIO]:
    """Open a file that no other run writes to.

    Raises:
        OSError: if another run does.
    """
    try:
        with path.open("a+b") as file:
            lock(file, path.parent)
            yield file
    except OSError as error:
        if error.errno and not error.filename:  # of a full disk
            raise type(error)(error.errno, error.strerror, str(path)) from error
        raise


def lock(file: BinaryIO, folder: Path) -> None:
    """Keep other runs from writing to a file; on Windows nothing does.

    Raises:
        OSError: if another run writes to it.
    """
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OSError(f"{folder}: another posekit predict writes there; give another --out") from error


def forget(partial: Path, *, with_folder: bool) -> None:
    """Remove the file of results that are elsewhere, and maybe its folder, if it was alone there."""
    with contextlib.suppress(OSError):  # Windows keeps files that are open
        partial.unlink()
        if with_folder:
            partial.parent.rmdir()


def resumed(journal: Journal, sources: Sequence[Source], options: Mapping[str, Any]) -> Job:
    """Return what is left of a job; what failed is tried again.

    Raises:
        ValueError: if the journal is of another job.
    """
    from posekit.inference.journal import key_of

    earlier = journal.options()
    if earlier is None:
        journal.file.truncate(0)
        journal.begin(options)
        return Job(journal, list(sources))
    if different := [name for name in options if earlier.get(name) != options[name]]:
        raise ValueError(
            f"--resume: the job was begun with other options ({', '.join(different)}); give the same ones, or "
            "--overwrite to begin anew"
        )
    saved = journal.sources()
    keep_begun = not options["smooth"]  # smoothing looks back at poses as they were before it
    dropped = {key for key, state in saved.items() if state.state or (state.state is None and not keep_begun)}
    journal.go_on(dropped)
    saved = {key: state for key, state in saved.items() if key not in dropped}
    begun = {key for key, state in saved.items() if state.state is None}
    left = [source for source in sources if (key := key_of(source.place)) not in saved or key in begun]
    left.sort(key=lambda source: key_of(source.place) not in begun)
    return Job(journal, left, saved, journal.begun(begun))


class StopRequest:
    """Notes that the user or the system wants the program to end; a second Ctrl-C ends it at once.

    Attributes:
        signal: that came; None so far.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self.before: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        with contextlib.suppress(ValueError):  # outside of the main thread there are no signals
            for number in (signal.SIGINT, signal.SIGTERM):
                self.before[number] = signal.signal(number, self.note)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def note(self, number: int, frame: Any) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
