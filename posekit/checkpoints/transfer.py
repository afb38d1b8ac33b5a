"""One file over HTTP: resumed where the connection breaks, whole or not at all."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from posekit.console import ProgressBar

TIMEOUT_S = 30.0
"""Longest wait for a server's next bytes."""
ATTEMPTS = 4
"""Number of connections in a row that may bring nothing new."""
PAUSE_S = 0.5
"""Wait after the first failed connection; it doubles with each."""
CHUNK = 1 << 18
SHOWN = 24
"""Letters of a file's name beside the progress bar."""
RETRIED_STATUS = (408, 429, 500, 502, 503, 504)


class TransferError(Exception):
    """An address does not give the file."""


class _BrokenConnectionError(Exception):
    """The server can be asked again for what is missing of the file with that tag."""

    def __init__(self, message: str, tag: str = "") -> None:
        super().__init__(message)
        self.tag = tag


def fetch(url: str, path: Path, accept: Callable[[Path], None], *, may_resume: bool) -> None:
    """Download ``url`` beside ``path`` and hand the complete file to ``accept``, which puts it in place.

    What came before a failure stays as ``NAME.part`` for the next time, if ``may_resume``: only a digest tells
    whether the beginning of one download and the end of another are one file.

    Args:
        accept: check of the file; raises TransferError if it is not the one wanted.

    Raises:
        TransferError: if the address does not give the file.
        OSError: if it cannot be written, for example because the disk is full; it names ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    leftover = path.with_name(f"{path.name}.part")
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")  # of this thread alone
    if may_resume:
        with contextlib.suppress(FileNotFoundError):
            leftover.replace(part)
    began_empty = not part.exists()
    try:
        _complete(url, part, path.name)
        try:
            _accept_or_remove(accept, part)
        except TransferError:
            if began_empty:
                raise
            _complete(url, part, path.name)  # the beginning may have been another file's
            _accept_or_remove(accept, part)
    except OSError as error:  # of the disk; it names no file or the unfinished one
        raise type(error)(error.errno, error.strerror, str(path)) from error
    finally:
        if part.exists():
            part.replace(leftover) if may_resume and part.stat().st_size else part.unlink()


def _accept_or_remove(accept: Callable[[Path], None], part: Path) -> None:
    try:
        accept(part)
    except TransferError:
        part.unlink()
        raise


def _complete(url: str, part: Path, name: str) -> None:
    """Ask for what is missing until it is there."""
    failures, tag = 0, ""
    shown = name if len(name) <= SHOWN else f"{name[: SHOWN - 3]}..."
    with part.open("ab") as file, ProgressBar(shown, 0, is_bytes=True) as bar:
        most = file.tell()
        while True:
            try:
                return _receive(url, file, tag, bar)
            except _BrokenConnectionError as error:
                tag = error.tag or tag
                failures = 1 if file.tell() > most else failures + 1
                most = max(most, file.tell())
                if failures >= ATTEMPTS:
                    raise TransferError(f"{error}; {ATTEMPTS} connections in a row brought nothing new") from error
                time.sleep(PAUSE_S * 2 ** (failures - 1))


def _receive(url: str, file: BinaryIO, tag: str, bar: ProgressBar) -> None:
    """Append what one connection brings; ``tag`` is the server's for the version of the file begun before."""
    start = file.tell()
    headers = {"User-Agent": "posekit", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if tag:
            headers["If-Range"] = tag
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - download() takes http and https only
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        _refuse(error, start, file)
        return
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unreachable(error) from error
    with response:
        if start and not _continues(response, start):
            _clear(file)
            start = 0
        length = response.headers.get("Content-Length", "")
        end = start + int(length) if length.isdigit() else None
        bar.expect(end or 0)
        bar.advance(start - bar.done)
        is_whole = _copy(response, file, bar)
        if not is_whole or (end is not None and file.tell() < end):
            tag = response.headers.get("ETag") or response.headers.get("Last-Modified", "")
            raise _BrokenConnectionError(f"the connection broke at {file.tell()} of {end or 'unknown'} bytes", tag)


def _clear(file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()


def _refuse(error: urllib.error.HTTPError, start: int, file: BinaryIO) -> None:
    """Raise what a status of failure amounts to; return if it means that there is no more to come."""
    if error.code == 416 and start:
        total = re.search(r"/(\d+)$", error.headers.get("Content-Range", ""))
        if total and int(total[1]) == start:
            return
        _clear(file)
        raise _BrokenConnectionError("the server does not go on where the file ends")
    reason = f"HTTP {error.code} {error.reason}".strip()
    raise _BrokenConnectionError(reason) if error.code in RETRIED_STATUS else TransferError(reason)


def _unreachable(error: Exception) -> Exception:
    """Return what a connection that fails amounts to."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, (ConnectionResetError, TimeoutError, http.client.HTTPException)):
        return _BrokenConnectionError(str(reason) or type(reason).__name__)
    return TransferError(str(reason) or type(reason).__name__)


def _continues(response: Any, start: int) -> bool:
    """Return whether a response goes on where the file ends."""
    spot = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status == 206 and spot is not None and int(spot[1]) == start


def _copy(response: Any, file: BinaryIO, bar: ProgressBar) -> bool:
    """Write what a response brings; return whether it ended as it should, as far as it tells."""
    while True:
        try:
            chunk = response.read1(CHUNK)
        except (OSError, http.client.HTTPException):
            return False
        if not chunk:
            return True
        file.write(chunk)
        bar.advance(len(chunk))
