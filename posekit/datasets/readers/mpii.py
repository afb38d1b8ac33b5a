"""MPII's lists of persons, and MPII-TRB's COCO files."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import numpy as np

from posekit.datasets.readers.annotation_file import Problems, is_id, number_row_problem
from posekit.datasets.readers.coco import AnnotationFile, CocoFormat, CocoReader
from posekit.datasets.readers.images import Images
from posekit.files import read_json

HEAD_SHARE = 0.6
"""Head size relative to the diagonal of the annotated head box (PCKh)."""


class MpiiReader(CocoReader):
    """Reads a JSON list of dicts with image, center, scale, joints and joints_vis.

    Args:
        path: the JSON file.
        folder: folder of the images.
        form: use that the dataset makes of the entries, written in COCO's keys.
        head_file: .mat file of head boxes, for PCKh.
        interval: number that divides the ids of the images to read.
    """

    def __init__(
        self, path: str, folder: str, form: CocoFormat, *, head_file: str | None = None, interval: int = 1
    ) -> None:
        super().__init__(path, folder, form, interval=interval)
        self.head_file = head_file

    def read_file(self, problems: Problems, *, packed: bool = False) -> AnnotationFile:
        entries = read_json(self.path, "annotation file")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ValueError(f"{self.path}: must be a list of dicts, found {type(entries).__name__}")
        sizes = self._head_sizes(len(entries))
        infos, annotations = [], []
        for number, entry in enumerate(entries):
            name = entry.get("image")
            stem = PurePosixPath(name).name.split(".")[0] if isinstance(name, str) else ""
            if not stem.isdecimal():
                problems.add(f"entry {number}", f"image: must be a file named by a number, found {name!r}")
                continue
            infos.append(dict(id=int(stem), file_name=name, width=1, height=1))  # the file has no sizes; none is needed
            annotations.append(_as_coco(entry, number, int(stem)))
            if sizes is not None:
                annotations[-1]["head_size"] = [float(sizes[number])]
        return AnnotationFile(Images.read(infos, self.folder, problems, interval=self.interval), annotations)

    def _head_sizes(self, count: int) -> np.ndarray | None:
        if not self.head_file:
            return None
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError

        try:
            boxes = loadmat(self.head_file).get("headboxes_src", np.zeros(0))
        except FileNotFoundError:
            raise
        except (MatReadError, OSError, ValueError, TypeError, NotImplementedError) as error:
            raise ValueError(f"{self.head_file}: not readable as a .mat file ({error}); is it whole?") from error
        if boxes.dtype.kind not in "uif" or boxes.shape[:2] != (2, 2):
            raise ValueError(f"{self.head_file}: headboxes_src must hold numbers (2, 2, N), as MPII's own file does")
        if boxes.shape != (2, 2, count):
            raise ValueError(f"{self.head_file}: {boxes.shape[-1]} head boxes for {count} annotations; wrong split?")
        return HEAD_SHARE * np.linalg.norm(boxes[1] - boxes[0], axis=0)


def _as_coco(entry: dict[str, Any], number: int, image_id: int) -> dict[str, Any]:
    """Write an entry in COCO's keys; what does not fit stays as it is, for parsing to name."""
    joints, visible = entry.get("joints"), entry.get("joints_vis")
    points: Any = joints
    if isinstance(joints, list) and isinstance(visible, list) and len(joints) == len(visible):
        points = [
            value
            for joint, seen in zip(joints, visible, strict=True)
            for value in (*(joint if isinstance(joint, list) else [joint]), seen)
        ]
    center: Any = entry.get("center")
    scale: Any = entry.get("scale")
    if isinstance(center, list) and number_row_problem([*center, scale], 3) is None:
        # The box reaches 15 units of scale lower than annotated, to take in the feet; centres count from 1.
        lower = 15 * scale if center[0] != -1 else 0
        center = [center[0] - 1, center[1] + lower - 1]
    return dict(id=number, image_id=image_id, keypoints=points, center=center, scale=scale, category_id=1)


class TrbReader(CocoReader):
    """Reads MPII-TRB's COCO file, whose instances are in the order of their ids."""

    def read_file(self, problems: Problems, *, packed: bool = False) -> AnnotationFile:
        images, annotations, categories = super().read_file(problems, packed=packed)
        annotations = sorted(annotations, key=lambda ann: ann["id"] if is_id(ann.get("id")) else 0)
        images = images.ordered(ann["image_id"] for ann in annotations if is_id(ann.get("image_id")))
        return AnnotationFile(images, annotations, categories)
