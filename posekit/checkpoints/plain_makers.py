"""Makers of the arrays and plain containers that a pickle names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from posekit.checkpoints.unpickle import PlainDtype, key, text


def encode(content: str, encoding: str = "latin1") -> bytes:
    """Stand for ``_codecs.encode``, by which bytes are written as text; other encodings could grow their input."""
    if text(encoding) not in ("latin1", "latin-1"):
        raise ValueError(f"bytes in encoding {encoding!r}")
    return content.encode("latin-1")


def ordered(pairs: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = (), **_: Any) -> OrderedDict[Any, Any]:
    """Stand for all kinds of dicts."""
    pairs = pairs.items() if type(pairs) in (dict, OrderedDict) else pairs  # pyright: ignore[reportAttributeAccessIssue]
    return OrderedDict((key(name), value) for name, value in pairs)


def empty_array(*_: Any) -> np.ndarray:
    """Stand for numpy's ``_reconstruct``; the unpickler's ``set_array`` fills what it makes."""
    return np.empty(0, np.uint8)


def scalar(kind: PlainDtype, data: bytes) -> Any:
    """Stand for numpy's ``scalar``."""
    return np.frombuffer(data, dtype=kind.dtype, count=1)[0]


def from_buffer(data: bytes, kind: PlainDtype, shape: Any, order: str, axes: Any = None) -> np.ndarray:
    """Stand for numpy's ``_frombuffer``, by which pickles since protocol 5 hold arrays."""
    array = np.frombuffer(data, kind.dtype).reshape(shape, order="F" if order == "F" else "C")
    return array.transpose(axes) if order == "K" and axes is not None else array


PLAIN_MAKERS = {
    "builtins.bytes": lambda: b"",
    "builtins.set": lambda items=(): set(map(key, items)),
    "_codecs.encode": encode,
    "collections.OrderedDict": ordered,
    "collections.defaultdict": lambda *_: OrderedDict(),
    "numpy.dtype": PlainDtype,
    **{
        f"numpy.{core}.{name}": make
        for core in ("core", "_core")
        for name, make in {
            "multiarray._reconstruct": empty_array,
            "multiarray.scalar": scalar,
            "numeric._frombuffer": from_buffer,
        }.items()
    },
}
