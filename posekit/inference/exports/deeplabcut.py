"""Poses as the table that DeepLabCut writes of an analysed video: CSV, or the same as HDF5.

Columns are scorer, individual (where there are several), body part and x, y, likelihood; rows are frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.csv_text import csv_text
from posekit.files import write_atomically
from posekit.inference.results import places_of_persons

if TYPE_CHECKING:
    from posekit.inference.results import PoseResult

SCORER = "posekit"
COORDS = ("x", "y", "likelihood")


def write_deeplabcut(results: Sequence[PoseResult], skeleton: Mapping[str, Any], path: Path) -> None:
    """Write a table as CSV, or as HDF5 if ``path`` ends in .h5.

    Raises:
        ModuleNotFoundError: if HDF5 is asked for, and pandas or tables is not installed.
        ValueError: if the poses are in space, or the file has another ending.
    """
    if path.suffix not in (".csv", ".h5"):
        raise ValueError(f"{path}: DeepLabCut's tables are .csv or .h5 files")
    if any(result.boxes is None and len(result) for result in results):
        raise ValueError("DeepLabCut's tables hold poses in images; these are lifted to space")
    heads, values = table(results, skeleton)
    rows = [place_of(result, number) for number, result in enumerate(results)]
    if path.suffix == ".h5":
        write_hdf(path, heads, rows, values)
        return
    lines: list[list[Any]] = [[name, *(column[level] for column in heads)] for level, name in enumerate(levels(heads))]
    for row, cells in zip(rows, values.tolist(), strict=True):
        lines.append([row, *(None if cell != cell else cell for cell in cells)])
    text = csv_text(lines)
    write_atomically(path, lambda file: file.write(text.encode()))


def table(results: Sequence[PoseResult], skeleton: Mapping[str, Any]) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """Return the heads of the columns and the values (T, columns), NaN where a person is missing."""
    names = [skeleton["keypoint_id2name"][i] for i in range(len(skeleton["keypoint_id2name"]))]
    persons = {key: places for key, places in places_of_persons(results).items() if isinstance(key, int)}
    tracked = any(result.track_ids is not None for result in results)
    animals = [f"individual{key if tracked else key + 1}" for key in persons] if len(persons) > 1 else [None]
    cells = np.full((len(results), len(animals), len(names), 3), np.nan)
    for column, places in enumerate(persons.values()):
        for frame, row in places:
            cells[frame, column, :, :2] = results[frame].keypoints[row, :, :2]
            cells[frame, column, :, 2] = results[frame].scores[row]
    heads = [
        (SCORER, *(() if animal is None else (animal,)), name, coord)
        for animal in animals for name in names for coord in COORDS
    ]  # fmt: skip
    return heads, cells.reshape(len(results), -1)


def levels(heads: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names of the header rows."""
    several = bool(heads) and len(heads[0]) == 4
    return ("scorer", *(("individuals",) if several else ()), "bodyparts", "coords")


def place_of(result: PoseResult, number: int) -> str | int:
    """Return what a row is called: the frame's number, else the image's file."""
    return result.file_name or number if result.frame is None else result.frame


def write_hdf(path: Path, heads: Sequence[tuple[str, ...]], rows: Sequence[Any], values: np.ndarray) -> None:
    import pandas as pd

    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(values, index=list(rows), columns=pd.MultiIndex.from_tuples(list(heads), names=levels(heads)))
    part = path.with_name(f".{path.stem}.part.h5")
    try:
        frame.to_hdf(part, key="df_with_missing", format="table", mode="w")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
