"""Named values with meta information: what all structures have in common."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.array import is_array, is_sequence, is_tensor, to_numpy

if TYPE_CHECKING:
    from typing import Self


class DataElement:
    """Named values, reachable as attributes, with meta information beside them.

    Subclasses decide in ``_accepted`` which values they take.
    """

    _values: dict[str, Any]
    _metainfo: dict[str, Any]

    def __init__(self, *, metainfo: Mapping[str, Any] | None = None, **values: Any) -> None:
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_metainfo", dict(metainfo or {}))
        self.set_data(values)

    @property
    def metainfo(self) -> dict[str, Any]:
        """What is known about the image as a whole; change it with ``set_metainfo``."""
        return dict(self._metainfo)

    def set_metainfo(self, metainfo: Mapping[str, Any]) -> None:
        self._metainfo.update(metainfo)

    def metainfo_keys(self) -> list[str]:
        return list(self._metainfo)

    def metainfo_values(self) -> list[Any]:
        return list(self._metainfo.values())

    def metainfo_items(self) -> list[tuple[str, Any]]:
        return list(self._metainfo.items())

    def keys(self) -> list[str]:
        return list(self._values)

    def values(self) -> list[Any]:
        return list(self._values.values())

    def items(self) -> list[tuple[str, Any]]:
        return list(self._values.items())

    def all_keys(self) -> list[str]:
        """Return the names of the meta information, then those of the values."""
        return [*self._metainfo, *self._values]

    def all_values(self) -> list[Any]:
        return [*self._metainfo.values(), *self._values.values()]

    def all_items(self) -> list[tuple[str, Any]]:
        return [*self._metainfo.items(), *self._values.items()]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value or the piece of meta information called ``name``, else ``default``."""
        return self._values.get(name, self._metainfo.get(name, default))

    def pop(self, name: str, *default: Any) -> Any:
        return self._values.pop(name, *default)

    def set_field(self, value: Any, name: str) -> None:
        """Set the attribute ``name``; the same as ``setattr`` for a name that is only known at run time."""
        setattr(self, name, value)

    def set_data(self, values: Mapping[str, Any]) -> None:
        """Set several values by name."""
        for name, value in values.items():
            setattr(self, name, value)

    def update(self, other: DataElement) -> None:
        """Take over the values and the meta information of another element."""
        self.set_metainfo(other.metainfo)
        self.set_data(dict(other.items()))

    def new(self, *, metainfo: Mapping[str, Any] | None = None, **values: Any) -> Self:
        """Return an element of the same class; where no values or no meta information is given, it has this one's."""
        return type(self)(metainfo=self._metainfo if metainfo is None else metainfo, **(values or self._values))

    def clone(self) -> Self:
        """Return an independent copy; copies of tensors stay in the graph that gradients flow through."""
        values = {name: _cloned(value) for name, value in self._values.items()}
        return self.new(metainfo={name: _cloned(value) for name, value in self._metainfo.items()}, **values)

    def __contains__(self, name: object) -> bool:
        return name in self._values or name in self._metainfo

    def __getattr__(self, name: str) -> Any:
        # Only called when normal lookup failed; copy and pickle ask before __init__ has run.
        values = self.__dict__.get("_values", {})
        if name in values:
            return values[name]
        metainfo = self.__dict__.get("_metainfo", {})
        if name in metainfo:
            return metainfo[name]
        known = ", ".join([*values, *metainfo]) or "nothing yet"
        raise AttributeError(f"this {type(self).__name__} has no '{name}'; it holds {known}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or name in _own_names(type(self)):
            raise AttributeError(f"'{name}' is part of {type(self).__name__} itself; choose another attribute name")
        self._values[name] = self._accepted(name, value)

    def __delattr__(self, name: str) -> None:
        if name not in self._values:
            raise AttributeError(f"this {type(self).__name__} has no '{name}' to delete")
        del self._values[name]

    def __getstate__(self) -> dict[str, Any]:
        return {"_values": dict(self._values), "_metainfo": dict(self._metainfo)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __repr__(self) -> str:
        described = {name: describe(value) for name, value in self._values.items()}
        lines = [
            f"  {name}: {text}"
            for name, text in [*described.items(), *((key, describe(value)) for key, value in self._metainfo.items())]
        ]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])

    def _accepted(self, name: str, value: Any) -> Any:
        """Return ``value`` as it is held under ``name``; raise if it may not be."""
        return value

    def map(self, function: Callable[[Any], Any]) -> Self:
        """Return a copy whose values went through ``function``."""
        return type(self)(metainfo=self._metainfo, **{name: function(value) for name, value in self._values.items()})

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Return a copy with every tensor moved as ``Tensor.to`` would; everything else is kept as it is."""
        return self.map(lambda value: on_tensors(value, lambda tensor: tensor.to(*args, **kwargs)))

    def detach(self) -> Self:
        return self.map(lambda value: on_tensors(value, lambda tensor: tensor.detach()))

    def cpu(self) -> Self:
        return self.to("cpu")

    def cuda(self) -> Self:
        return self.to("cuda")

    def to_tensor(self) -> Self:
        """Return a copy with every numpy array as a tensor, which shares its memory."""
        return self.map(_as_tensors)

    def numpy(self) -> Self:
        """Return a copy with every tensor as a numpy array."""
        return self.map(lambda value: on_tensors(value, to_numpy))

    def to_dict(self) -> dict[str, Any]:
        """Return values and meta information in one new dict, nested elements included."""
        values = {name: value.to_dict() if isinstance(value, DataElement) else value for name, value in self.items()}
        return {**self._metainfo, **values}


@functools.cache
def _own_names(kind: type) -> frozenset[str]:
    return frozenset(dir(kind))


def on_tensors(value: Any, function: Callable[[Any], Any]) -> Any:
    """Apply ``function`` to a tensor or to the tensors of a nested element, list or tuple."""
    if is_tensor(value):
        return function(value)
    if isinstance(value, DataElement):
        return value.map(lambda item: on_tensors(item, function))
    if is_sequence(value):
        return type(value)(on_tensors(item, function) for item in value)
    return value


def _as_tensors(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        import torch

        return torch.from_numpy(value)  # pyright: ignore[reportUnknownMemberType]
    if isinstance(value, DataElement):
        return value.to_tensor()
    return type(value)(_as_tensors(item) for item in value) if is_sequence(value) else value


def _cloned(value: Any) -> Any:
    if is_tensor(value):
        return value.clone()  # a deep copy refuses tensors that are the result of a computation
    if isinstance(value, DataElement):
        return value.clone()
    return type(value)(_cloned(item) for item in value) if is_sequence(value) else copy.deepcopy(value)


def describe(value: Any) -> str:
    if is_array(value):
        return f"{type(value).__name__} {tuple(value.shape)} {value.dtype}"
    if isinstance(value, DataElement):
        return repr(value).replace("\n", "\n  ")
    if is_sequence(value) and any(is_array(item) for item in value):
        return f"{type(value).__name__} of {', '.join(map(describe, value))}"
    return repr(value)
