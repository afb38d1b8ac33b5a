"""What images come from: files, folders, videos, animated images, cameras, arrays. Each is read image by image."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from posekit.media.image_file import IMAGE_SUFFIXES, image_size, read_image
from posekit.media.video import DEFAULT_FPS, VIDEO_SUFFIXES, VideoReader

SUFFIXES = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)
ANIMATED_SUFFIXES = (".gif", ".png", ".webp", ".tif", ".tiff")
"""Image files that may hold several frames."""

FRAMES_AT_ONCE = 16
"""Frames of a WebP or TIFF that are in memory together."""

IMAGE_ROOT = "image_root"
"""Under this name the ``info`` of predictions.json tells the folder that its images' names start from, its own then."""

DRAWING_NOTE = "drawn by posekit predict"
"""Stands near the beginning of the drawings, which are no sources."""
NOTE_BYTES = 256
"""Number of first bytes of a file that contain the note."""

Given: TypeAlias = "str | os.PathLike[str] | int | np.ndarray | Iterable[Any]"


@dataclass(frozen=True)
class Source:
    """An image.

    Attributes:
        place: path, URL or number, as errors and results name it; empty for arrays.
        name: place without folders and suffix, under which the drawing is written; unique among several sources.
        fps: frames per second; None if this is no video.
        num_frames: as announced; None if nobody knows.
        live: whether the frames come when they come, so that nothing may wait for the next one.
        kind: what messages call the place.
    """

    place: str
    name: str = ""
    kind = "image"
    live = False

    @property
    def fps(self) -> float | None:
        return None

    @property
    def num_frames(self) -> int | None:
        return 1

    @property
    def is_file(self) -> bool:
        return True

    def frames(self) -> Iterator[np.ndarray]:
        """Yield the images (H, W, 3), uint8, BGR.

        Raises:
            OSError: if the source cannot be read.
            ValueError: if it is damaged; frames that could be read came before.
        """
        yield read_image(self.place)


@dataclass(frozen=True)
class Video(Source):
    """A video file; it is opened when it is asked for something, and once."""

    kind = "video"

    @cached_property
    def reader(self) -> VideoReader:
        return VideoReader(self.place)

    @property
    def fps(self) -> float:
        return self.reader.fps

    @property
    def num_frames(self) -> int | None:
        return self.reader.num_frames or None

    def frames(self) -> Iterator[np.ndarray]:
        yield from self.reader


@dataclass(frozen=True)
class Animation(Source):
    """An image file of several frames: GIF, APNG, WebP, or a TIFF of several pages."""

    count: int = 0
    kind = "video"

    @cached_property
    def reader(self) -> VideoReader | None:
        return VideoReader(self.place) if Path(self.place).suffix.lower() in (".gif", ".png") else None

    @property
    def fps(self) -> float:
        return self.reader.fps if self.reader else DEFAULT_FPS

    @property
    def num_frames(self) -> int:
        return self.count

    def frames(self) -> Iterator[np.ndarray]:
        if self.reader is not None:
            yield from self.reader
            return
        for start in range(0, self.count, FRAMES_AT_ONCE):
            frames = pages_of(self.place, start, min(FRAMES_AT_ONCE, self.count - start))
            if not frames:
                raise ValueError(f"{self.place}: ends after {start} of {self.count} frames; it is damaged")
            yield from frames


@dataclass(frozen=True)
class Camera(Source):
    """A camera by its number, or a stream by its URL; it goes on until there is no next frame."""

    kind = "camera"
    live = True

    @cached_property
    def capture(self) -> Any:
        import cv2

        capture = cv2.VideoCapture(int(self.place) if self.place.isdigit() else self.place)
        if not capture.isOpened():
            raise OSError(
                f"{self.place}: no such file or folder, and OpenCV opens no camera or stream of that number or URL"
            )
        return capture

    @property
    def fps(self) -> float:
        import cv2

        fps = self.capture.get(cv2.CAP_PROP_FPS)
        return fps if 0 < fps <= 1000 else DEFAULT_FPS

    @property
    def num_frames(self) -> None:
        return None

    @property
    def is_file(self) -> bool:
        return False

    def frames(self) -> Iterator[np.ndarray]:
        try:
            while (frame := self.capture.read())[0]:
                yield frame[1]
        finally:
            self.capture.release()


@dataclass(frozen=True)
class Arrays(Source):
    """Images that a program holds: arrays, paths, or a generator of them."""

    images: Iterable[Any] = ()
    kind = "array"

    @property
    def num_frames(self) -> None:
        return None

    @property
    def is_file(self) -> bool:
        return False

    def frames(self) -> Iterator[Any]:
        for image in self.images:
            yield read_image(image) if isinstance(image, (str, os.PathLike)) else image


