"""What ``posekit predict`` finds, and the files it writes of it beside the drawings."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posekit.cli.predict_sources import Source, Video
from posekit.console import suggestion
from posekit.files import write_atomically

if TYPE_CHECKING:
    from posekit.inference.coco_document import CocoDocument
    from posekit.inference.results import PoseResult
    from posekit.inference.sequence import PoseSequence
    from posekit.tracking import Tracker


def write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda file: file.write(text.encode("utf-8", "surrogateescape")))


class Findings:
    """The poses of all sources, as one COCO-like document and, where other formats want them, as results.

    Args:
        document: takes all poses.
        formats: names of ``FORMATS`` to write.
        track: whether persons in videos get ids.
    """

    def __init__(self, document: CocoDocument, formats: Sequence[str] = (), *, track: bool = True) -> None:
        self.document, self.formats, self.track = document, formats, track
        self.results: list[PoseResult] = []
        self.videos: dict[str, tuple[float, list[PoseResult]]] = {}
        self.images: list[PoseResult] = []
        self.lifted: dict[str, tuple[float | None, list[PoseResult]]] = {}
        self.names: list[str] = []
        self.tracker: Tracker | None = None

    def begin(self, source: Source) -> None:
        """Go on to the next image or video."""
        from posekit.tracking import Tracker

        self.tracker = Tracker() if self.track and source.fps else None

    def add(self, source: Source, info: dict[str, Any], result: PoseResult) -> PoseResult:
        """Note the poses of a frame, and return them with their ids."""
        if self.tracker is not None:
            result = replace(result, track_ids=self.tracker.update(result))
        self.document.add(str(source.path), result, info)
        if self.formats:
            frame = info.get("frame_id")
            time = None if frame is None or not source.fps else frame / source.fps
            result = replace(result, file_name=str(source.path), frame=frame, time=time)
            self.results.append(result)
            self.names.append(source.name)
            if source.fps:
                self.videos.setdefault(source.name, (source.fps, []))[1].append(result)
            else:
                self.images.append(result)
        return result

    def finish(self, source: Source) -> None:
        """Lift what the source showed; files of poses in space take it from here."""
        lifted = self.document.lift()
        if lifted and self.formats:
            self.lifted[source.name] = (source.fps, lifted)

    def write(self, folder: Path, about: dict[str, Any]) -> None:
        """Write the files of all formats; ``about`` tells ``model`` and ``model_sha256``."""
        from posekit.inference.sequence import PoseSequence

        if not self.results:
            return
        rates = {fps for fps, _ in self.videos.values()}
        alike = len(rates) == 1 and all(result.frame is not None for result in self.results)
        sequence = PoseSequence(self.results, self.results[0].skeleton, rates.pop() if alike else None, **about)
        for name in self.formats:
            FORMATS[name](self, sequence, folder)

    def write_openpose(self, sequence: PoseSequence, folder: Path) -> None:
        """Write a file for each image and frame, numbered as OpenPose does it."""
        for name, result, frame in zip(self.names, self.results, sequence.to_openpose(), strict=True):
            number = result.frame or 0
            write_text(folder / "openpose" / f"{name}_{number:012d}_keypoints.json", json.dumps(frame) + "\n")

    def write_trc(self, folder: Path) -> None:
        """Write the tracks of each video, in space where they are lifted."""
        for name, flat in self.videos.items():
            sequence_of(*self.lifted.get(name, flat)).to_trc(folder / f"{name}.trc")

    def write_dlc(self, folder: Path) -> None:
        """Write a table for each video, and one of all images."""
        for name, video in self.videos.items():
            sequence_of(*video).to_dlc(folder / f"{name}_dlc.csv")
        if self.images:
            sequence_of(None, self.images).to_dlc(folder / "images_dlc.csv")

    def write_html3d(self, folder: Path) -> None:
        """Write a page for each image and video that shows anybody."""
        for name, lifted in self.lifted.items():
            sequence_of(*lifted).to_html3d(folder / f"{name}_3d.html", title=name)


def sequence_of(fps: float | None, results: list[PoseResult]) -> PoseSequence:
    from posekit.inference.sequence import PoseSequence

    return PoseSequence(results, results[0].skeleton, fps)


FORMATS: dict[str, Callable[[Findings, PoseSequence, Path], Any]] = {
    "json": lambda findings, poses, folder: write_text(folder / "poses.json", poses.to_json() + "\n"),
    "jsonl": lambda findings, poses, folder: write_text(
        folder / "poses.jsonl", "".join(f"{result.to_json()}\n" for result in poses)
    ),
    "csv": lambda findings, poses, folder: write_text(folder / "poses.csv", poses.to_csv()),
    "parquet": lambda findings, poses, folder: poses.to_parquet(folder / "poses.parquet"),
    "coco": lambda findings, poses, folder: None,  # predictions.json, which is there anyway
    "openpose": lambda findings, poses, folder: findings.write_openpose(poses, folder),
    "trc": lambda findings, poses, folder: findings.write_trc(folder),
    "slp": lambda findings, poses, folder: poses.to_slp(folder / "poses.slp"),
    "dlc": lambda findings, poses, folder: findings.write_dlc(folder),
    "html3d": lambda findings, poses, folder: findings.write_html3d(folder),
}
"""What writes each format."""

PACKAGES = {"parquet": "pyarrow", "slp": "sleap_io"}
"""What a format needs beside posekit's own packages."""


def parsed_formats(
    texts: Sequence[str], sources: Sequence[Source], folder: Path | None, *, lifts: bool = False
) -> list[str]:
    """Return the names of formats in options such as ``csv,trc``, each once.

    Args:
        texts: the options.
        sources: what is looked at.
        folder: where files go; None for nowhere.
        lifts: whether poses are lifted to space.

    Raises:
        ValueError: if there is no such format, no folder to write to, no video for TRC files, or no lifter for pages.
        ModuleNotFoundError: if what a format needs is not installed.
    """
    names = list(dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip()))
    for name in names:
        if name not in FORMATS:
            raise ValueError(f"--format {name}: {suggestion(name, FORMATS, otherwise='there are')}")
        if name in PACKAGES:
            importlib.import_module(PACKAGES[name])
    if names and folder is None:
        raise ValueError(f"--format {','.join(names)}: --json alone writes no files; give a folder with --out")
    if "trc" in names and not any(isinstance(source, Video) for source in sources):
        raise ValueError("--format trc: TRC files hold the tracks of videos, and all of these are images")
    if "html3d" in names and not lifts:
        raise ValueError("--format html3d: it shows poses in space; give a lifter with --lift, such as motionbert")
    return names


def about_model(model: Path | None, checkpoint: str | None) -> dict[str, Any]:
    """Return name and hash of the file that a model was read from; a URL has no hash here."""
    from posekit.inference.pose_model import DEFAULT_MODEL
    from posekit.zoo.model_files import released_model
    from posekit.zoo.weights import pinned_sha256

    if model is not None and not model.exists() and (entry := released_model(str(model))):
        return {"model": entry.name, "model_sha256": pinned_sha256(entry)}
    path = model or (DEFAULT_MODEL if checkpoint is None else Path(checkpoint))
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    return {"model": checkpoint if model is None and checkpoint else path.name, "model_sha256": digest}
