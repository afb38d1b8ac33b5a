"""Numpy files that may hold pickles, read without running what is in them."""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np


def _encode(text: str, encoding: str) -> bytes:
    """Stand for ``_codecs.encode``, by which old pickles write bytes; other encodings could grow what they get."""
    if encoding != "latin1":
        raise ValueError(f"bytes in encoding {encoding!r}")
    return text.encode(encoding)


def _empty(*_: Any) -> np.ndarray:
    """Stand for numpy's ``_reconstruct``: the array's shape and content come afterwards, and are checked together."""
    return np.empty(0)


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    """Stand for numpy's ``_frombuffer``, by which pickles since protocol 5 hold arrays of numbers."""
    return np.frombuffer(data, dtype).reshape(shape, order=order)


BUILTINS: dict[str, Any] = {"dict": dict, "list": list, "bytes": lambda: b""}
MULTIARRAY = {"_reconstruct": _empty, "scalar": np.float64(0).__reduce__()[0]}
NUMERIC = {"_frombuffer": _from_buffer}
STANDINS: dict[str, dict[str, Any]] = {
    "numpy": {"ndarray": "ndarray", "dtype": np.dtype},
    "numpy.core.multiarray": MULTIARRAY,
    "numpy._core.multiarray": MULTIARRAY,
    "numpy.core.numeric": NUMERIC,
    "numpy._core.numeric": NUMERIC,
    "_codecs": {"encode": _encode},
    "collections": {"OrderedDict": OrderedDict, "defaultdict": lambda *_: {}},
    "builtins": BUILTINS,
    "__builtin__": BUILTINS,
}
"""What the names in a pickle become; any other is refused."""

DAMAGED = (
    ValueError, pickle.UnpicklingError, EOFError, AttributeError, LookupError, ImportError, TypeError, ArithmeticError,
    RuntimeError, MemoryError,
)  # fmt: skip
"""What the unpickler raises on files that are no pickles or are damaged."""


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name not in STANDINS.get(module, ()):
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is neither an array nor a plain value")
        return STANDINS[module][name]


def read_pickle(path: str) -> Any:
    """Read a pickle of arrays and plain containers.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file holds anything else, or is no pickle.
    """
    return _unpickled(_existing(path, "file").read_bytes(), path)


def read_npy(path: str) -> np.ndarray:
    """Read an .npy file of numbers or texts.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no such file, is truncated, or holds objects.
    """
    values = _array(_existing(path, "file").read_bytes(), path)
    if not isinstance(values, np.ndarray) or values.dtype.hasobject:
        raise ValueError(f"'{path}' holds objects; an array of numbers is expected")
    return values


def read_npz(path: str) -> dict[str, Any]:
    """Read an .npz file whose arrays may hold pickled containers; those come as plain objects.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no such archive, or holds anything but arrays and plain containers.
    """
    try:
        with zipfile.ZipFile(_existing(path, "annotation file")) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, MemoryError, RuntimeError) as error:
        raise ValueError(f"annotation file '{path}' is no .npz archive: {error}; it may be truncated") from error
    return {name.removesuffix(".npy"): _array(data, path) for name, data in members.items()}


def _existing(path: str, kind: str) -> Path:
    if not Path(path).is_file():
        what = "a folder" if Path(path).is_dir() else "not there"
        raise FileNotFoundError(f"{kind} '{path}' is {what}, seen from {Path.cwd()}; check data_root")
    return Path(path)


def _array(data: bytes, path: str) -> Any:
    """Return the array of an .npy file, a view of ``data``; a single object that it holds comes as it is."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read_header(stream)
        if not dtype.hasobject:
            return np.ndarray(shape, dtype, data, stream.tell(), order="F" if fortran else "C")
    except (ValueError, TypeError, MemoryError) as error:
        raise ValueError(f"'{path}' is no array in numpy's format: {error}; it may be truncated") from error
    value = _unpickled(stream.read(), path)
    return value.item() if shape == () and isinstance(value, np.ndarray) else value


def _unpickled(data: bytes, path: str) -> Any:
    try:
        return _ArrayUnpickler(io.BytesIO(data), encoding="latin1").load()
    except DAMAGED as error:
        raise ValueError(f"'{path}' is refused: {error or type(error).__name__}") from error
