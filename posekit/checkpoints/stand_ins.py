"""Harmless stand-ins for what checkpoints hold beside tensors.

The restricted reader resolves a class or function named in a checkpoint to one of these, or refuses the file.
None of them imports, calls or opens anything that the checkpoint names.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

BOOKKEEPING = (
    "mmengine.",
    "mmcv.",
    "mmpose.",
    "mmdet.",
    "mmcls.",
    "mmpretrain.",
    "addict.",
    "lightning.",
    "pytorch_lightning.",
)
"""Packages whose classes become inert: training logs, configs, callbacks' states."""


class Inert:
    """Stands for an object of a bookkeeping class: keeps the state it is given and does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args

    def __setstate__(self, state: Any) -> None:
        self.state = state


def inert_class(name: str) -> type:
    """Return a new inert class in place of the one called ``name``; for kinds of dicts, the plain ordered one."""
    plain = name.rsplit(".", 1)[-1]
    return OrderedDict if plain.endswith("Dict") else type(plain, (Inert,), {"__module__": __name__})


def inert_attribute(owner: Any, name: str) -> str:
    """Stand for ``getattr`` in a checkpoint: name the attribute instead of reading it."""
    return f"{getattr(owner, '__name__', type(owner).__name__)}.{name}"


class PlainDtype:
    """Stands for ``numpy.dtype``: a number, boolean, string or time type, never objects."""

    def __init__(self, code: str, *flags: Any) -> None:
        dtype = np.dtype(str(code))
        if dtype.kind not in "biufcSUmM":
            raise ValueError(f"arrays of dtype '{dtype}' are not read; only numbers, booleans, strings and times are")
        self.dtype = dtype

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(state[1]) if state[1] in ("<", ">") else self.dtype


class PlainArray(np.ndarray):
    """Stands for ``numpy.ndarray`` while a checkpoint is read: its bytes must fill its shape exactly."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        version, shape, kind, fortran, data = state
        if not isinstance(kind, PlainDtype) or not isinstance(data, bytes):
            raise ValueError(
                "an array in the checkpoint holds objects; only numbers, booleans, strings and times are read"
            )
        if len(data) != math.prod(shape) * kind.dtype.itemsize:
            raise ValueError(f"an array in the checkpoint has {len(data)} bytes for shape {shape} of {kind.dtype}")
        super().__setstate__((version, shape, kind.dtype, bool(fortran), data))  # pyright: ignore[reportArgumentType]


def empty_array(*_: Any) -> PlainArray:
    """Stand for numpy's ``_reconstruct``: an empty array whose state follows."""
    return np.empty(0, dtype=np.uint8).view(PlainArray)


def scalar(kind: PlainDtype, data: bytes) -> Any:
    """Stand for numpy's ``scalar``."""
    return np.frombuffer(data, dtype=kind.dtype, count=1)[0]


def stand_ins() -> dict[str, Callable[..., Any]]:
    """Return what each name that a checkpoint may use stands for."""
    named: dict[str, Callable[..., Any]] = {
        "builtins.getattr": inert_attribute,
        "numpy.dtype": PlainDtype,
        "numpy.ndarray": PlainArray,
    }
    for package in ("numpy.core", "numpy._core"):
        named[f"{package}.multiarray._reconstruct"] = empty_array
        named[f"{package}.multiarray.scalar"] = scalar
    return named
