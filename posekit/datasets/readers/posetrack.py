"""PoseTrack18's annotations with the length of each frame's video."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from posekit.datasets.readers.annotation_file import Problems, is_id
from posekit.datasets.readers.coco import AnnotationFile, CocoReader


class PoseTrackReader(CocoReader):
    """Reads frames of videos, named by their numbers.

    Attributes:
        frame_counts: number of frames of the video that each image is from, by the image's id; empty until the file
            is read.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.frame_counts: dict[int, int] = {}

    def read_file(self, problems: Problems, *, packed: bool = False) -> AnnotationFile:
        """Read the file.

        Raises:
            ValueError: if a frame's number or the length of its video is missing.
        """
        file = super().read_file(problems, packed=packed)
        for info in file.images.infos:
            stem, count = PurePosixPath(info["file_name"]).stem, info.get("nframes", 0)
            if not stem.isdecimal() or not is_id(count) or count < 1:
                raise ValueError(
                    f"{self.path}: image {info['id']} needs a file named by its frame's number and nframes, the "
                    f"number of frames of its video; found {info['file_name']!r} and nframes {count!r}"
                )
        self.frame_counts = {info["id"]: info["nframes"] for info in file.images.infos}
        return file
