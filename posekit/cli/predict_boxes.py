"""The boxes that ``posekit predict`` is given."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def boxes_from(texts: Sequence[str], path: Path | None) -> Callable[[Path], np.ndarray | None]:
    """Return a function from a picture's path to its boxes (N, 4) xyxy, None for the whole picture.

    Raises:
        ValueError: if both kinds are given, or something is no box.
    """
    if texts and path is not None:
        raise ValueError("give --boxes or --boxes-file, not both")
    if texts:
        fixed = np.array([parse_box(text) for text in texts])
        return lambda picture: fixed
    if path is None:
        return lambda picture: None
    table = read_boxes(path)

    by_name = {Path(key).name: boxes for key, boxes in table.items()}

    def look_up(picture: Path) -> np.ndarray:
        boxes = table.get(str(picture), by_name.get(picture.name))
        if boxes is None:
            raise ValueError(f"{picture}: {path} has no boxes for it; its keys are paths or file names of pictures")
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
    """Read boxes by picture from JSON, our own simple form or COCO annotations.

    Raises:
        ValueError: if the file is neither.
    """
    expected = 'expected {"a.jpg": [[x1, y1, x2, y2], ...]} or a COCO file with images and annotations'
    try:
        content = json.loads(path.read_bytes())
        if isinstance(content, dict) and "annotations" in content:
            return coco_boxes(content)
        return {str(name): np.array(rows, np.float64).reshape(-1, 4) for name, rows in content.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path}: {expected} ({type(error).__name__}: {error})") from error


def coco_boxes(content: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the boxes of COCO annotations as xyxy, by file name."""
    rows: dict[Any, list[list[float]]] = {image["id"]: [] for image in content["images"]}
    for annotation in content["annotations"]:
        x, y, width, height = annotation["bbox"]
        rows[annotation["image_id"]].append([x, y, x + width, y + height])
    return {image["file_name"]: np.array(rows[image["id"]], np.float64).reshape(-1, 4) for image in content["images"]}
