"""Poses as posekit's own JSON, which reads back without loss.

A head tells format, units, keypoint set and the types of the arrays; images and persons follow as plain numbers, with
null for NaN.
"""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.array import plain
from posekit.files import read_json

if TYPE_CHECKING:
    from posekit.inference.results import PoseResult

FORMAT = "posekit poses"
VERSION = 1
COLUMNS = ("keypoints", "scores", "visible", "boxes", "box_scores", "track_ids")
NEEDED = ("keypoints", "scores")
WIDTHS = {"boxes": (4,), "box_scores": (), "track_ids": ()}
"""Shape of a person's values in the columns whose shape does not depend on the keypoints."""


def head_of(results: Sequence[PoseResult], skeleton: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is common to the images: format, units, keypoint set, array types."""
    names = skeleton["keypoint_id2name"]
    shown = next((result for result in results if len(result)), results[0] if results else None)
    dtypes = {f"skeleton.{key}": value.dtype for key, value in skeleton.items() if isinstance(value, np.ndarray)}
    for name in COLUMNS:
        columns = [(len(result), getattr(result, name)) for result in results if getattr(result, name) is not None]
        if columns:  # the types of columns without persons count where there are no others
            filled = [column.dtype for count, column in columns if count]
            dtypes[name] = np.result_type(*(filled or [column.dtype for _, column in columns]))
    return {
        "format": FORMAT,
        "version": VERSION,
        "units": units_of(shown),
        "dataset_name": skeleton.get("dataset_name", ""),
        "keypoint_names": [names[i] for i in range(len(names))],
        "skeleton_links": plain(skeleton.get("skeleton_links", [])),
        "skeleton": plain(skeleton),
        "dimensions": 2 if shown is None else shown.keypoints.shape[-1],
        "dtypes": {name: str(dtype) for name, dtype in dtypes.items()},
    }


def units_of(result: PoseResult | None) -> dict[str, Any]:
    """Return the units of the coordinates: of lifted poses, which have no boxes, metres."""
    axes = ["px", "px"]
    if result is not None and result.keypoints.shape[-1] == 3:
        axes = ["m"] * 3 if result.boxes is None else ["px", "px", "mm"]
    return {"keypoints": axes, "boxes": "px", "time": "s"}


def image_of(result: PoseResult) -> dict[str, Any]:
    """Return an image's name, place in its video, size and persons; what is not known is left out."""
    columns = {name: getattr(result, name) for name in COLUMNS if getattr(result, name) is not None}
    place = {name: getattr(result, name) for name in ("file_name", "frame", "time")}
    return {
        **{name: value for name, value in place.items() if value is not None},
        "image_size_wh": None if result.image_size_wh is None else list(result.image_size_wh),
        "persons": [
            {name: null_for_nan(plain(values[row])) for name, values in columns.items()} for row in range(len(result))
        ],
    }


def null_for_nan(value: Any) -> Any:
    """Return nested lists with None in place of NaN, which JSON has no word for."""
    if isinstance(value, list):
        return [null_for_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def dumps(content: Mapping[str, Any]) -> str:
    """Return one line of JSON."""
    return json.dumps(content, allow_nan=False)


@contextmanager
def reading(source: str | Path) -> Iterator[None]:
    """Let errors of damaged poses be ValueErrors that name the file.

    Args:
        source: as for ``read``.
    """
    where = str(source) if isinstance(source, Path) else "JSON of poses"
    try:
        yield
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        if where in str(error):
            raise
        kind = "" if isinstance(error, ValueError) else f"it is damaged: {type(error).__name__}: "
        raise ValueError(f"{where}: {kind}{error}") from error


def read(source: str | Path) -> dict[str, Any]:
    """Parse JSON text, or the file that a ``Path`` names.

    Raises:
        ValueError: if this is not posekit's JSON of poses.
    """
    if isinstance(source, Path):
        content, where = read_json(source, "file of poses"), str(source)
    else:
        where = "JSON of poses"
        try:
            content = json.loads(source)
        except ValueError as error:
            raise ValueError(f"{where}: no valid JSON: {error}; to read a file give a pathlib.Path") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(
            f"{where}: expected an object with 'format': '{FORMAT}', as to_json() and --format json write it; "
            "predictions.json is COCO's form, which posekit track and posekit smooth read"
        )
    if content.get("version") != VERSION:
        raise ValueError(f"{where}: version {content.get('version')}; this posekit reads version {VERSION}")
    if lacking := [key for key in ("skeleton", "dtypes", "dimensions") if key not in content]:
        raise ValueError(f"{where}: has no {' and no '.join(lacking)}; it is damaged: write it again")
    return content


def skeleton_from(head: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keypoint set of a head as it was."""
    skeleton = dict(head["skeleton"])
    skeleton["keypoint_id2name"] = {int(key): name for key, name in skeleton["keypoint_id2name"].items()}
    for name, dtype in head["dtypes"].items():
        key = name.removeprefix("skeleton.")
        if key != name:
            skeleton[key] = np.array(skeleton[key], dtype)
    for key in ("keypoint_colors", "skeleton_link_colors"):  # without entries they keep three columns
        if isinstance(skeleton.get(key), np.ndarray):
            skeleton[key] = skeleton[key].reshape(-1, 3)
    return skeleton


def fields_from(image: Mapping[str, Any], head: Mapping[str, Any], skeleton: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an image's ``PoseResult``.

    Raises:
        ValueError: if the persons have other values than the head tells.
    """
    count, size = len(skeleton["keypoint_id2name"]), image.get("image_size_wh")
    if head["dimensions"] not in (2, 3):
        raise ValueError(f"dimensions are {reprlib.repr(head['dimensions'])}; expected 2 or 3")
    shapes = {"keypoints": (count, head["dimensions"]), "scores": (count,), "visible": (count,), **WIDTHS}
    persons = image.get("persons", [])
    names = COLUMNS if not persons else [name for name in COLUMNS if name in persons[0] or name in NEEDED]
    columns: dict[str, np.ndarray] = {}
    for name in (name for name in names if name in head["dtypes"] or name in NEEDED):
        dtype = head["dtypes"].get(name, "float32")
        try:
            columns[name] = np.array([person[name] for person in persons], dtype).reshape(len(persons), *shapes[name])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{name} of an image's persons are not {len(persons)} times "
                f"{shapes[name]} numbers of type {dtype} ({type(error).__name__}: {error})"
            ) from error
    place = {name: image.get(name) for name in ("file_name", "frame", "time")}
    return {**columns, **place, "skeleton": skeleton, "image_size_wh": None if size is None else tuple(size)}
