"""The column of a Parquet table that holds images, paths or URLs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from posekit.console import suggestion

NAMES = ("image", "url", "image_url", "path", "image_path", "file_name")
"""Columns that are looked for, in order."""

ROWS_AT_ONCE = 32


class Cell(NamedTuple):
    """An image of a table: its name, and its bytes or the path or URL where it is."""

    name: str
    data: bytes | None
    place: str | None


def image_column(path: str, column: str | None) -> tuple[str, int]:
    """Return the column of images, and the number of rows.

    Raises:
        ValueError: if the file is no Parquet, or has no such column of texts, bytes or images.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: cannot be read as Parquet ({str(error).splitlines()[0]})") from error
    wanted = [column] if column else [name for name in NAMES if name in schema.names]
    if not wanted or wanted[0] not in schema.names:
        which = f"'{column}'" if column else f"of images ({', '.join(NAMES)})"
        known = suggestion(column, schema.names, otherwise="it has")
        raise ValueError(f"{path}: has no column {which}; name it with --column: {known}")
    kind = schema.field(wanted[0]).type
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    if not any(is_kind(kind) for is_kind in texts) and not (
        pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0
    ):
        raise ValueError(
            f"{path}: column '{wanted[0]}' holds {kind}; expected paths, URLs, bytes, or structs with bytes"
        )
    return wanted[0], rows


def cells_of(path: str, column: str, start: int, count: int) -> Iterator[Cell]:
    """Yield ``count`` images of a table from row ``start`` on."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        first, groups = 0, []
        skipped = 0
        for group in range(file.metadata.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if first + rows > start and first < start + count:
                groups.append(group)
            elif first + rows <= start:
                skipped += rows
            first += rows
        row = skipped
        for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=groups, columns=[column]):
            for value in batch.column(0):
                if start <= row < start + count:
                    yield cell_of(value.as_py(), path, row)
                row += 1


def cell_of(value: Any, path: str, row: int) -> Cell:
    """Return the image that a cell means; paths are relative to the table."""
    name, data, place = f"{path}#{row}", None, None
    if isinstance(value, dict):
        data, place = value.get("bytes"), value.get("path")
        name = place or name
    elif isinstance(value, bytes):
        data = value
    elif isinstance(value, str):
        name = place = value
    if data is None and place and "://" not in place:
        place = str(Path(path).parent / place)
    return Cell(name, data, place)
