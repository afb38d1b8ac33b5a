"""The predictions for many images as one COCO-like document."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from posekit.inference.journal import Journal, SavedSource
from posekit.inference.lifting import LiftingPredictor
from posekit.inference.results import PoseResult, coco_category
from posekit.media.sources import IMAGE_ROOT

Lifted = tuple[SavedSource, PoseResult, PoseResult | None]


class CocoDocument:
    """Writes images, their persons and the one category, as COCO's files have them, in constant memory.

    The images go to the file at once, the persons to a temporary one until all images are there.

    Args:
        file: file that takes the document.
        metainfo: the set of the predicted keypoints.
        folder: folder of the file; the images' names start there, and ``info.image_root`` notes where it was.
        lifter: keypoint set of a lifter; its joints are named in the category as ``keypoints_3d``.
    """

    def __init__(
        self, file: BinaryIO, metainfo: Mapping[str, Any], folder: Path, lifter: Mapping[str, Any] | None = None
    ) -> None:
        self.file, self.folder = file, folder
        self.persons = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self.num_images = self.num_frames = self.num_persons = 0
        category = coco_category(metainfo)
        if lifter is not None:
            category["keypoints_3d"] = coco_category(lifter)["keypoints"]
        info = {"description": "predictions of posekit predict", IMAGE_ROOT: str(folder.absolute())}
        head = f'{{"info": {json.dumps(info)}, "categories": {json.dumps([category])}, "images": ['
        file.write(head.encode())

    def __enter__(self) -> CocoDocument:
        return self

    def __exit__(self, kind: Any, *error: object) -> None:
        with self.persons:
            if kind is None:
                self.file.write(b'], "annotations": [')
                self.persons.seek(0)
                shutil.copyfileobj(self.persons, self.file)
                self.file.write(b"]}\n")

    def add(self, result: PoseResult, lifted: PoseResult | None = None) -> None:
        """Write an image or frame; the persons of ``lifted``, in the same order, have joints in space."""
        width, height = result.image_size_wh or (0, 0)
        frame = {} if result.frame is None else {"frame_id": result.frame}
        name = relative_name(result.file_name or "", self.folder)
        number = self.num_images + 1
        image = {"id": number, "file_name": name, **frame, "width": width, "height": height}
        write_row(self.file, image, first=not self.num_images)
        self.num_images, self.num_frames = number, self.num_frames + bool(frame)
        for row, person in enumerate(result.to_coco(image_id=number, first_id=self.num_persons + 1)):
            if lifted is not None:
                person["keypoints_3d"] = lifted.coco_3d(row)
            write_row(self.persons, person, first=not self.num_persons)
            self.num_persons += 1

    def counts(self) -> str:
        """Return the numbers of poses and of frames and images in words."""
        parts = (self.num_frames, "frame"), (self.num_images - self.num_frames, "image")
        places = " and ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in parts if count)
        return f"{self.num_persons} pose{'s' * (self.num_persons != 1)} in {places}"


def write_row(file: Any, row: Mapping[str, Any], *, first: bool) -> None:
    file.write(("" if first else ", ").encode() + json.dumps(row, allow_nan=False).encode())


def relative_name(place: str, folder: Path) -> str:
    """Return the path of a file, seen from a folder; as it is where there is none, as for a stream."""
    if not Path(place).exists():
        return place
    try:
        return Path(os.path.relpath(place, folder)).as_posix()
    except ValueError:  # on another drive
        return str(Path(place).absolute())


class LiftedFrames:
    """The results in a journal, each with the lifted one: None without a lifter, and in a source without persons.

    A source is lifted once, however often the frames are read.

    Args:
        journal: holds the results; nothing is added to it any more.
        lifter: adds joints in space; None for none.
    """

    def __init__(self, journal: Journal, lifter: LiftingPredictor | None) -> None:
        self.journal, self.lifter = journal, lifter
        self.joints: dict[int, Sequence[PoseResult | None]] = {}

    def __iter__(self) -> Iterator[Lifted]:
        if self.lifter is None:
            yield from ((source, result, None) for source, result in self.journal.frames())
            return
        for number, (_, group) in enumerate(groupby(self.journal.frames(), key=lambda item: item[0].place)):
            frames = list(group)
            if number not in self.joints:
                results = [result for _, result in frames]
                self.joints[number] = self.lifter.predict(results) if any(map(len, results)) else [None] * len(results)
            for (source, result), joints in zip(frames, self.joints[number], strict=True):
                yield source, result, joints
