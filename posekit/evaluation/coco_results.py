"""Predicted poses from a results file in COCO's format."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from posekit.datasets.readers.annotation_file import INFINITE, dicts_under
from posekit.files import read_json
from posekit.keypoints.oks import FoundPoses

REQUIRED = ("image_id", "keypoints", "score")


def read_results(
    path: str | Path,
    num_keypoints: int,
    images: Iterable[Any],
    categories: Iterable[Any] = (),
    image_names: Mapping[str, Any] | None = None,
) -> FoundPoses:
    """Read a results file: a list of ``{"image_id", "category_id", "keypoints", "score"}``, maybe with ``"bbox"``.

    The ``predictions.json`` of ``posekit predict`` is read as well; its images are matched by name. A prediction's
    area is that of its box, else of the box around its keypoints, as pycocotools has it.

    Args:
        path: the JSON file.
        num_keypoints: number of keypoints that a prediction must have.
        images: ids of the images that the labels are of.
        categories: ids of the categories that the labels may have; unknown if there are none.
        image_names: the id of each image that the labels are of, by its file name.

    Raises:
        ValueError: if the file is no such list, or a row is wrong; the message names the row.
    """
    rows = read_json(path, "results file")
    if isinstance(rows, dict) and {"images", "annotations"} <= rows.keys():
        rows = matched_by_name(rows, str(path), image_names or {}, list(categories))
    if not isinstance(rows, list):
        raise ValueError(
            f"{path}: a results file is a list of predictions, found a {type(rows).__name__}; "
            "CocoMetric(outfile_prefix=...) writes one"
        )
    known = set(images), set(categories)
    for number, row in enumerate(rows):
        if problem := problem_of(row, num_keypoints, *known):
            raise ValueError(f"{path}: prediction {number} {problem}")
    keypoints = np.array([row["keypoints"] for row in rows], np.float64).reshape(-1, num_keypoints, 3)[..., :2]
    return FoundPoses(
        image=np.array([row["image_id"] for row in rows]),
        category=np.array([row.get("category_id", 1) for row in rows]),
        keypoints=keypoints,
        score=np.array([row["score"] for row in rows], np.float64),
        area=np.array([area_of(row, points) for row, points in zip(rows, keypoints, strict=True)], np.float64),
    )


def matched_by_name(
    document: dict[str, Any], path: str, image_names: Mapping[str, Any], categories: Sequence[Any]
) -> list[dict[str, Any]]:
    """Return the predictions of a document of images and annotations, with the labels' ids of images and categories.

    An image is the labels' image of the same path, else that of the longest path in which its own ends, else the only
    one of the same file name. Those that the labels do not list are left out.

    Raises:
        ValueError: if no image is one of the labels', or two are the same one.
    """
    matches: dict[Any, Any] = {}
    namesakes: dict[str, list[str]] = {}
    for known in image_names:
        namesakes.setdefault(PurePath(known).name, []).append(known)
    for image in dicts_under(document, "images", path):
        name = str(image.get("file_name"))
        known = name if name in image_names else same_image(name, namesakes.get(PurePath(name).name, []))
        if known is not None:
            matches[image.get("id")] = image_names[known]
    if not matches:
        raise ValueError(
            f"{path}: no image has the name of one that the annotation file lists; do the two belong together?"
        )
    if len(set(matches.values())) < len(matches):
        raise ValueError(f"{path}: several images have the name of one and the same labelled image; predict it once")
    only = categories[0] if len(categories) == 1 else None
    return [
        {**row, "image_id": matches[row.get("image_id")], **({} if only is None else {"category_id": only})}
        for row in dicts_under(document, "annotations", path)
        if row.get("image_id") in matches
    ]


def same_image(name: str, namesakes: Sequence[str]) -> str | None:
    """Return which of some paths of one file name means the image; None if none or more than one can."""
    parts = PurePath(name).parts
    ends = [
        known for known in namesakes if "/" in known and parts[-len(PurePath(known).parts) :] == PurePath(known).parts
    ]
    if ends:
        return max(ends, key=len)
    return namesakes[0] if len(namesakes) == 1 else None


def problem_of(row: Any, num_keypoints: int, images: set[Any], categories: set[Any]) -> str:
    """Return what is wrong with a row, ``""`` if nothing is."""
    if not isinstance(row, dict):
        return f"is a {type(row).__name__}, not a dict"
    missing = [key for key in REQUIRED if key not in row]
    if missing:
        return f"has no {' and no '.join(missing)}"
    if not is_numbers(row["keypoints"], 3 * num_keypoints):
        count = len(row["keypoints"]) if isinstance(row["keypoints"], list) else "no list of"
        return f"has {count} numbers in keypoints; {num_keypoints} keypoints have {3 * num_keypoints}: x, y, score"
    if not is_numbers([row["score"]], 1):
        return f"has the score {row['score']!r}, which is no number"
    if "bbox" in row and not is_numbers(row["bbox"], 4):
        return f"has the bbox {row['bbox']!r}; it must be four numbers: x, y, width, height"
    numbers = [*row["keypoints"], row["score"], *row.get("bbox", ())]
    if not (max(numbers) < INFINITE and min(numbers) > -INFINITE and not math.isnan(sum(numbers))):
        return "has a number that is NaN or infinite"
    image = row["image_id"]
    if not isinstance(image, (int, str)) or image not in images:
        return f"is of image {image!r}, which the annotation file does not list; do the two files belong together?"
    category = row.get("category_id", 1)
    if not isinstance(category, (int, str)):
        return f"has the category_id {category!r}; it must be a whole number or a text"
    if categories and "category_id" in row and category not in categories:
        few = ", ".join(map(repr, sorted(categories, key=str)[:6]))
        return f"is of category {category!r}, which the annotation file does not have; it has {few}"
    return ""


def is_numbers(values: Any, count: int) -> bool:
    """Whether ``values`` is a list of ``count`` numbers."""
    return isinstance(values, list) and len(values) == count and all(isinstance(v, (int, float)) for v in values)


def area_of(row: dict[str, Any], points: np.ndarray) -> float:
    if "bbox" in row:
        return float(row["bbox"][2] * row["bbox"][3])
    return float(np.ptp(points, axis=0).prod())
