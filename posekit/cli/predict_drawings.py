"""The drawings that ``posekit predict`` makes, one file for each image or video."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.media.image_file import write_image
from posekit.media.sources import DRAWING_NOTE, Source
from posekit.media.video import VideoWriter

if TYPE_CHECKING:
    from posekit.inference.pipeline import Frame


def drawing_of(source: Source, folder: Path) -> Path:
    """Return the file of a source's drawing."""
    return folder / f"{source.name}_pose{'.jpg' if source.kind == 'image' else '.mp4'}"


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
