"""Videos frame by frame."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from posekit.console import tracked
from posekit.media.image_file import write_image

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")


class VideoReader:
    """The frames of a video file, turned upright as the file asks for.

    Args:
        path: of the file.

    Attributes:
        fps: frames per second, 30 where the file does not say.
        num_frames: as the file announces; a damaged one may hold fewer.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no video that OpenCV can decode.
    """

    def __init__(self, path: str | Path) -> None:
        import cv2

        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(f"{path}: no such video")
        if not self.path.stat().st_size:
            raise ValueError(f"{path}: the file is empty (0 bytes)")
        self.capture = cv2.VideoCapture(str(path))
        if not self.capture.isOpened():
            raise ValueError(f"{path}: OpenCV cannot decode this video; it is cut off, damaged or of an unknown format")
        fps = self.capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps < 1000 else 30.0
        self.num_frames = max(int(self.capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the frames (H, W, 3), uint8, BGR; the next one is decoded while the caller has the last."""
        return one_ahead(self._frames())

    def _frames(self) -> Iterator[np.ndarray]:
        while True:
            found, frame = self.capture.read()
            if not found:
                self.capture.release()
                return
            yield frame


def one_ahead(items: Iterator[Any]) -> Iterator[Any]:
    """Yield items while the next one is made in another thread."""
    end = object()
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item


class VideoWriter:
    """Writes frames to an MP4 file that is there when all are written, or not at all.

    Args:
        path: of the file, its folder is made if need be.
        fps: frames per second.
    """

    def __init__(self, path: str | Path, fps: float) -> None:
        self.path = Path(path)
        self.temporary = self.path.with_name(f".{self.path.stem}.part{self.path.suffix}")
        self.fps = fps
        self.writer: Any = None

    def write(self, frame: np.ndarray) -> None:
        """Append a frame (H, W, 3), uint8, BGR; all have the size of the first.

        Raises:
            OSError: if the file cannot be written.
        """
        import cv2

        if self.writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            code = cv2.VideoWriter.fourcc(*"mp4v")
            self.writer = cv2.VideoWriter(str(self.temporary), code, self.fps, frame.shape[1::-1])
            if not self.writer.isOpened():
                raise OSError(f"{self.path}: OpenCV cannot write a video there")
        self.writer.write(frame)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.writer is None:
            return
        self.writer.release()
        if kind is None:
            self.temporary.replace(self.path)
        else:
            self.temporary.unlink(missing_ok=True)


def read_frame(path: Path, number: int) -> np.ndarray:
    """Decode one frame of a video to (H, W, 3) uint8, BGR.

    Raises:
        FileNotFoundError: if the video is not there.
        ValueError: if it has no such frame.
    """
    import cv2

    if not path.is_file():
        raise FileNotFoundError(f"video {path}: no such file; bring it there, its frames {number} … are labelled")
    video = cv2.VideoCapture(str(path))
    try:
        video.set(cv2.CAP_PROP_POS_FRAMES, number)
        done, image = video.read()
    finally:
        video.release()
    if not done:
        raise no_frame(path, number)
    return image


def no_frame(video: Path, number: int) -> ValueError:
    """Return the error of a video that lacks a frame."""
    return ValueError(f"video {video}: holds no frame {number} that can be read; is it the labelled video?")


def extract_frames(video: Path, targets: Mapping[int, Path], *, rate: float | None = None) -> set[int]:
    """Write frames of a video as images, in one pass; images that are there already stay.

    Args:
        targets: the image file of each wanted frame, by its number from 0.
        rate: frames per second that the numbers count in, as if the video had been brought to that rate by repeating
            or leaving out frames; by default the video's own.

    Returns:
        The numbers of frames that the video does not have.

    Raises:
        FileNotFoundError: if the video is not there, and one of the images neither.
        ValueError: if it cannot be decoded.
    """
    wanted = [number for number, target in targets.items() if not target.exists()]
    if not wanted:
        return set()
    reader = VideoReader(video)
    places: dict[int, list[int]] = {}
    for number in wanted:
        places.setdefault(_place(number, rate / reader.fps) if rate else number, []).append(number)
    lacking = set(wanted)
    try:
        for place in tracked(range(max(places) + 1), f"frames of {video.name}"):
            if not reader.capture.grab():
                break
            if place not in places:
                continue
            decoded, image = reader.capture.retrieve()
            for number in places[place] if decoded else ():
                write_image(targets[number], image)
                lacking.remove(number)
    finally:
        reader.capture.release()
    return lacking


def _place(number: int, repeats: float) -> int:
    """Return the last frame of a video that comes no later than frame ``number`` of one at another rate.

    Args:
        repeats: frames of the other for each of the video; times are rounded to its frames.
    """
    return math.ceil((number + 0.5) / repeats) - 1
