"""What an inferencer is called with: an image, several, a folder of them, a video or a camera."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from posekit.media.image_file import IMAGE_SUFFIXES, check_array, read_image
from posekit.media.video import VIDEO_SUFFIXES, VideoReader

CAMERA = re.compile(r"webcam(?::(\d+))?", re.IGNORECASE)
CAMERA_FPS = 30.0


class InputFrame(NamedTuple):
    """An image on its way: its number, the name of its file, and its pixels (H, W, 3), uint8, BGR."""

    number: int
    name: str
    image: np.ndarray


class ImageInput:
    """Images to look at one after the other, as often as need be.

    Args:
        items: paths or arrays.
    """

    video: str | None = None
    fps = 0.0
    endless = False

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[InputFrame]:
        for number, item in enumerate(self.items):
            if isinstance(item, np.ndarray):
                yield InputFrame(number, f"{number:06d}.jpg", check_array(item))
            else:
                yield InputFrame(number, Path(item).name, read_image(item))


class VideoInput:
    """The frames of a video.

    Args:
        path: path of the file.
    """

    endless = False

    def __init__(self, path: Path) -> None:
        reader = VideoReader(path)
        self.path, self.video, self.fps, self.count = path, path.name, reader.fps, reader.num_frames
        reader.capture.release()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[InputFrame]:
        return (InputFrame(number, self.path.name, image) for number, image in enumerate(VideoReader(self.path)))


class CameraInput:
    """The frames of a camera, until it ends.

    Args:
        number: number of the camera.

    Raises:
        ValueError: if there is no such camera.
    """

    video = "webcam.mp4"
    endless = True

    def __init__(self, number: int) -> None:
        import cv2

        self.capture = cv2.VideoCapture(number)
        if not self.capture.isOpened():
            raise ValueError(f"webcam:{number}: there is no camera {number} that OpenCV can open")
        self.fps = self.capture.get(cv2.CAP_PROP_FPS) or CAMERA_FPS

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[InputFrame]:
        number = 0
        try:
            while True:
                alive, image = self.capture.read()
                if not alive:
                    return
                yield InputFrame(number, self.video, image)
                number += 1
        finally:
            self.capture.release()


Source = ImageInput | VideoInput | CameraInput


def open_source(inputs: Any) -> Source:
    """Return the frames of what an inferencer is called with.

    Args:
        inputs: path of an image, a video or a folder of images; ``webcam`` or ``webcam:N``; an image (H, W, 3), uint8,
            BGR; or a sequence of paths and images.

    Raises:
        FileNotFoundError: if there is no such file, or no image in the folder.
        ValueError: if it is something else.
    """
    if isinstance(inputs, np.ndarray):
        return ImageInput([inputs])
    if not isinstance(inputs, (str, os.PathLike)):
        if not isinstance(inputs, Sequence):
            inputs = list(inputs)
        return ImageInput(inputs)
    if match := CAMERA.fullmatch(os.fspath(inputs)):
        return CameraInput(int(match[1] or 0))
    path = Path(inputs)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such image, video or folder")
    if path.is_dir():
        images = sorted(each for each in path.iterdir() if each.suffix.lower() in IMAGE_SUFFIXES)
        if not images:
            raise FileNotFoundError(f"{path}: no images in this folder (looked for {', '.join(IMAGE_SUFFIXES)})")
        return ImageInput(images)
    return VideoInput(path) if path.suffix.lower() in VIDEO_SUFFIXES else ImageInput([path])
