"""A lock that keeps a second process out of a folder."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOCK = ".lock"


class FolderInUseError(OSError):
    """Another process is writing to the folder."""


@contextmanager
def locked(folder: Path, option: str = "--work-dir") -> Iterator[None]:
    """Hold a folder's lock; the system lets it go when the process ends, however it ends.

    Args:
        folder: folder that one process at a time may work on.
        option: option of the command line that names the folder, for the message.

    Raises:
        FolderInUseError: if another process holds it; the message names that process.
    """
    file = (folder / LOCK).open("a+", encoding="utf-8")
    with file:
        if not try_lock(file):
            raise FolderInUseError(
                f"{folder}: {holder(file)}; wait for it to end, or name another folder with {option}"
            )
        file.truncate(0)
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
        started = time.strftime("%Y-%m-%d %H:%M:%S")
        file.write(json.dumps(dict(pid=os.getpid(), host=socket.gethostname(), started=started, command=command)))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def try_lock(file: IO[str]) -> bool:
    """Lock an open file for this process alone; False if another holds it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # pyright: ignore[reportAttributeAccessIssue]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder(file: IO[str]) -> str:
    """Return who holds a lock, in words."""
    try:
        file.seek(0)
        note = json.load(file)
        process = f"process {note['pid']} on {note['host']}"
        return f"{process} has been running '{note['command']}' there since {note['started']}"
    except (OSError, ValueError, KeyError):
        return "another process is writing there"
