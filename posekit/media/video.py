"""Videos frame by frame."""

from __future__ import annotations

import errno
import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from posekit.console import tracked
from posekit.media.image_file import write_image
from posekit.media.mp4 import GrowingMp4, Segment

MAX_FPS, DEFAULT_FPS = 100_000, 30.0
SLACK = 0.05
"""Share of the announced frames that may be missing; what files announce is often an estimate."""

SEGMENT_FRAMES, SEGMENT_BYTES = 48, 2**27
"""Frames that are written at once, a multiple of the encoder's 12 from key frame to key frame, and their bytes."""

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")


class VideoReader:
    """The frames of a video file, turned upright as the file asks for.

    Args:
        path: path of the file.

    Attributes:
        fps: frames per second, 30 where the file does not say.
        states_fps: whether it does.
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
        self.states_fps = 0 < fps <= MAX_FPS
        self.fps = fps if self.states_fps else DEFAULT_FPS
        self.num_frames = max(int(self.capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the frames (H, W, 3), uint8, BGR.

        Raises:
            ValueError: after the last frame, if the file announces many more: it is cut off or damaged.
        """
        import cv2

        count, milliseconds = 0, 0.0
        try:
            while True:
                decoded, frame = self.capture.read()
                if not decoded:
                    break
                count, milliseconds = count + 1, self.capture.get(cv2.CAP_PROP_POS_MSEC)
                yield frame
        finally:
            self.capture.release()
        # a number that is estimated from the length, as in Matroska, is wrong where the rate varies; the length is not
        length = milliseconds * self.fps / 1000 + 1
        if max(count, length) < self.num_frames * (1 - SLACK) - 1:
            raise ValueError(
                f"{self.path}: the video ends after {count} of {self.num_frames} frames; it is cut off or damaged"
            )


class VideoWriter:
    """Writes frames to an MP4 file.

    Until it is closed, the frames are in NAME.xxxxxxxx.part.mp4 beside it, which plays up to the last full segment
    whatever stops the program. A file that could not be written whole is removed.

    Args:
        path: path of the file; its folder is created if missing.
        fps: frames per second.
        note: text that the file keeps where players do not look.
    """

    def __init__(self, path: str | Path, fps: float, note: str = "") -> None:
        self.path = Path(path)
        self.fps = fps
        self.note = note
        self.frames: list[np.ndarray] = []
        self.temporary: Path | None = None
        self.growing: GrowingMp4 | None = None
        self.size_hw: tuple[int, ...] = ()

    def write(self, frame: np.ndarray) -> None:
        """Append a frame (H, W, 3), uint8, BGR; all have the size of the first.

        A side of an odd number of pixels, which the encoder cannot take, repeats its last row or column.

        Raises:
            OSError: if the file cannot be written.
            ValueError: if the frame has another size than the first.
        """
        self.size_hw = self.size_hw or frame.shape[:2]
        if frame.shape[:2] != self.size_hw:
            sizes = [f"{shape[1]} x {shape[0]}" for shape in (frame.shape, self.size_hw)]
            raise ValueError(f"{self.path}: a frame has {sizes[0]} pixels, those before it {sizes[1]}")
        self.frames.append(frame)
        if len(self.frames) == SEGMENT_FRAMES or sum(held.nbytes for held in self.frames) > SEGMENT_BYTES:
            self._write_segment()

    def close(self) -> None:
        """Put the file in place, with the frames so far; nothing if there are none.

        Raises:
            OSError: if it cannot be written.
        """
        if self.frames:
            self._write_segment()
        if self.growing is None or self.temporary is None:
            return
        with self._naming_the_file():
            self.growing.finish()
            self.growing.file.close()
            self.temporary.chmod(0o644)
            self.temporary.replace(self.path)
        self.growing = None

    def _write_segment(self) -> None:
        frames, self.frames = self.frames, []
        with self._naming_the_file():
            if self.growing is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                number, name = tempfile.mkstemp(
                    dir=self.path.parent, prefix=f"{self.path.stem}.", suffix=f".part{self.path.suffix}"
                )
                self.temporary, self.growing = Path(name), GrowingMp4(os.fdopen(number, "wb"), self.note)
            self.growing.append(encoded(frames, self.fps))

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        """Let an error name the file, and leave nothing behind."""
        try:
            yield
        except OSError as error:
            if self.growing is not None:
                with suppress(OSError):
                    self.growing.file.close()
            if self.temporary is not None:
                self.temporary.unlink(missing_ok=True)
            self.growing = None
            raise OSError(error.errno, error.strerror or str(error), str(self.path)) from error

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def encoded(frames: Sequence[np.ndarray], fps: float) -> Segment:
    """Encode frames (H, W, 3), uint8, BGR, as a small video.

    Raises:
        OSError: if there is no room for it, or the encoder refuses frames of this size or rate.
    """
    import cv2

    height, width = frames[0].shape[:2]
    even_wh = (width + width % 2, height + height % 2)
    with tempfile.TemporaryDirectory(prefix="posekit_") as folder:
        path = Path(folder) / "segment.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, even_wh)
        for frame in frames:
            odd = (width, height) != even_wh
            writer.write(np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), "edge") if odd else frame)
        writer.release()
        try:
            segment = Segment.read(path.read_bytes())
        except (OSError, ValueError) as error:
            raise OSError(
                None, f"{width} x {height} pixels at {fps:g} frames per second cannot be encoded in {folder}"
            ) from error
    if len(segment.sizes) != len(frames):
        raise OSError(errno.ENOSPC, f"{len(segment.sizes)} of {len(frames)} frames could be encoded in {folder}")
    return segment


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
