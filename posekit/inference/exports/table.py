"""Poses as a table: one row for each person in each image.

Columns: image, frame, time, person, track_id, score, box_score, box_x1 ... box_y2, and for each keypoint NAME_x,
NAME_y, NAME_z where there is a third coordinate, NAME_score, and NAME_visible of models that tell. A cell is empty
where nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from posekit.csv_text import csv_text

if TYPE_CHECKING:
    from posekit.inference.results import PoseResult

CORNERS = ("box_x1", "box_y1", "box_x2", "box_y2")


class Column(NamedTuple):
    """A column; texts and ints that are not known are None, such floats NaN."""

    name: str
    kind: Literal["text", "int", "float"]
    values: Sequence[Any] | np.ndarray


def table_of(results: Sequence[PoseResult], skeleton: Mapping[str, Any]) -> list[Column]:
    """Return the columns of a table with a row for each person of each image."""

    def each(name: str) -> list[Any]:
        return [getattr(result, name) for result in results for _ in range(len(result))]

    def joined(name: str, *shape: int) -> np.ndarray:
        parts = [getattr(result, name) for result in results]
        filled = [
            np.full((len(result), *shape), np.nan, np.float32) if part is None else np.asarray(part)
            for result, part in zip(results, parts, strict=True)
            if len(result)
        ]
        return np.concatenate(filled) if filled else np.zeros((0, *shape), np.float32)

    ids = [[None] * len(result) if result.track_ids is None else result.track_ids.tolist() for result in results]
    boxes = joined("boxes", 4)
    scores = joined("scores", len(skeleton["keypoint_id2name"]))
    return [
        Column("image", "text", each("file_name")),
        Column("frame", "int", each("frame")),
        Column("time", "float", np.array(each("time"), np.float64)),
        Column("person", "int", [row for result in results for row in range(len(result))]),
        Column("track_id", "int", [identity for column in ids for identity in column]),
        Column("score", "float", scores.mean(1)),
        Column("box_score", "float", joined("box_scores")),
        *(Column(name, "float", boxes[:, i]) for i, name in enumerate(CORNERS)),
        *keypoint_columns(results, skeleton, scores, joined),
    ]


def keypoint_columns(results: Sequence[PoseResult], skeleton: Mapping[str, Any], scores: Any, joined: Any) -> Any:
    """Yield the columns of each keypoint."""
    names = skeleton["keypoint_id2name"]
    axes = max((result.keypoints.shape[-1] for result in results if len(result)), default=2)
    points = joined("keypoints", len(names), axes)
    told = any(result.visible is not None for result in results)
    visible = joined("visible", len(names)) if told else None
    for k in range(len(names)):
        for axis in range(axes):
            yield Column(f"{names[k]}_{'xyz'[axis]}", "float", points[:, k, axis])
        yield Column(f"{names[k]}_score", "float", scores[:, k])
        if visible is not None:
            yield Column(f"{names[k]}_visible", "float", visible[:, k])


def to_csv(table: Sequence[Column]) -> str:
    """Return a table as CSV; texts that a spreadsheet would take for a formula begin with an apostrophe."""
    columns = ([cell(value) for value in column.values] for column in table)
    return csv_text([[column.name for column in table], *zip(*columns, strict=True)])


def cell(value: Any) -> Any:
    """Return what stands in a cell: nothing where nothing is known."""
    return None if value is None or value != value else value


def to_dataframe(table: Sequence[Column]) -> Any:
    """Return a table as pandas has it.

    Raises:
        ModuleNotFoundError: if pandas is not installed.
    """
    import pandas as pd

    dtypes = {"text": "object", "int": "Int64"}
    series = {
        column.name: pd.Series(column.values, dtype=dtypes.get(column.kind))  # pyright: ignore[reportArgumentType, reportCallIssue]
        for column in table
    }
    return pd.DataFrame(series)


def write_parquet(table: Sequence[Column], file: Any) -> None:
    """Write a table to an open binary file as Parquet; what is not known is null.

    Raises:
        ModuleNotFoundError: if pyarrow is not installed.
    """
    import pyarrow as pa
    from pyarrow import parquet

    types = {"text": pa.string(), "int": pa.int64()}
    arrays = {
        column.name: pa.array(column.values, type=types.get(column.kind), from_pandas=column.kind == "float")
        for column in table
    }
    parquet.write_table(pa.table(arrays), file)
