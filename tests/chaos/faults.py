"""A disk that fails: every write, flush, rename and the like inside a folder is counted, and the n-th one raises."""

from __future__ import annotations

import _io
import errno
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

TWO_PLACES = ("replace", "rename", "link", "symlink")
NAMELESS = ("write", "truncate", "fsync")
"""Operations on an open file, whose errors name no file."""

KINDS: dict[str, dict[str, Any]] = {
    "once": {},
    "full": {"stays_full": True},
    "broken": {"error": errno.EIO},
    "read-only": {"error": errno.EROFS, "stays_full": True},
}
"""How a disk fails."""


class Disk:
    """Counts what is done to it, and fails.

    Args:
        folder: what lies in it is on this disk.
        fail_at: number of the operation that fails, from 0; None for none.
        stays_full: whether all operations after that fail too.
        error: number of the error.

    Attributes:
        operations: what was done, in order.
    """

    def __init__(
        self, folder: Path, fail_at: int | None = None, *, stays_full: bool = False, error: int = errno.ENOSPC
    ) -> None:
        self.folder, self.fail_at, self.stays_full, self.error = os.path.realpath(folder), fail_at, stays_full, error
        self.operations: list[str] = []

    def touch(self, operation: str, place: Any = "") -> None:
        """Count an operation.

        Raises:
            OSError: if it is the one that fails.
        """
        number = len(self.operations)
        self.operations.append(f"{operation} {place}")
        if self.fail_at is not None and (number == self.fail_at or (self.stays_full and number > self.fail_at)):
            named = () if operation in NAMELESS else (os.fspath(place),)
            raise OSError(self.error, os.strerror(self.error), *named)

    def holds(self, place: Any) -> bool:
        if isinstance(place, int):
            place = Path(f"/proc/self/fd/{place}").readlink()
        return os.path.realpath(os.fspath(place)).startswith(self.folder)


class FaultyRaw(io.FileIO):
    """The unbuffered file under a buffered one; what was counted before a fault is on the disk, the rest is not."""

    disk: Disk

    def write(self, data: Any) -> int:
        self.disk.touch("write", self.name)
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        self.disk.touch("truncate", self.name)
        return super().truncate(size)


def opener_of(disk: Disk) -> Callable[..., Any]:
    """Return what takes the place of ``open``."""
    plain_open = _io.open

    def faulty_open(file: Any, mode: str = "r", buffering: int = -1, encoding: Any = None, errors: Any = None,
                    newline: Any = None, closefd: bool = True, opener: Any = None) -> Any:  # fmt: skip
        if not set(mode) & set("wax+") or buffering == 0 or opener is not None or not disk.holds(file):
            return plain_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        if not isinstance(file, int):
            disk.touch("open", file)
        raw = FaultyRaw(file, mode.replace("b", "").replace("t", ""), closefd)
        raw.disk = disk
        buffer = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffer if "b" in mode else io.TextIOWrapper(buffer, encoding, errors, newline)

    return faulty_open


@contextmanager
def faulty(disk: Disk) -> Iterator[Disk]:
    """Let all that Python writes go to a disk."""
    opened = opener_of(disk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", opened)
        patch.setattr("builtins.open", opened)
        patch.setattr(tempfile, "_io", SimpleNamespace(**{**vars(_io), "open": opened}))
        for name in ("fsync", "mkdir", "chmod", *TWO_PLACES):
            patch.setattr(os, name, counted(disk, name, getattr(os, name)))
        patch.setattr(tempfile, "mkstemp", counted(disk, "mkstemp", tempfile.mkstemp))
        yield disk


def counted(disk: Disk, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that counts as an operation of the disk before it is done."""

    def run(*arguments: Any, **options: Any) -> Any:
        place = options["dir"] if "dir" in options else arguments[1 if name in TWO_PLACES else 0]
        if disk.holds(place) and not (name == "mkdir" and Path(place).is_dir()):
            disk.touch(name, place)
        return function(*arguments, **options)

    return run


def told_once(err: str) -> bool:
    """Whether a command told what is wrong in one message, without a traceback."""
    return "Traceback" not in err and len(re.findall(r"^error: ", err, re.MULTILINE)) == 1


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the content of all files of a folder, by their paths in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def leftovers(folder: Path) -> list[str]:
    """Return the temporary files of a folder."""
    return [name for name in files_of(folder) if Path(name).stem.endswith(".part") or name.endswith(".part")]
