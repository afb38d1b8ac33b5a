"""Checkpoints from the network, kept in a cache: resumed, checked against their digest, and pinned to it.

Each file lies in a folder of its own beside a record (``NAME.json``) with its full SHA-256. Whoever puts a file there
by hand has it checked and pinned at its next use.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from posekit.checkpoints.transfer import TransferError, fetch
from posekit.files import write_atomically

CACHE_VARIABLE = "POSEKIT_CACHE"
MIRROR_VARIABLE = "POSEKIT_MIRROR"
OFFLINE_VARIABLE = "POSEKIT_OFFLINE"
_DATE = r"(?:19|20)\d{6}"
_NAMED_DIGEST = re.compile(rf"[-_](?!{_DATE}[_.])([0-9a-f]{{8,64}})(?:[-_]{_DATE})?\.(?:pth|pt|ckpt|bin|safetensors)$")
"""The first digits of a SHA-256 at the end of a name, or before the date there. A date alone looks like digits, and an
archive or an exported model bears those of the weights inside."""


class DownloadError(OSError):
    """A file can be had from nowhere."""


def cache_folder() -> Path:
    """Return where downloads are kept: $POSEKIT_CACHE, by default the system's cache folder."""
    folder = os.environ.get(CACHE_VARIABLE)
    if not folder:
        import pooch

        folder = pooch.os_cache("posekit")
    return Path(folder) / "checkpoints"


def cached_path(url: str) -> Path:
    """Return where the copy of ``url`` is, or would be.

    Raises:
        ValueError: if it is no http(s) address.
    """
    parts = urlsplit(url)
    name = Path(unquote(parts.path)).name
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{url}: cannot download from '{parts.scheme}'; give a path or an http(s) URL")
    if not name:
        raise ValueError(f"{url}: names no file; give the address of the checkpoint itself")
    return cache_folder() / hashlib.sha256(url.encode()).hexdigest()[:12] / name


def download(url: str, *, sha256: str | None = None, others: Sequence[str] = (), offline: bool | None = None) -> Path:
    """Return the local copy of ``url``, downloading it when there is none.

    Args:
        url: http or https; the file name may end in the first digits of its SHA-256, as published ones do.
        sha256: the digest or its first digits; those in the name by default.
        others: further addresses of the file, tried after the mirrors of $POSEKIT_MIRROR and ``url``.
        offline: use nothing but the cache; by default if $POSEKIT_OFFLINE is set to more than 0.

    Raises:
        DownloadError: if it can be had from nowhere; the message tells how to bring it by hand.
        ValueError: for another scheme, or a copy in the cache whose digest is wrong.
    """
    path = cached_path(url)
    digits = sha256 or named_digest(path.name)
    if path.exists():
        check_pinned(path, digits)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)  # for whoever brings the file by hand
    if offline is None:
        offline = os.environ.get(OFFLINE_VARIABLE, "0") not in ("", "0")
    if offline:
        problem = "is not in the cache, and offline nothing is downloaded"
        raise DownloadError(f"{path.name} {problem}\n{_by_hand(url, digits)}")
    problems = []
    for address in (*mirrored(url), url, *others):
        try:
            fetch(address, path, lambda part: _accept(part, path, url, digits), may_resume=digits is not None)
            return path
        except TransferError as error:
            problems.append(f"  {address}: {error}")
    tried = "\n".join(problems)
    raise DownloadError(f"{path.name} cannot be downloaded\n{tried}\n{_by_hand(url, digits)}")


def mirrored(url: str) -> list[str]:
    """Return the addresses of ``url`` at the mirrors that $POSEKIT_MIRROR lists, with blanks or commas between them.

    A mirror has the files at the paths of the original host: ``https://mirror/models`` has
    ``https://host/mmpose/v1/a.pth`` as ``https://mirror/models/mmpose/v1/a.pth``.

    Raises:
        ValueError: if one is no http(s) address.
    """
    mirrors = [each for each in re.split(r"[\s,]+", os.environ.get(MIRROR_VARIABLE, "")) if each]
    for mirror in mirrors:
        if urlsplit(mirror).scheme not in ("http", "https"):
            raise ValueError(f"{MIRROR_VARIABLE}: '{mirror}' is no http(s) address")
    return [f"{mirror.rstrip('/')}{urlsplit(url).path}" for mirror in mirrors]


def named_digest(name: str) -> str | None:
    """Return the first digits of the SHA-256 that a file's name tells."""
    match = _NAMED_DIGEST.search(name)
    return match[1] if match else None


def digest_of(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_pinned(path: Path, digits: str | None) -> str:
    """Check a file of the cache against its record, and pin it if it has none; return its SHA-256.

    A file of recorded size and time is not read again.

    Raises:
        ValueError: if it is not the file that was pinned, or not the one that was published.
    """
    record = read_record(path)
    status = path.stat()
    if record and [record.get("size"), record.get("mtime_ns")] == [status.st_size, status.st_mtime_ns]:
        return record["sha256"]
    digest = digest_of(path)
    if record and record["sha256"] != digest:
        raise ValueError(f"{path}: has changed since it was pinned to SHA-256 {record['sha256']}; delete it")
    if digits and not digest.startswith(digits):
        raise ValueError(f"{path}: {_wrong(digest, digits)}; delete it, or bring the published file")
    pin(path, digest)
    return digest


def read_record(path: Path) -> dict | None:
    """Return what the cache knows of a file: sha256, size in bytes, mtime_ns; None if nothing."""
    try:
        record = json.loads(_record_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("sha256"), str) else None


def pin(path: Path, digest: str) -> None:
    """Record a file of the cache with its full SHA-256."""
    status = path.stat()
    record = {"sha256": digest, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    write_atomically(_record_path(path), lambda file: file.write(json.dumps(record).encode()))


def forget(path: Path) -> None:
    """Remove what the cache knows of a file that is to be replaced."""
    _record_path(path).unlink(missing_ok=True)


def bring(source: Path, url: str, digits: str | None) -> Path:
    """Copy a file that was fetched by other means into the cache, and pin it.

    Raises:
        ValueError: if it is not the published file.
    """
    digest = digest_of(source)
    if digits and not digest.startswith(digits):
        raise ValueError(_wrong(digest, digits))
    path = cached_path(url)
    with source.open("rb") as file:
        write_atomically(path, lambda copy: shutil.copyfileobj(file, copy, 1 << 20))
    pin(path, digest)
    return path


def _accept(part: Path, path: Path, url: str, digits: str | None) -> None:
    """Put a complete download in place if its digest is right, or if it has none to have, if it may be the file."""
    digest = digest_of(part)
    if digits and not digest.startswith(digits):
        raise TransferError(_wrong(digest, digits))
    with part.open("rb") as file:
        if not digits and file.read(64).lstrip()[:1] in (b"", b"<"):  # such as the page of a network that wants a login
            raise TransferError("an empty file or a web page, not the file")
    part.replace(path)
    pin(path, digest)


def _record_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _wrong(digest: str, digits: str) -> str:
    return f"other bytes than published: their SHA-256 starts with {digest[: len(digits)]}, not {digits}"


def _by_hand(url: str, digits: str | None) -> str:
    path = cached_path(url)
    return "\n".join(
        [
            "get it by other means and put it into that folder, or run `posekit zoo import` on the folder it is in:",
            f"  file     {path.name}",
            f"  address  {url}",
            f"  SHA-256  {f'starts with {digits}' if digits else 'not published'}",
            f"  folder   {path.parent}",
        ]
    )
