"""What ``posekit predict`` does with the frames that come out of the pipeline, and what it tells at the end."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import typer

from posekit.cli.main import describe
from posekit.cli.predict_drawings import draw_in_space, drawing_of, space_drawing_of
from posekit.cli.predict_formats import Poses
from posekit.cli.predict_job import PREDICTIONS, Job, StopRequest
from posekit.console import ProgressBar
from posekit.files import write_atomically

if TYPE_CHECKING:
    from posekit.cli.predict_drawings import Drawings
    from posekit.inference.coco_document import LiftedFrames
    from posekit.inference.journal import Journal
    from posekit.inference.pipeline import Frame, PosePipeline
    from posekit.media.sources import Source

FRAMES_AHEAD = 4
"""Number of frames whose poses are found before they are drawn and written."""


@dataclass
class Outcome:
    """How a run went.

    Attributes:
        num_sources: it had to do.
        failures: what was wrong with each source: the first message and how many there are.
        stopped: the signal that stopped it, None if none did.
        place: what it was at then.
    """

    num_sources: int
    failures: dict[str, list[Any]] = field(default_factory=dict)
    stopped: int | None = None
    place: str = ""

    def fail(self, frame: Frame, error: Exception) -> None:
        """Note an error of a frame or source."""
        place = frame.source.place
        where = f"{place}: " if frame.is_end or not frame.source.fps else f"{place}, frame {frame.number}: "
        message = describe(error)
        if place not in message and not getattr(error, "filename", None):
            message = where + message
        self.failures.setdefault(place, [message, 0])[1] += 1

    @property
    def complete(self) -> bool:
        """Whether everything was done without a failure."""
        return not self.failures and self.stopped is None

    @property
    def exit_code(self) -> int:
        return 128 + self.stopped if self.stopped is not None else int(bool(self.failures))

    def report(self, *, resumable: bool) -> None:
        """Tell what failed, and where the run stopped."""
        for message, count in self.failures.values():
            typer.echo(f"error: {message}" + (f" (and {count - 1} more of it)" if count > 1 else ""), err=True)
        if self.failures:
            total = f"{self.num_sources} file{'s' * (self.num_sources != 1)}"
            typer.echo(f"{len(self.failures)} of {total} failed", err=True)
        if self.stopped is not None:
            remedy = "; what is done is kept, the same command with --resume goes on" if resumable else ""
            typer.echo(f"stopped at {self.place}{remedy}", err=True)


class Progress:
    """Moves a bar with the frames, and learns on the way how many there are.

    Args:
        bar: the bar.
        num_sources: number of sources.
    """

    def __init__(self, bar: ProgressBar, num_sources: int) -> None:
        self.bar, self.left = bar, num_sources

    def take(self, frame: Frame) -> None:
        """Count a frame, or the end of a source."""
        if frame.number == 0 or frame.is_end:
            self.left -= not frame.is_end or frame.number == 0
            frames = int(frame.number == 0) if frame.is_end else frame.source.num_frames or 1
            self.bar.expect(self.bar.done + frames + self.left)
        if not frame.is_end or frame.number == 0:
            self.bar.advance()


def run(pipeline: PosePipeline, job: Job, drawings: Drawings | None) -> Outcome:
    """Draw and note what a pipeline finds, until it is done or somebody stops it.

    Raises:
        OSError: if the results cannot be noted.
    """
    from posekit.media.read_ahead import read_ahead

    outcome = Outcome(len(job.sources))
    stream: Any = read_ahead(pipeline.stream(job.sources), FRAMES_AHEAD)
    unit = "frames" if any(source.kind != "image" for source in job.sources) else "images"
    with (
        StopRequest() as stop,
        ProgressBar("predicting", len(job.sources), unit=unit) as bar,
        closing(stream) as frames,
    ):
        progress = Progress(bar, len(job.sources))
        for frame in frames:
            take(frame, job.journal, drawings, outcome)
            progress.take(frame)
            if stop.signal is not None and frame.source.live and frame.source is job.sources[-1]:
                take(replace(frame, number=frame.number + 1, image=None), job.journal, drawings, outcome)
                break  # the usual end of a camera
            if stop.signal is not None:
                at = f", after {frame.number + (not frame.is_end)} frames" if frame.source.kind != "image" else ""
                outcome.stopped, outcome.place = stop.signal, frame.source.place + at
                break
        if drawings is not None and outcome.stopped is not None:
            drawings.close()
    return outcome


def take(frame: Frame, journal: Journal, drawings: Drawings | None, outcome: Outcome) -> None:
    """Draw and note a frame; the journal names a drawing before it is there, so that a later run knows whose it is."""
    journal.enter(frame, drawing_of(frame.source, drawings.folder).name if drawings else None)
    if frame.error is not None:
        outcome.fail(frame, frame.error)
    if drawings is not None:
        try:
            drawings.take(frame)
        except (OSError, ValueError) as error:
            outcome.fail(frame, error)
            frame.error = error
    journal.take(frame)


@dataclass
class ResultFiles:
    """Writes results as predictions.json and in other formats.

    Args:
        frames: results, with the lifted ones.
        metainfo: the set of the keypoints.
        folder: where the files go; None if there are none.
        counts: of the poses and images that were written, in words.
    """

    frames: LiftedFrames
    metainfo: Mapping[str, Any]
    folder: Path | None
    counts: str = ""

    def write(self, formats: Sequence[str], about: dict[str, Any], *, as_json: bool) -> None:
        """Write and print everything; ``about`` tells ``model`` and ``model_sha256``."""
        if next(self.frames.journal.frames(), None) is not None and self.folder is not None:
            path = self.folder / PREDICTIONS
            write_atomically(path, self.write_document)
            if formats:
                Poses(self.frames).write(self.folder, formats, about)
            if not as_json:
                typer.echo(f"{self.counts}: {path}")
        if as_json:
            self.print_document()

    def write_document(self, file: BinaryIO) -> None:
        """Write predictions.json to an open file."""
        from posekit.inference.coco_document import CocoDocument

        lifter = None if self.frames.lifter is None else self.frames.lifter.metainfo
        with CocoDocument(file, self.metainfo, self.folder or Path(), lifter) as document:
            for _, result, joints in self.frames:
                document.add(result, joints)
        self.counts = document.counts()

    def print_document(self) -> None:
        """Write predictions.json to the standard output."""
        with tempfile.TemporaryFile("w+b") as file:
            self.write_document(file)
            file.seek(0)
            for line in file:
                typer.echo(line.decode(), nl=False)


def draw_lifted(frames: LiftedFrames, folder: Path) -> None:
    """Put lifted poses beside the drawings in a folder.

    Raises:
        OSError: if a drawing cannot be read or written.
        ValueError: if a drawing is damaged.
    """
    count = sum(source.count for source in frames.journal.sources().values())
    with ProgressBar("drawing in space", count, unit="frames") as bar:
        for _ in draw_in_space(frames, folder):
            bar.advance()


def outputs_of(
    sources: Sequence[Source], folder: Path | None, files: Sequence[str], *, drawn: bool, lifts: bool = False
) -> dict[Path, Source | None]:
    """Return the files that a run will write, and what each is the drawing of."""
    if folder is None:
        return {}
    outputs: dict[Path, Source | None] = {folder / name: None for name in files}
    if drawn:
        drawings = {drawing_of(source, folder): source for source in sources}
        outputs |= drawings
        outputs |= {space_drawing_of(path): None for path in drawings if lifts}
    return outputs
