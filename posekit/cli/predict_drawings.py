"""The drawings that ``posekit predict`` makes, one file for each image or video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.media.image_file import read_image, write_image
from posekit.media.sources import DRAWING_NOTE, Source
from posekit.media.video import VideoReader, VideoWriter

if TYPE_CHECKING:
    from posekit.inference.coco_document import Lifted
    from posekit.inference.journal import SavedSource
    from posekit.inference.pipeline import Frame
    from posekit.inference.results import PoseResult


MOST_VIEWS = 3
"""Persons whose poses in space stand beside an image."""


def drawing_of(source: Source, folder: Path) -> Path:
    """Return the file of a source's drawing."""
    return folder / f"{source.name}_pose{'.jpg' if source.kind == 'image' else '.mp4'}"


def space_drawing_of(drawing: Path) -> Path:
    """Return the file that shows poses in space beside a drawing."""
    return drawing.with_name(f"{drawing.stem}_3d{drawing.suffix}")


class Drawings:
    """Draws poses and writes the images and videos.

    Args:
        folder: of the files.
        metainfo: the set of the keypoints.
        style: how poses are drawn.
    """

    def __init__(self, folder: Path, metainfo: Mapping[str, Any], style: Any) -> None:
        self.folder, self.metainfo, self.style = folder, metainfo, style
        self.video: VideoWriter | None = None
        self.broken: Source | None = None  # its drawing cannot be written

    def take(self, frame: Frame) -> None:
        """Draw a frame, or finish the drawing of a source at its end.

        Raises:
            OSError: if a file cannot be written; the source is not drawn any further.
            ValueError: if the frames of a video have different sizes.
        """
        try:
            if frame.is_end:
                self.close()
            elif frame.result is not None and frame.source is not self.broken:
                self.write(frame)
        except (OSError, ValueError):
            self.broken = frame.source
            raise

    def write(self, frame: Frame) -> None:
        """Draw a frame."""
        from posekit.visualization.draw import draw_pose

        assert frame.image is not None
        assert frame.result is not None
        drawn: np.ndarray = draw_pose(frame.image, frame.result.instances(), self.metainfo, style=self.style)
        path = drawing_of(frame.source, self.folder)
        if path.suffix == ".jpg":
            write_image(path, drawn, jpeg_quality=92, note=DRAWING_NOTE)
            return
        if self.video is None:
            self.video = VideoWriter(path, frame.source.fps or 30.0, DRAWING_NOTE)
        self.video.write(drawn)

    def close(self) -> None:
        """Finish the video that is being drawn."""
        video, self.video = self.video, None
        if video is not None:
            video.close()


def draw_in_space(lifted: Iterable[Lifted], folder: Path) -> Iterator[None]:
    """Put poses in space beside the drawings of the same poses, and yield after each image and frame.

    Raises:
        OSError: if a drawing cannot be read, or a file cannot be written.
        ValueError: if a drawing is damaged.
    """
    for _, group in groupby(lifted, key=lambda item: item[0].place):
        frames = list(group)
        source, poses = frames[0][0], [joints for _, _, joints in frames]
        if source.drawing is not None and any(joints is not None and len(joints) for joints in poses):
            yield from draw_source_in_space(source, poses, folder / source.drawing)


def draw_source_in_space(source: SavedSource, poses: list[PoseResult | None], drawing: Path) -> Iterator[None]:
    """Draw one image or video, all of its frames at one scale."""
    points = [joints.keypoints[:MOST_VIEWS] for joints in poses if joints is not None and len(joints)]
    side = max(float(np.ptp(frame, axis=1).max()) for frame in points) * 1.05 or 1.0
    views = max(len(frame) for frame in points)
    path = space_drawing_of(drawing)
    if not source.fps:
        (joints,) = poses
        write_image(path, beside(read_image(drawing), joints, side, views), jpeg_quality=92, note=DRAWING_NOTE)
        yield
        return
    with VideoWriter(path, source.fps, DRAWING_NOTE) as video:
        for image, joints in zip(VideoReader(drawing), poses, strict=False):
            video.write(beside(image, joints, side, views))
            yield


def beside(image: np.ndarray, joints: PoseResult | None, side: float, views: int) -> np.ndarray:
    """Return an image with the poses of a frame on its right, in as much room as ``views`` persons need."""
    from posekit.visualization.space import PAPER, SIDE_PX

    room = np.full((max(image.shape[0], SIDE_PX), image.shape[1] + views * SIDE_PX, 3), PAPER, np.uint8)
    drawn = image if joints is None else joints[:MOST_VIEWS].draw_3d(image, side=side)
    top = (room.shape[0] - drawn.shape[0]) // 2
    room[top : top + drawn.shape[0], : drawn.shape[1]] = drawn
    return room
