"""Tables that pandas wrote to HDF5, read without running what the pickles inside ask for.

pandas has two layouts: ``fixed``, with blocks of columns and the levels of both axes, and ``table``, with one dataset
of compound rows whose columns are named by pickled attributes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from posekit.datasets.readers.pickled_arrays import unpickle

MAX_BYTES = 2**31
"""More than any table of labels; a small file can claim arrays of any size."""

BROKEN = (OSError, KeyError, IndexError, TypeError, AttributeError, RuntimeError, ValueError, StopIteration)
"""What h5py raises on files that are damaged or built otherwise."""


class HdfTable(NamedTuple):
    """Columns, each a text for every header row; rows, each a text for every index column; values (rows, columns)."""

    columns: list[tuple[str, ...]]
    rows: list[tuple[str, ...]]
    values: np.ndarray


def read_hdf_table(path: Path) -> HdfTable:
    """Read the one table of an HDF5 file.

    Raises:
        FileNotFoundError: if the file is not there.
        ModuleNotFoundError: if h5py is not installed.
        ValueError: if it holds no such table.
    """
    import h5py  # pyright: ignore[reportMissingImports]

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file, seen from {Path.cwd()}")
    try:
        with h5py.File(path, "r") as file:
            groups = [item for item in file.values() if "pandas_type" in item.attrs]
            if len(groups) != 1:
                raise ValueError(f"found {len(groups)} tables in it, expected one")
            return _read_rows(groups[0]["table"], path) if "table" in groups[0] else _read_blocks(groups[0])
    except BROKEN as error:
        why = (str(error).splitlines() or ["it is empty"])[-1]
        raise ValueError(f"{path}: no table of labels: {why}; write it again, or give the CSV file") from error


def _read_rows(table: Any, path: Path) -> HdfTable:
    data = _array(table)
    blocks = [name for name in data.dtype.names or () if name.startswith("values_block_")]
    columns = [
        tuple(map(str, column)) for name in blocks for column in unpickle(bytes(table.attrs[f"{name}_kind"]), str(path))
    ]
    values = np.concatenate([data[name].reshape(len(data), -1) for name in blocks], axis=1).astype(np.float64)
    if values.shape[1] != len(columns):
        raise ValueError(f"{values.shape[1]} columns, and names for {len(columns)}")
    return HdfTable(columns, [(text,) for text in _texts(data["index"])], values)


def _read_blocks(group: Any) -> HdfTable:
    columns, rows = _axis(group, "axis0"), _axis(group, "axis1")
    column_of = {column: index for index, column in enumerate(columns)}
    values = np.full((len(rows), len(columns)), np.nan)
    for block in range(int(group.attrs["nblocks"])):
        places = [column_of[column] for column in _axis(group, f"block{block}_items")]
        stored = group[f"block{block}_values"]
        array = _array(stored) if stored.attrs.get("transposed") else _array(stored).T
        if array.shape != (len(rows), len(places)):
            shape = " x ".join(map(str, array.shape))
            raise ValueError(f"block{block}_values of {shape}, for {len(rows)} rows and {len(places)} columns")
        values[:, places] = array
    return HdfTable(columns, rows, values)


def _axis(group: Any, name: str) -> list[tuple[str, ...]]:
    """Return the names along an axis: as they are, or of levels that codes point into, -1 for a missing name."""
    if group.attrs[f"{name}_variety"] not in (b"multi", "multi"):
        return [(text,) for text in _texts(_array(group[name]))]
    levels = []
    for number in range(int(group.attrs[f"{name}_nlevels"])):
        texts, codes = _texts(_array(group[f"{name}_level{number}"])), _array(group[f"{name}_label{number}"])
        if len(codes) and not -1 <= codes.min() <= codes.max() < len(texts):
            raise ValueError(f"{name}: codes {codes.min()} to {codes.max()} of {len(texts)} names")
        levels.append([texts[code] if code >= 0 else "" for code in codes.tolist()])
    return list(zip(*levels, strict=True))


def _texts(values: Iterable[Any]) -> list[str]:
    texts = [value.decode() if isinstance(value, bytes) else value for value in np.asarray(values).tolist()]
    if not all(isinstance(text, (str, int)) for text in texts):
        raise ValueError("names that are neither texts nor whole numbers")
    return list(map(str, texts))


def _array(dataset: Any) -> np.ndarray:
    if dataset.nbytes > MAX_BYTES:
        raise ValueError(f"{dataset.name} claims {dataset.nbytes:,} bytes")
    return dataset[()]
