"""The Arrow tables of a batch job: images between its stages, and the poses that are written.

Every table has a row for each image. ``shard`` and ``row`` tell its place in the job. A last row of each shard, with
``end``, says that all its images came before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.array import plain
from posekit.batch.shard_images import ShardImage
from posekit.inference.results import PoseResult

if TYPE_CHECKING:
    import pyarrow as pa

ROW = ("shard", "row", "end", "error", "image", "frame", "time")
"""Columns that go through all stages."""

POSES = ("keypoints", "scores", "visible", "boxes", "box_scores")
"""Columns that are named and shaped as the attributes of ``PoseResult``, in each row the persons of its image."""


def row_fields() -> list[Any]:
    import pyarrow as pa

    types = (pa.int64(), pa.int64(), pa.bool_(), pa.string(), pa.string(), pa.int64(), pa.float64())
    sides = [("width", pa.int32()), ("height", pa.int32())]
    return [*zip(ROW, types, strict=True), *sides]


def image_schema() -> pa.Schema:
    """Return the columns of images; ``found`` are boxes and scores (N, 5) as bytes of float64."""
    import pyarrow as pa

    return pa.schema([*row_fields(), ("pixels", pa.large_binary()), ("found", pa.binary())])


def pose_schema() -> pa.Schema:
    """Return the columns of poses."""
    import pyarrow as pa

    person = pa.list_(pa.float32())
    types = (pa.list_(pa.list_(person)), pa.list_(person), pa.list_(person), pa.list_(person), person)
    return pa.schema([*row_fields(), *zip(POSES, types, strict=True)])


def image_table(images: Sequence[ShardImage], shard: int, first: int, *, end: bool) -> pa.Table:
    """Return the table of some images of a shard; ``first`` is the row of the first."""
    import pyarrow as pa

    rows = [
        {
            "shard": shard, "row": first + number, "end": False, "error": item.error, "image": item.image,
            "frame": item.frame, "time": item.time, **pixel_cells(item.pixels),
        }
        for number, item in enumerate(images)
    ]  # fmt: skip
    if end:
        rows.append({"shard": shard, "row": first + len(images), "end": True})
    return pa.Table.from_pylist(rows, image_schema())


def pixel_cells(pixels: np.ndarray | None) -> dict[str, Any]:
    if pixels is None:
        return {}
    return {"width": pixels.shape[1], "height": pixels.shape[0], "pixels": np.ascontiguousarray(pixels).data.cast("B")}


def pixels_of(table: pa.Table) -> list[np.ndarray | None]:
    """Return the images (H, W, 3) of a table, uint8, BGR; None where there is none. They are not copied."""
    shapes = zip(table["height"].to_pylist(), table["width"].to_pylist(), strict=True)
    return [
        np.frombuffer(value.as_buffer(), np.uint8).reshape(*shape, 3) if value.is_valid else None
        for value, shape in zip(table["pixels"], shapes, strict=True)
    ]


def found_of(table: pa.Table) -> list[tuple[np.ndarray, np.ndarray] | None]:
    """Return boxes (N, 4) and scores (N,) of each image; None where nobody was looked for."""
    columns = (None if value is None else np.frombuffer(value).reshape(-1, 5) for value in table["found"].to_pylist())
    return [None if column is None else (column[:, :4], column[:, 4]) for column in columns]


def with_found(table: pa.Table, boxes: Sequence[tuple[np.ndarray, np.ndarray] | None]) -> pa.Table:
    """Return a table of images with the boxes that were found in each."""
    import pyarrow as pa

    cells = [None if pair is None else np.column_stack(pair).astype(np.float64).tobytes() for pair in boxes]
    return table.set_column(table.schema.get_field_index("found"), "found", pa.array(cells, pa.binary()))


def pose_table(table: pa.Table, results: Sequence[PoseResult | None], errors: Sequence[str | None]) -> pa.Table:
    """Return the poses of a table of images, or why there are none."""
    import pyarrow as pa

    cells = [None if result is None else pose_cells(result) for result in results]
    columns: dict[str, Any] = {name: table[name] for name, _ in row_fields()}
    columns["error"] = pa.array(errors, pa.string())
    schema = pose_schema()
    for name in POSES:
        columns[name] = pa.array([None if cell is None else cell[name] for cell in cells], schema.field(name).type)
    return pa.table(columns, schema)


def pose_cells(result: PoseResult) -> dict[str, Any]:
    return {name: None if (value := getattr(result, name)) is None else plain(value) for name in POSES}


def result_of(row: Mapping[str, Any], skeleton: Mapping[str, Any]) -> PoseResult:
    """Return the poses of a row that was written."""
    count = len(skeleton["keypoint_id2name"])
    arrays = {name: None if row[name] is None else np.array(row[name], np.float32) for name in POSES}
    if not row["keypoints"]:
        shapes = {"keypoints": (0, count, 2), "scores": (0, count), "visible": (0, count), "boxes": (0, 4)}
        arrays = {
            name: None if value is None else value.reshape(shapes.get(name, (0,))) for name, value in arrays.items()
        }
    keypoints, scores = arrays.pop("keypoints"), arrays.pop("scores")
    assert keypoints is not None
    assert scores is not None
    size, place = (row["width"], row["height"]), (row["image"], row["frame"], row["time"])
    named = dict(zip(("file_name", "frame", "time"), place, strict=True))
    return PoseResult(keypoints, scores, skeleton, size, **arrays, **named)
