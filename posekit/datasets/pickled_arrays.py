"""Numpy files that hold pickles, read without running what is in them."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("builtins", "dict"),
    ("builtins", "list"),
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is neither an array nor a plain value")
        return super().find_class(module, name)


def read_pickle(path: str) -> Any:
    """Read a pickle of arrays and plain containers.

    Raises:
        ValueError: if the file holds anything else, or is no pickle.
    """
    return unpickle(Path(path).read_bytes(), path)


def read_npz(path: str) -> dict[str, Any]:
    """Read an .npz file whose arrays may hold pickled containers; those come as plain objects.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no such archive, or holds anything but arrays and plain containers.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"annotation file '{path}' is not there, seen from {Path.cwd()}; check data_root")
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): _array(archive.read(name), path) for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise ValueError(f"annotation file '{path}' is no .npz archive: {error}; it may be truncated") from error


def _array(data: bytes, path: str) -> Any:
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(stream)
    if dtype.hasobject:
        value = unpickle(stream.read(), path)
        return value.item() if shape == () and isinstance(value, np.ndarray) else value
    return np.load(io.BytesIO(data), allow_pickle=False)


def unpickle(data: bytes, path: str) -> Any:
    """Return the arrays and plain containers of a pickle that is a part of a file.

    Raises:
        ValueError: if it holds anything else, or is no pickle; the message names the file.
    """
    try:
        return _ArrayUnpickler(io.BytesIO(data), encoding="latin1").load()
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, KeyError, ImportError, TypeError) as error:
        raise ValueError(f"'{path}' is refused: {error}") from error
