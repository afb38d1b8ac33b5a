"""The boxes that ``posekit predict`` is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posekit.files import read_json

EXPECTED = 'expected {"a.jpg": [[x1, y1, x2, y2], ...]} or a COCO file with images and annotations'


def boxes_from(texts: Sequence[str], path: Path | None) -> Callable[[Path], np.ndarray | None]:
    """Return a function from an image's path to its boxes (N, 4) xyxy, None for the whole image.

    Raises:
        ValueError: if both kinds are given, or something is no box.
    """
    if texts and path is not None:
        raise ValueError("give --boxes or --boxes-file, not both")
    if texts:
        fixed = np.array([parse_box(text) for text in texts])
        return lambda image: fixed
    if path is None:
        return lambda image: None
    table = read_boxes(path)

    by_name = {Path(key).name: boxes for key, boxes in table.items()}

    def look_up(image: Path) -> np.ndarray:
        boxes = table.get(str(image), by_name.get(image.name))
        if boxes is None:
            raise ValueError(f"{image}: {path} has no boxes for it; its keys are paths or file names of images")
        return boxes

    return look_up


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
