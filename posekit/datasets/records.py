"""Annotation records as columns of numpy arrays: cheap rows, and nothing for workers to copy."""

from __future__ import annotations

import atexit
import copy
import marshal
import mmap
import multiprocessing.context
import pickle
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np


class Records(Sequence):
    """A read-only sequence of dicts, kept as one column per key.

    A column is a numpy array (one dimension: rows are python numbers; more: rows are read-only views) or one of
    the classes below. Forked workers share the memory; spawned ones map it from a temporary file. A row has only
    the keys it has a value for: what a file lacks, or has as None, is absent. Where it is a list with a value for each
    of several instances, None marks those that lack it.
    ``take`` selects rows without copying a column.
    """

    def __init__(self, columns: Mapping[str, Any], order: np.ndarray | None = None) -> None:
        lengths = {len(column) for column in columns.values() if not isinstance(column, Constant)}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: { {k: len(c) for k, c in columns.items()} }")
        self.columns = dict(columns)
        self.order = np.arange(lengths.pop() if lengths else 0) if order is None else order
        self._prepare()

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Records:
        """Make columns of dicts; a key that some rows lack, or whose values fit no array, keeps plain objects."""
        rows = [{key: value for key, value in row.items() if value is not None} for row in rows]
        keys = dict.fromkeys(key for row in rows for key in row)
        return cls({key: column_of([row.get(key, MISSING) for row in rows]) for key in keys}, np.arange(len(rows)))

    def with_constants(self, values: Mapping[str, Any]) -> Records:
        """Add the same values to every row."""
        return Records({**self.columns, **{key: Constant(value) for key, value in values.items()}}, self.order)

    def take(self, indices: Any) -> Records:
        """Select rows by an index array, a mask or a slice."""
        return Records(self.columns, self.order[indices])

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: int) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        place = self._places[index]
        row = self._constants.copy()
        for key, column in self._columns:
            row[key] = column[place]
        return row if self._complete else {key: value for key, value in row.items() if value is not MISSING}

    def _prepare(self) -> None:
        """Sort out the columns with the same value everywhere, once."""
        self._places = self.order.data  # indexing one gives a python number, and faster than an array
        self._in_files: dict[str, Any] | None = None
        self._constants: dict[str, Any] = {}
        columns: dict[str, Any] = {}
        for key, column in self.columns.items():
            if isinstance(column, np.ndarray):
                column.flags.writeable = False
                if len(column) and _is_constant(column):
                    self._constants[key] = column[0] if column.ndim > 1 else column.item(0)
                else:
                    columns[key] = column if column.ndim > 1 else column.data
            elif isinstance(column, Constant):
                self._constants[key] = column.value
            else:
                columns[key] = column
        self._columns = tuple(columns.items())
        self._complete = not any(getattr(column, "has_gaps", False) for column in columns.values())

    def __getstate__(self) -> dict[str, Any]:
        state = {"columns": self.columns, "order": self.order}
        if multiprocessing.context.get_spawning_popen() is None:
            return state
        if self._in_files is None:  # once for all workers
            folder = Path(tempfile.mkdtemp(prefix="posekit-records-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            self._in_files = {key: _to_files(column, folder, key) for key, column in self.columns.items()}
        return {"columns": self._in_files, "order": self.order}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.columns = {key: _from_files(column) for key, column in state["columns"].items()}
        self.order = state["order"]
        self._prepare()


MISSING = type("Missing", (), {"__reduce__": lambda self: "MISSING"})()


def present(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without the keys whose value is None, or a list of nothing but None."""
    return {key: value for key, value in row.items() if not _is_nothing(value)}


def _is_nothing(value: Any) -> bool:
    return value is None or (type(value) is list and len(value) > 0 and all(item is None for item in value))


class Constant:
    """One value for every row."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getitem__(self, index: int) -> Any:
        return self.value


class Offsets:
    """Where the parts of a buffer begin and end."""

    def __init__(self, starts: np.ndarray) -> None:
        self.starts = np.ascontiguousarray(starts, np.int64)
        self.view = self.starts.data

    @classmethod
    def of_lengths(cls, lengths: Iterable[int]) -> Offsets:
        return cls(np.array([0, *accumulate(lengths)], np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> slice:
        return slice(self.view[index], self.view[index + 1])

    def __reduce__(self) -> tuple[Any, ...]:
        return Offsets, (self.starts,)


class Ragged:
    """Row i is a part of ``values``, as an array or, of python numbers, as a list."""

    def __init__(self, values: np.ndarray, offsets: Offsets, *, as_list: bool = False) -> None:
        values.flags.writeable = False
        self.values, self.offsets, self.as_list = values, offsets, as_list

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, index: int) -> Any:
        row = self.values[self.offsets[index]]
        return row.tolist() if self.as_list else row


class Gather:
    """Row i is ``[values[j] for j in index[i]]``: an array of an array's rows, or a list of a column's."""

    def __init__(self, values: Any, index: np.ndarray, *, as_list: bool = False) -> None:
        self.values, self.index, self.as_list = values, index, as_list

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: int) -> Any:
        if isinstance(self.values, np.ndarray):
            row = self.values[self.index[index]]
            return row.tolist() if self.as_list else row
        return [self.values[place] for place in self.index[index].tolist()]


class Strings:
    """Texts in one buffer; with ``index``, row i is text ``index[i]``, so equal texts are kept once."""

    def __init__(self, texts: Iterable[str], index: np.ndarray | None = None) -> None:
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        self.offsets = Offsets.of_lengths(map(len, encoded))
        self.buffer = b"".join(encoded)
        self.index = Offsets(np.arange(len(encoded)) if index is None else index)

    def __len__(self) -> int:
        return len(self.index.starts)

    def __getitem__(self, index: int) -> str:
        text, starts = self.index.view[index], self.offsets.view
        return self.buffer[starts[text] : starts[text + 1]].decode("utf-8", "surrogatepass")


class Packed:
    """JSON values, each packed to bytes; a row is a ``Lazy`` that unpacks when it is first looked into.

    Rows of None are absent.
    """

    def __init__(self, values: Iterable[Any]) -> None:
        packed = [b"" if value is None else marshal.dumps(value) for value in values]
        self.offsets = Offsets.of_lengths(map(len, packed))
        self.buffer = b"".join(packed)
        self.has_gaps = not all(packed)

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, index: int) -> Any:
        return MISSING if self.has_gaps and not self.has(index) else Lazy(self, index)

    def has(self, index: int) -> bool:
        """Whether the row is there."""
        part = self.offsets[index]
        return part.stop > part.start

    def unpack(self, index: int) -> Any:
        return marshal.loads(self.buffer[self.offsets[index]])  # noqa: S302 - packed by this process


class Lazy:
    """A dict or list of a ``Packed`` column, read where it is used; pickles and copies as the plain value."""

    __slots__ = ("column", "index", "loaded")

    def __init__(self, column: Packed, index: int) -> None:
        self.column = column
        self.index = index
        self.loaded = MISSING

    @property
    def value(self) -> Any:
        if self.loaded is MISSING:
            self.loaded = self.column.unpack(self.index)
        return self.loaded

    def __getattr__(self, name: str) -> Any:
        return getattr(self.value, name)

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __contains__(self, key: object) -> bool:
        return key in self.value

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, Lazy) else other)

    def __repr__(self) -> str:
        return repr(self.value)

    def __reduce__(self) -> tuple[Any, ...]:
        return copy.copy, (self.value,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(self.value, memo)


class PackedGroups:
    """Row i is the list of the packed values of a part, None for what is absent.

    With ``keep`` it is the list of those that the mask keeps and that are there.
    """

    def __init__(self, column: Packed, offsets: Offsets, keep: np.ndarray | None = None) -> None:
        self.column, self.offsets, self.keep = column, offsets, keep

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, index: int) -> list[Any]:
        part = self.offsets[index]
        rows = range(part.start, part.stop)
        if self.keep is None:
            return [self.column.unpack(row) if self.column.has(row) else None for row in rows]
        return [self.column.unpack(row) for row in rows if self.keep[row] and self.column.has(row)]