def open_sources(source: Given) -> list[Source]:
    """List the sources that a path, pattern, URL, camera's number or array means; an iterable holds images.

    Raises:
        FileNotFoundError: if there is no such file, or a folder has no images.
    """
    if isinstance(source, np.ndarray):
        return [Arrays("", images=source if source.ndim == 4 else [source])]
    if isinstance(source, (str, os.PathLike, int)):
        return find_sources([str(source) if isinstance(source, int) else os.fspath(source)])
    return [Arrays("", images=source)]


def find_sources(places: Sequence[str]) -> list[Source]:
    """List the images, videos and cameras that files, folders, patterns, URLs and numbers name.

    Folders are searched to the bottom; in them and in patterns, posekit's own drawings do not count.

    Raises:
        FileNotFoundError: if a source does not exist, or a folder has no images.
    """
    sources: list[Source] = []
    taken: set[str] = set()
    for place in places:
        for path, within in files_of(place):
            name = free_name(str(Path(within).with_suffix("")), taken)
            sources.append(source_of(path, name))
    return sources


def files_of(place: str, further: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield the path of each file that a place names, and how it is called within that place.

    Args:
        place: file, folder, pattern, URL or camera's number.
        further: endings, beside those of images and videos, of files that patterns find.
    """
    path = Path(place)
    if path.is_dir():
        files = sorted(item for item in path.rglob("*") if item.suffix.lower() in SUFFIXES and not item.is_dir())
        drawings = [item for item in files if is_drawing(item)]
        if len(drawings) == len(files):
            others = (
                f", but {len(drawings)} drawing{'s' * (len(drawings) != 1)} of posekit"
                if drawings
                else f" (looked for {', '.join(SUFFIXES)})"
            )
            raise FileNotFoundError(f"{place}: no images or videos in this folder{others}")
        yield from ((str(item), str(item.relative_to(path))) for item in files if item not in set(drawings))
    elif path.exists():
        yield str(path), path.name
    elif "://" in place:
        yield place, place.rpartition("/")[2] or "stream"
    elif place.isdigit():
        yield place, f"camera{place}"
    elif glob.has_magic(place):
        matches = sorted(item for item in glob.glob(place, recursive=True) if Path(item).is_file())  # noqa: PTH207
        suffixes = (*SUFFIXES, *further)
        files = [item for item in matches if Path(item).suffix.lower() in suffixes and not is_drawing(Path(item))]
        if not files:
            raise FileNotFoundError(f"{place}: no image or video has such a name")
        yield from ((item, Path(item).name) for item in files)
    else:
        raise FileNotFoundError(f"{place}: no such image, video or folder")


def source_of(place: str, name: str) -> Source:
    """Return the source of a file, URL or camera's number."""
    if not Path(place).exists():
        return Camera(place, name)
    suffix = Path(place).suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return Video(place, name)
    count = num_pages(place) if suffix in ANIMATED_SUFFIXES else 1
    return Animation(place, name, count) if count > 1 else Source(place, name)


def num_pages(path: str) -> int:
    """Return the number of frames of an image file; 1 if it cannot be told."""
    import cv2

    if not Path(path).is_file():
        return 1
    try:
        image_size(Path(path))  # the decoder is asked about sound files alone
        return int(cv2.imcount(path))
    except (ValueError, OSError, cv2.error):
        return 1


def pages_of(path: str, start: int, count: int) -> list[np.ndarray]:
    """Decode some frames of an image file to (H, W, 3) uint8, BGR.

    Raises:
        ValueError: if this OpenCV cannot.
    """
    import cv2

    try:
        if Path(path).suffix.lower() != ".webp":
            return list(cv2.imreadmulti(path, start, count, flags=cv2.IMREAD_COLOR)[1])
        frames = cv2.imreadanimation(path, start, count)[1].frames
    except (AttributeError, cv2.error) as error:
        raise ValueError(f"{path}: OpenCV {cv2.__version__} cannot decode these frames ({error})") from error
    return [frame[..., :3] if frame.shape[2] == 4 else frame for frame in frames]


def is_drawing(path: Path) -> bool:
    """Whether a file is a drawing of ``posekit predict``; what cannot be read is none."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return DRAWING_NOTE.encode() in file.read(NOTE_BYTES)
    except OSError:
        return False


def free_name(name: str, taken: set[str]) -> str:
    """Return the name, numbered if another image has it already, and note it as taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    taken.add(free)
    return free
