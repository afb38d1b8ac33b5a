"""Files that are written whole or not at all, and JSON that may be anything."""

from __future__ import annotations

import gc
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

COPY_BYTES = 2**20
"""Bytes that are copied at once."""


def require_writable(path: Path, *, folder: bool = False) -> None:
    """Refuse a place that nothing can be written to, before there is work to lose.

    Args:
        path: path of a file to be written, or with ``folder`` of the folder that files are written to.

    Raises:
        OSError: if it is of the wrong kind, or what it lies in is no folder or may not be written to.
    """
    if path.exists() and path.is_dir() != folder:
        kind, wanted = ("a file", "a folder") if folder else ("a folder", "a file")
        raise OSError(f"{path}: is {kind}; name {wanted} to write")
    parents = (path, *path.absolute().parents)
    within = next(place for place in parents if place.is_dir() or (place.exists() and place != path))
    if not within.is_dir():
        raise OSError(f"{path}: cannot be written, because {within} is a file; choose another place")
    if not os.access(within, os.W_OK | os.X_OK):
        raise OSError(f"{path}: cannot be written, because {within} is not writable for you; choose another place")


def write_atomically(path: Path, write: Callable[[Any], Any]) -> None:
    """Write a file beside ``path``, bring it to the disk and put it in place in one step.

    Raises:
        OSError: if it cannot be written, for example because the disk is full; it names ``path``.
    """
    temporary: Path | None = None
    with naming(path, "; what was there is untouched"):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
            temporary = Path(name)
            with os.fdopen(descriptor, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            if temporary is not None:
                temporary.unlink(missing_ok=True)
            raise


@contextmanager
def naming(path: Path, note: str = "") -> Iterator[None]:
    """Let errors of the system name a file; those of temporary files name these, and of open files none.

    Args:
        path: of the file.
        note: words to add to the system's.
    """
    try:
        yield
    except OSError as error:
        if not error.strerror:
            raise
        raise type(error)(error.errno, error.strerror + note, str(path)) from error


def copy_atomically(source: Path, path: Path) -> None:
    """Copy a file's content to ``path``, whole or not at all; see ``write_atomically``."""
    with source.open("rb") as content:
        write_atomically(path, lambda file: shutil.copyfileobj(content, file, COPY_BYTES))


def append(path: Path, text: str) -> None:
    """Append text to a file.

    Raises:
        OSError: if it cannot be written, for example because the disk is full; it names ``path``.
    """
    with naming(path), path.open("a", encoding="utf-8") as file:
        file.write(text)


def link_atomically(source: Path, path: Path) -> None:
    """Give a complete file a second name, in place of what bore it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:  # a file system without links
        copy_atomically(source, path)
        return
    temporary.replace(path)


def read_json(path: str | Path, kind: str = "file", *, hook: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """Parse a JSON file.

    Args:
        kind: what an error calls it.
        hook: what becomes of each dict while the rest of the file is still being parsed.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not JSON, or an object has a key twice; the message names line and column, or the key.
    """
    if not path:
        raise FileNotFoundError(f"no {kind} given; set its path, relative to data_root in a config")
    if not Path(path).is_file():
        what = "a folder" if Path(path).is_dir() else "not there"
        raise FileNotFoundError(
            f"{kind} '{path}' is {what}, seen from {Path.cwd()}; check the path, and data_root in a config"
        )
    try:
        with paused_gc():
            return json.loads(read_json_text(path), object_pairs_hook=partial(_object, hook))
    except json.JSONDecodeError as error:
        size = Path(path).stat().st_size
        raise ValueError(
            f"{kind} '{path}' is no valid JSON: {error.msg} at line {error.lineno}, column {error.colno} "
            f"(character {error.pos} of {size} bytes); it may be truncated: write or download it again"
        ) from error
    except (ValueError, RecursionError) as error:  # other bytes than text; numbers of thousands of digits; depth
        raise ValueError(f"{kind} '{path}' is no valid JSON: {error}; write or download it again") from error


def _object(hook: Callable[[dict[str, Any]], Any] | None, pairs: list[tuple[str, Any]]) -> Any:
    """Make an object of its keys and values: of two values for one key nobody knows which was meant."""
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!a} occurs twice in one object")
    return values if hook is None else hook(values)


def read_json_text(path: str | Path) -> str:
    """Return the text of a JSON file in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Unlike in ``json.loads(bytes)`` the bytes are gone before the text is parsed.
    """
    data = Path(path).read_bytes()
    return data.decode(json.detect_encoding(data), "surrogatepass")


@contextmanager
def paused_gc() -> Iterator[None]:
    """Look for no garbage while millions of objects are made that are none; it would take a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