class Pickled:
    """Python objects in one buffer, so that workers share them; each row is a copy."""

    def __init__(self, values: list[Any]) -> None:
        pickles = [pickle.dumps(value, protocol=5) for value in values]
        self.offsets = Offsets.of_lengths(map(len, pickles))
        self.buffer = b"".join(pickles)
        self.has_gaps = any(value is MISSING for value in values)

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, index: int) -> Any:
        return pickle.loads(self.buffer[self.offsets[index]])  # noqa: S301 - pickled by this process


class Objects:
    """Any python objects; each row is a copy, so that a pipeline cannot change the records."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values
        self.has_gaps = any(value is MISSING for value in values)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> Any:
        value = self.values[index]
        return value if value is MISSING else copy.deepcopy(value)


def column_of(values: list[Any]) -> Any:
    """Choose the column for these values, one per row."""
    first: Any = values[0] if values else None
    kinds = {type(value) for value in values}
    if kinds == {str}:
        return Strings(values)
    if len(kinds) == 1 and isinstance(first, (bool, int, float, np.bool_, np.integer, np.floating)):
        array = np.array(values)
        return array if array.dtype.kind in "biuf" else Objects(values)
    if kinds == {np.ndarray} and len({value.dtype for value in values}) == 1 and first.dtype.kind in "biuf":
        if len({value.shape for value in values}) == 1:
            return np.stack(values)
        if len({value.shape[1:] for value in values}) == 1 and all(value.ndim for value in values):
            return Ragged(np.concatenate(values), Offsets.of_lengths(map(len, values)))
    try:
        return Pickled(values)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
        return Objects(values)


BUFFERED = (Ragged, Gather, Strings, Packed, PackedGroups, Pickled)
"""Columns that hold arrays and bytes, which can lie in files."""


def _is_constant(column: np.ndarray) -> bool:
    small = column[0].size <= 4
    return bool(small and (column == column[0]).all())


class _File:
    """A column's buffer on its way to a spawned worker."""

    def __init__(self, buffer: np.ndarray | bytes, path: Path) -> None:
        self.path, self.is_bytes = path, isinstance(buffer, bytes)
        if isinstance(buffer, bytes):
            path.write_bytes(buffer)
        else:
            np.save(path, buffer)

    def load(self) -> Any:
        if not self.is_bytes:
            return np.load(self.path, mmap_mode="r")
        with self.path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _to_files(value: Any, folder: Path, name: str) -> Any:
    """Return a column with its buffers in files; what holds none comes back as it is."""
    if isinstance(value, np.ndarray):
        return _File(value, folder / f"{name}.npy") if value.size else value
    if isinstance(value, bytes):
        return _File(value, folder / f"{name}.bin") if value else value
    if not isinstance(value, BUFFERED):
        return value
    moved = copy.copy(value)
    vars(moved).update({key: _to_files(part, folder, f"{name}.{key}") for key, part in vars(value).items()})
    return moved


def _from_files(value: Any) -> Any:
    if isinstance(value, _File):
        return value.load()
    if isinstance(value, BUFFERED):
        vars(value).update({key: _from_files(part) for key, part in vars(value).items()})
    return value
