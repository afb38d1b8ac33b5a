"""The images and videos that ``posekit predict`` reads, and the drawings it makes of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from posekit.media.image_file import IMAGE_SUFFIXES, read_image, write_image
from posekit.media.video import VIDEO_SUFFIXES, VideoReader, VideoWriter

SUFFIXES = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)


class Drawings(Protocol):
    """Where drawn frames go."""

    def write(self, frame: np.ndarray) -> None: ...


class Source(Protocol):
    """An image or a video to read, and the name, without suffix, under which its drawing is written."""

    @property
    def path(self) -> Path: ...
    @property
    def name(self) -> str: ...
    @property
    def num_frames(self) -> int: ...
    @property
    def fps(self) -> float | None:
        """Frames per second; None for an image."""
        ...

    def frames(self) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
        """Yield what is known of each frame beside its size, and its pixels (H, W, 3), uint8, BGR."""
        ...

    def drawings(self, folder: Path) -> contextlib.AbstractContextManager[Drawings]: ...


@dataclass(frozen=True)
class ImageSource:
    """An image, drawn as ``NAME_pose.jpg``."""

    path: Path
    name: str
    num_frames: int = 1
    fps: float | None = None

    def frames(self) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
        yield {}, read_image(self.path)

    def drawings(self, folder: Path) -> contextlib.AbstractContextManager[Drawings]:
        return contextlib.nullcontext(ImageFile(folder / f"{self.name}_pose.jpg"))


@dataclass(frozen=True)
class Video:
    """A video, drawn as ``NAME_pose.mp4``; it is opened when it is asked for something, and once."""

    path: Path
    name: str

    @cached_property
    def reader(self) -> VideoReader:
        return VideoReader(self.path)

    @property
    def num_frames(self) -> int:
        """As the file announces."""
        return self.reader.num_frames

    @property
    def fps(self) -> float:
        return self.reader.fps

    def frames(self) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
        for number, frame in enumerate(self.reader):
            yield {"frame_id": number}, frame

    def drawings(self, folder: Path) -> contextlib.AbstractContextManager[Drawings]:
        return VideoWriter(folder / f"{self.name}_pose.mp4", self.reader.fps)


@dataclass(frozen=True)
class ImageFile:
    """Writes a drawing as JPEG, whole or not at all."""

    path: Path

    def write(self, frame: np.ndarray) -> None:
        write_image(self.path, frame, jpeg_quality=92)


def find_sources(given: Sequence[Path]) -> list[Source]:
    """List the images and videos that files and folders name; folders are searched to the bottom.

    Raises:
        FileNotFoundError: if a source does not exist, or a folder has no images.
    """
    sources: list[Source] = []
    taken: set[str] = set()
    for place in given:
        if not place.exists():
            raise FileNotFoundError(f"{place}: no such image, video or folder")
        paths = _below(place) if place.is_dir() else [place]
        if not paths:
            raise FileNotFoundError(f"{place}: no images or videos in this folder (looked for {', '.join(SUFFIXES)})")
        for path in paths:
            within = path.relative_to(place) if place.is_dir() else Path(path.name)
            name = free_name(str(within.with_suffix("")), taken)
            sources.append((Video if path.suffix.lower() in VIDEO_SUFFIXES else ImageSource)(path, name))
    return sources


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and not path.is_dir())


def free_name(name: str, taken: set[str]) -> str:
    """Return the name, numbered if another image has it already, and note it as taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    taken.add(free)
    return free
