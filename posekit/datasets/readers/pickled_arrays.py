"""Numpy files that may hold pickles, read without running what is in them."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from posekit.checkpoints.plain_makers import PLAIN_MAKERS
from posekit.checkpoints.unpickle import MAX_BYTES, Maker, PlainDtype, RefusedNameError, Unpickler, num_values
from posekit.files import paused_gc

ONLY_NAMED = ("numpy.ndarray", "builtins.dict", "builtins.list")
"""Classes that pickles mention as arguments only."""

ALWAYS_READ, MAX_RATIO = 2**30, 100
"""Bytes that any .npz file may unpack to, and for larger ones how many times its own size."""


class ObjectDtype:
    """Stands for the dtype of arrays that hold objects."""

    def build(self, state: Any) -> None:
        """Its state says nothing that could differ."""


class ArrayUnpickler(Unpickler):
    """Reads arrays, also of objects, and plain containers."""

    def __init__(self, data: bytes) -> None:
        # Arrays take as many bytes as the file spends on them, and each instruction at least one.
        super().__init__(
            io.BytesIO(data), resolve, refuse_storage, max_steps=len(data) + 1, max_bytes=MAX_BYTES + 2 * len(data)
        )

    def set_array(self, array: np.ndarray, state: Any) -> None:
        version, shape, kind, fortran, data = state
        if not isinstance(kind, ObjectDtype):
            super().set_array(array, state)
        elif type(data) is not list or len(data) != num_values(shape):
            raise ValueError("an array of objects has another number of them than its shape says")
        else:
            array.__setstate__((version, shape, np.dtype(object), fortran is True, data))  # pyright: ignore


def resolve(name: str) -> Any:
    if name in ONLY_NAMED:
        return name
    if name == "numpy.dtype":
        return Maker(name, lambda code, *_: ObjectDtype() if code in ("O", "O4", "O8") else PlainDtype(code))
    if name in PLAIN_MAKERS:
        return Maker(name, PLAIN_MAKERS[name])
    raise RefusedNameError(name)


def refuse_storage(_: Any) -> Any:
    raise ValueError("a part that is kept in another file")


def read_pickle(path: str) -> Any:
    """Read a pickle of arrays and plain containers.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file holds anything else, or is no pickle.
    """
    return unpickle(_existing(path, "file").read_bytes(), path)


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
            _check_size(archive, path)
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, MemoryError, RuntimeError) as error:
        raise ValueError(f"annotation file '{path}' is no .npz archive: {error}; it may be truncated") from error
    return {name.removesuffix(".npy"): _array(data, path) for name, data in members.items()}


def _check_size(archive: zipfile.ZipFile, path: str) -> None:
    """Raise ValueError if a small archive would fill the memory."""
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > max(ALWAYS_READ, MAX_RATIO * Path(path).stat().st_size):
        raise ValueError(
            f"annotation file '{path}' would unpack to {unpacked:,} bytes, more than {MAX_RATIO} times its own size; "
            "write it again with numpy.savez if it is really so large"
        )


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
        raise ValueError(f"'{path}' holds no array in numpy's format: {error}; it may be truncated") from error
    value = unpickle(stream.read(), path)
    return value.item() if shape == () and isinstance(value, np.ndarray) else value


def unpickle(data: bytes, path: str) -> Any:
    """Return the arrays and plain containers of a pickle that is a file or a part of one.

    Raises:
        ValueError: if it holds anything else, or is no pickle; the message names the file.
    """
    try:
        with paused_gc():
            return ArrayUnpickler(data).load()
    except RefusedNameError as error:
        raise ValueError(
            f"'{path}' is refused: it asks for {error}, which is neither an array nor a plain value"
        ) from error
    except Exception as error:
        why = error if isinstance(error, ValueError) else f"its pickle is damaged ({type(error).__name__})"
        raise ValueError(f"'{path}' is refused: {why}") from error
