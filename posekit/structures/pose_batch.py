"""A batch of samples as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, cast, overload

import numpy as np

from posekit.array import is_array, is_sequence, is_tensor
from posekit.structures.data_element import DataElement, on_tensors
from posekit.structures.instance_data import InstanceData
from posekit.structures.pose_data_sample import PARTS, PoseDataSample


class Absent(Enum):
    """Stands for what a sample lacks; stays the same object when it is pickled."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


class PoseBatch(Sequence[PoseDataSample]):
    """B samples, held as columns ("part.name" -> values of all samples) and readable one by one.

    Shapes: B batch. Columns of equal shapes are tensors (B, ...), others lists of B values;
    instance labels are (B, N, K, ...), fields (B, C, H, W).

    Args:
        columns: values by "part.name", such as "gt_instance_labels.keypoint_weights"; ``ABSENT`` in a list
            for what a sample lacks.
        metainfos: the meta information of each sample.

    Raises:
        ValueError: if a column has not one value per sample.
    """

    def __init__(self, columns: Mapping[str, Any], metainfos: Iterable[Mapping[str, Any]]) -> None:
        self.metainfos: list[dict[str, Any]] = [dict(info) for info in metainfos]
        self._columns: dict[str, Any] = {}
        self._rows: list[PoseDataSample | None] = [None] * len(self.metainfos)
        for name, values in columns.items():
            self.set_column(name, values)

    @classmethod
    def from_samples(cls, samples: Iterable[PoseDataSample]) -> PoseBatch:
        """Make a batch of samples; a column is stacked when it is first asked for."""
        rows = list(samples)
        batch = cls({}, [sample.metainfo for sample in rows])
        batch._rows[:] = rows
        return batch

    def set_column(self, name: str, values: Any) -> None:
        """Add or replace the column "part.name"; ``values`` has one entry per sample, or is a tuple of levels."""
        if "." not in name:
            raise ValueError(f"PoseBatch column '{name}': a column is named 'part.name', such as 'gt_fields.heatmaps'")
        for level in _levels(values):
            if len(level) != len(self):
                raise ValueError(f"PoseBatch column '{name}': {len(level)} entries for {len(self)} samples")
        self._columns[name] = values
        for index, row in enumerate(self._rows):
            if row is not None:
                _place(row, name, values, index)

    def keys(self) -> list[str]:
        """The names of all columns: what each sample has."""
        return [name for name, count in self._counts().items() if count == len(self)]

    def partial_keys(self) -> list[str]:
        """The names of what some samples have and others lack; batches of several datasets have such values."""
        return [name for name, count in self._counts().items() if count < len(self)]

    def _counts(self) -> dict[str, int]:
        """Return how many samples have each value."""
        counts: Counter[str] = Counter()
        for row in self._rows:
            for part, value in row.items() if row is not None else ():
                if isinstance(value, DataElement):
                    counts.update(f"{part}.{name}" for name, _ in value.items())
        lengths = {name: len(self) - len(_gaps(values)) for name, values in self._columns.items()}
        return {**counts, **lengths}

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def entries(self, name: str) -> list[Any]:
        """Return the value "part.name" of each sample, ``ABSENT`` where it has none."""
        part, _, key = name.partition(".")
        return [row[part][key] if key in row.get(part, ()) else ABSENT for row in self]

    def column(self, name: str) -> Any:
        """Return a column as a tensor (B, ...), or as a list where shapes differ or values are no arrays.

        Maps at several levels come as a tuple with one tensor per level; "metainfo.name" is a list.

        Raises:
            KeyError: if some sample has no such value.
        """
        if name not in self._columns or _gaps(self._columns[name]):
            part, _, key = name.partition(".")
            try:
                if part == "metainfo":
                    return [info[key] for info in self.metainfos]
                self._columns[name] = _stack([row[part][key] for row in self])
            except (KeyError, AttributeError) as error:
                known = ", ".join(self.keys()) or "none"
                raise KeyError(f"PoseBatch has no column '{name}'; columns: {known}") from error
        return self._columns[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the column ``name``, or ``default`` where there is none."""
        try:
            return self.column(name)
        except KeyError:
            return default

    def __getstate__(self) -> dict[str, Any]:
        columns = {name: _packed(values) for name, values in self._columns.items()}
        return {**self.__dict__, "_columns": columns}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._columns = {name: _unpacked(values) for name, values in self._columns.items()}

    def __len__(self) -> int:
        return len(self.metainfos)

    @overload
    def __getitem__(self, index: int) -> PoseDataSample: ...
    @overload
    def __getitem__(self, index: slice) -> PoseBatch: ...
    def __getitem__(self, index: int | slice) -> PoseDataSample | PoseBatch:
        if isinstance(index, slice):
            return PoseBatch.from_samples(list(self)[index])
        if not -len(self) <= index < len(self):
            raise IndexError(f"PoseBatch[{index}]: there are {len(self)} samples")
        row = self._rows[index]
        if row is None:
            row = self._rows[index] = PoseDataSample(metainfo=self.metainfos[index])
            for name, values in self._columns.items():
                _place(row, name, values, index)
        return row

    def __iter__(self) -> Iterator[PoseDataSample]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return f"PoseBatch({len(self)} samples, columns: {', '.join(self.keys()) or 'none'})"

    def map_tensors(self, function: Callable[[Any], Any]) -> PoseBatch:
        """Return a copy whose tensors went through ``function``."""
        batch = PoseBatch({}, self.metainfos)
        batch._columns = {name: on_tensors(values, function) for name, values in self._columns.items()}
        if all(row is not None for row in self._rows):
            batch._rows = [on_tensors(row, function) for row in self._rows]
        return batch

    def to(self, *args: Any, **kwargs: Any) -> PoseBatch:
        """Return a copy with every tensor moved as ``Tensor.to`` would."""
        return self.map_tensors(lambda tensor: tensor.to(*args, **kwargs))

    def pin_memory(self) -> PoseBatch:
        """Return a copy in page-locked memory; the DataLoader calls this."""
        return self.map_tensors(lambda tensor: tensor.pin_memory())


def _gaps(values: Any) -> list[int]:
    """Return which samples lack a value."""
    if not isinstance(values, list):
        return []
    return [index for index, value in enumerate(cast("list[Any]", values)) if value is ABSENT]


def _levels(values: Any) -> tuple[Any, ...]:
    return values if isinstance(values, tuple) else (values,)  # pyright: ignore[reportUnknownVariableType]


def _place(row: PoseDataSample, name: str, values: Any, index: int) -> None:
    """Set entry ``index`` of the column ``name`` in the sample ``row``."""
    part, _, key = name.partition(".")
    several = values is _levels(values)
    if not several and values[index] is ABSENT:
        return
    if part not in row:
        kinds = PARTS.get(part, (InstanceData,))
        setattr(row, part, kinds[-1 if several else 0]())
    setattr(row[part], key, [level[index] for level in values] if several else values[index])


def _stack(values: list[Any]) -> Any:
    """Stack arrays of one shape into a tensor; maps of several levels level by level; else return the list."""
    first: Any = values[0] if values else None
    if is_sequence(first) and first and all(is_array(item) for item in first):
        depth = len(first)
        if any(len(value) != depth for value in values):
            return values
        return tuple(_stack([value[level] for value in values]) for level in range(depth))
    if not is_array(first) or any(not is_array(value) or value.shape != first.shape for value in values):
        return values
    import torch

    if not any(map(is_tensor, values)):
        return torch.as_tensor(np.stack(values))
    return torch.stack([torch.as_tensor(value) for value in values])


SMALL = 2**18
"""Bytes of a column up to which a copy is cheaper than shared memory."""


class _Packed:
    """A small tensor on its way to another process: torch would open a socket for each, 0.4 ms of the receiver's."""

    def __init__(self, array: Any) -> None:
        self.array = array


def _packed(values: Any) -> Any:
    if not is_tensor(values) or values.device.type != "cpu" or values.requires_grad:
        return values
    known_to_numpy = values.dtype.itemsize > 2  # bfloat16 is not
    return _Packed(values.numpy()) if known_to_numpy and values.nbytes <= SMALL else values


def _unpacked(values: Any) -> Any:
    if not isinstance(values, _Packed):
        return values
    import torch

    return torch.as_tensor(values.array)
