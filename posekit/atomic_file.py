"""Files that are whole or not there at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def require_writable(path: Path, *, folder: bool = False) -> None:
    """Refuse a place that nothing can be written to, before there is work to lose.

    Args:
        path: of a file to be written, or with ``folder`` of the folder that files are written to.

    Raises:
        OSError: if it is of the wrong kind, or what it lies in is no folder or may not be written to.
    """
    if path.exists() and path.is_dir() != folder:
        kind, wanted = ("a file", "a folder") if folder else ("a folder", "a file")
        raise OSError(f"{path}: is {kind}; name {wanted} to write")
    within = next(one for one in (path, *path.absolute().parents) if one.is_dir() or (one.exists() and one != path))
    if not within.is_dir():
        raise OSError(f"{path}: cannot be written, because {within} is a file; choose another place")
    if not os.access(within, os.W_OK | os.X_OK):
        raise OSError(f"{path}: cannot be written, because {within} is not writable for you; choose another place")


def write_atomically(path: Path, write: Callable[[Any], Any]) -> None:
    """Write a file beside ``path``, bring it to the disk and put it in place in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def link_atomically(source: Path, path: Path) -> None:
    """Give a complete file a second name, in place of what bore it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:  # a file system without links
        write_atomically(path, lambda file: file.write(source.read_bytes()))
        return
    temporary.replace(path)
