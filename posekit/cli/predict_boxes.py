"""The boxes that ``posekit predict`` is given."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.files import read_json

if TYPE_CHECKING:
    from posekit.media.sources import Source

EXPECTED = 'expected {"a.jpg": [[x1, y1, x2, y2], ...]} or a COCO file with images and annotations'


def boxes_from(texts: Sequence[str], path: Path | None, sources: Sequence[Source]) -> Callable[[Source], Any]:
    """Return a function from a source to the boxes (N, 4) xyxy of its images, None for the whole image.

    Raises:
        ValueError: if both kinds are given, or something is no box.
    """
    if texts and path is not None:
        raise ValueError("give --boxes or --boxes-file, not both")
    if texts:
        fixed = np.array([parse_box(text) for text in texts])
        return lambda source: fixed
    if path is None:
        return lambda source: None
    return BoxesFile(path, [source.place for source in sources])


class BoxesFile:
    """The boxes of images, by their paths.

    Args:
        path: of the file.
        images: all images that boxes are asked for.
    """

    def __init__(self, path: Path, images: Sequence[str]) -> None:
        self.path = path
        self.table = read_boxes(path)
        self.keys_of = grouped(self.table)
        self.images_of = grouped(images)

    def __call__(self, source: Source) -> np.ndarray:
        """Return the boxes of a source's images.

        Raises:
            ValueError: if the file has none for them, or it is not clear which.
        """
        return self.table[self.key_of(source.place)]

    def key_of(self, image: str) -> str:
        """Return the path in the file that means an image.

        That is the image's own path, seen from here or from the file; else the longest one that the image's path ends
        in; else one of the same file name, if there is only one and only one such image.
        """
        name, whole = Path(image).name, Path(image).absolute()
        keys = self.keys_of.get(name, [])
        for root in (Path.cwd(), self.path.absolute().parent):
            for key in keys:
                if normal(root / key) == normal(whole):
                    return key
        ends = [key for key in keys if len(Path(key).parts) > 1 and is_end(Path(key).parts, whole.parts)]
        if ends:
            return max(ends, key=lambda key: len(Path(key).parts))
        if not keys:
            raise ValueError(f"{image}: {self.path} has no boxes for it; its keys are paths or file names of images")
        if len(keys) > 1 or len(self.images_of[name]) > 1:
            raise ValueError(
                f"{image}: it is not clear which boxes of {self.path} are meant: {len(keys)} of its keys and "
                f"{len(self.images_of[name])} of the images are called {name}; write paths in the file, such as "
                f"'{Path(*whole.parts[-2:])}'"
            )
        return keys[0]


def grouped(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return paths by file name."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(Path(path).name, []).append(path)
    return groups


def normal(path: Path) -> str:
    return os.path.normpath(path)


def is_end(end: Sequence[str], parts: Sequence[str]) -> bool:
    return tuple(parts[-len(end) :]) == tuple(end)


def parse_box(text: str) -> list[float]:
    """Read ``x1,y1,x2,y2``.

    Raises:
        ValueError: if these are not four numbers.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or not (numbers[0] < numbers[2] and numbers[1] < numbers[3]):
        raise ValueError(f"--boxes {text}: expected four numbers x1,y1,x2,y2 in pixels with x1 < x2 and y1 < y2")
    return numbers


def read_boxes(path: Path) -> dict[str, np.ndarray]:
    """Read boxes by image from JSON, our own simple form or COCO annotations.

    Raises:
        ValueError: if the file is neither.
    """
    content = read_json(path, "boxes file")
    if not isinstance(content, dict):
        raise ValueError(f"{path}: {EXPECTED}, found a {type(content).__name__}")
    try:
        table = coco_boxes(content) if "annotations" in content else content
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{path}: {EXPECTED}; these annotations are damaged ({type(error).__name__}: {error})"
        ) from error
    return {str(name): box_array(rows, f"{path}: boxes of '{name}'") for name, rows in table.items()}


def box_array(rows: Any, where: str) -> np.ndarray:
    """Return boxes (N, 4).

    Raises:
        ValueError: if they are no lists of four numbers.
    """
    rows = rows if isinstance(rows, list) else [rows]
    for row in rows:
        if not isinstance(row, list) or len(row) != 4 or not all(isinstance(value, (int, float)) for value in row):
            raise ValueError(f"{where}: {EXPECTED}, found {str(row)[:80]}")
    return np.array(rows, np.float64).reshape(-1, 4)


def coco_boxes(content: dict[str, Any]) -> dict[str, list[list[float]]]:
    """Return the boxes of COCO annotations as xyxy, by file name."""
    rows: dict[Any, list[list[float]]] = {image["id"]: [] for image in content["images"]}
    for annotation in content["annotations"]:
        x, y, width, height = annotation["bbox"]
        rows[annotation["image_id"]].append([x, y, x + width, y + height])
    return {image["file_name"]: rows[image["id"]] for image in content["images"]}
