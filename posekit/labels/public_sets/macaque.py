"""MacaquePose as handed out: annotations.csv with a row for each image (name, keypoints and outlines as JSON)."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import tracked
from posekit.labels.image_files import find_folder
from posekit.labels.keypoint_data import Hints, Instance, KeypointData, LabelledImage
from posekit.labels.place import FoundText, Place, read_text
from posekit.labels.public_sets.public_set import category_of, extent, found_files, public_format


def read(source: Path, hints: Hints) -> KeypointData:
    """Read an annotations.csv, or that of a folder; an animal that something covers has several outlines.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: naming the first row that is not as it must be.
    """
    path = source if source.is_file() else found_files(source, "annotations.csv", "MacaquePose")[0]
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    category = category_of("macaque", "macaque")
    try:
        rows = list(csv.reader(io.StringIO(read_text(path), newline="")))[1:]
    except csv.Error as error:
        raise ValueError(f"{path}: no valid CSV: {error}; download it again") from error
    images = []
    for number, row in enumerate(tracked(rows, "reading"), 2):
        where = Place(path, f"row {number}")
        if len(row) < 3:
            raise where.wrong(FoundText(f"{len(row)} cells"), "3: name, keypoints, outlines")
        animals, outlines = (
            _parsed(where.at(what), cell) for what, cell in (("keypoints", row[1]), ("outlines", row[2]))
        )
        if len(animals) != len(outlines):
            raise where.wrong(FoundText(f"{len(animals)} animals and {len(outlines)} outlines"), "as many of both")
        instances = [
            _instance(where, points, outline, len(category.keypoints))
            for points, outline in zip(animals, outlines, strict=True)
        ]
        images.append(LabelledImage(Path(where.text(row[0])), instances))
    folder = find_folder([str(image.path) for image in images], path.parent, hints.images)
    for image in images:
        image.path = folder / image.path
    return KeypointData([category], images)


def _parsed(place: Place, cell: str) -> list[Any]:
    try:
        return place.list(json.loads(cell))
    except json.JSONDecodeError as error:
        raise place.wrong(cell, f"JSON ({error.msg})", "download the file again") from error


def _instance(place: Place, points: Any, outline: Any, count: int) -> Instance:
    spots = [place.dict(spot).get("position") for spot in place.list(points)]
    if len(spots) != count:
        raise place.wrong(FoundText(f"{len(spots)} keypoints"), str(count))
    keypoints = np.array([[0, 0, 0] if spot is None else [*place.numbers(spot, 2), 2] for spot in spots], np.float64)
    outlines = [place.list(place.get(part, "segment")) for part in place.list(outline)]
    parts = [np.array([place.numbers(corner, 2) for corner in corners]) for corners in outlines if corners]
    if not parts:  # a box is made around the keypoints then
        return Instance(keypoints)
    return Instance(
        keypoints,
        box=extent(np.concatenate(parts), 1.0),
        area=sum(map(_area, parts)),
        segmentation=[corners.reshape(-1).tolist() for corners in parts],
    )


def _area(corners: np.ndarray) -> float:
    x, y = corners.T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


FORMAT = public_format("macaque", "MacaquePose", read)
