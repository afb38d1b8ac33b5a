"""Attributes of the instances (persons, hands, animals ...) of one image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.array import Array, is_array, is_sequence, is_tensor, to_numpy
from posekit.structures.data_element import DataElement, describe

if TYPE_CHECKING:
    from typing import Self


class InstanceData(DataElement):
    """Attributes of N instances: every value has the length N.

    Values are numpy arrays, torch tensors, lists or tuples. ``data[index]`` takes an
    integer (which keeps the instance axis), a slice, a boolean mask or an array of indices
    and returns another InstanceData; ``data["name"]`` returns one attribute.

    Raises:
        ValueError: when an attribute is set whose length is not N.
    """

    def _accepted(self, name: str, value: Any) -> Any:
        count = _count(value)
        if count is None:
            raise ValueError(
                f"InstanceData.{name}: got {describe(value)}; give an array, a tensor or a list "
                "with one entry per instance"
            )
        present = _count(next(iter(self._values.values()), value))
        if count != present and list(self._values) != [name]:
            raise ValueError(
                f"InstanceData.{name}: {count} entries where the other attributes have {present}; "
                "all attributes need one entry per instance"
            )
        return value

    def __len__(self) -> int:
        return len(next(iter(self._values.values()))) if self._values else 0

    def __iter__(self) -> Iterator[Self]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, str):
            return getattr(self, index)
        chosen = self._resolve(index)
        return self.map(lambda value: _take(value, chosen))

    def _resolve(self, index: Any) -> slice | Array:
        """Return ``index`` as a slice or as a checked array of integers."""
        if isinstance(index, (int, np.integer)):
            number: Any = index  # pyright: ignore[reportUnknownVariableType]
            position = int(number) + len(self) if number < 0 else int(number)
            if not 0 <= position < len(self):
                raise IndexError(f"InstanceData[{index}]: there are {len(self)} instances")
            return slice(position, position + 1)
        if isinstance(index, slice):
            # Tensors know no negative steps.
            start, stop, step = index.indices(len(self))
            most = max(len(self), 1)
            step = min(max(step, -most), most)  # neither numpy nor torch counts beyond 64 bits
            return slice(start, stop, step) if step > 0 else np.arange(start, stop, step)
        array: Array = index if is_tensor(index) else np.asarray(index)
        if array.ndim != 1:
            raise IndexError(f"InstanceData[...]: an index array has one axis, this one has {array.ndim}")
        if "bool" not in str(array.dtype):
            return array if len(array) else to_numpy(array).astype(np.int64)
        if len(array) != len(self):
            raise IndexError(f"InstanceData[mask]: the mask has {len(array)} entries for {len(self)} instances")
        return array.nonzero()[:, 0] if is_tensor(array) else np.nonzero(array)[0]

    @classmethod
    def cat(cls, parts: Sequence[InstanceData]) -> InstanceData:
        """Join the instances of several elements that hold the same attributes; metainfo comes from the first.

        Raises:
            ValueError: if there is nothing to join or the attributes differ.
        """
        if not parts:
            raise ValueError("InstanceData.cat: the list is empty; give at least one InstanceData")
        names = parts[0].keys()
        for part in parts[1:]:
            if set(part.keys()) != set(names):
                raise ValueError(
                    f"InstanceData.cat: one part holds {sorted(names)}, another {sorted(part.keys())}; "
                    "all parts need the same attributes"
                )
        joined = {name: _join([part[name] for part in parts]) for name in names}
        return cls(metainfo=parts[0].metainfo, **joined)


def _count(value: Any) -> int | None:
    """Return the number of entries, or None for what has none; samples are packed by the million, and ``len`` of a
    tensor costs three times its ``shape``."""
    if is_array(value):
        return value.shape[0] if value.ndim else None
    return len(value) if is_sequence(value) else None


def _take(value: Any, index: slice | Array) -> Any:
    if is_sequence(value):
        items: list[Any] = list(value)
        taken = items[index] if isinstance(index, slice) else [items[int(i)] for i in index]
        return type(value)(taken)
    if isinstance(index, slice):
        return value[index]
    if is_tensor(value):
        import torch

        rows = index if is_tensor(index) else np.array(index)
        return value[torch.as_tensor(rows, device=value.device)]
    return value[to_numpy(index)]


def _join(values: list[Any]) -> Any:
    if is_tensor(values[0]):
        import torch

        return torch.cat(values)
    if isinstance(values[0], np.ndarray):
        return np.concatenate(values)
    return type(values[0])(item for value in values for item in value)
