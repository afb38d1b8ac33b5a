"""Checkpoints from the network, kept in a cache and checked against their digest."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from posekit.checkpoints.errors import first_line

CACHE_VARIABLE = "POSEKIT_CACHE"
_NAMED_DIGEST = re.compile(r"[-_]([0-9a-f]{8,64})\.\w+$")


def cache_folder() -> Path:
    """Return where downloads are kept: $POSEKIT_CACHE, by default the system's cache folder."""
    import pooch

    return Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("posekit")) / "checkpoints"


def download(url: str, *, sha256: str | None = None) -> Path:
    """Return the local copy of ``url``, downloading it when there is none.

    Args:
        url: http or https; the file name may end in the first digits of its SHA-256, as published ones do.
        sha256: the full digest, where it is known.

    Raises:
        OSError: if it cannot be fetched.
        ValueError: for another scheme, or a file whose digest is wrong; the file is removed then.
    """
    import pooch

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{url}: cannot download from '{parts.scheme}'; give a path or an http(s) URL")
    name = Path(parts.path).name
    folder = cache_folder() / hashlib.sha256(url.encode()).hexdigest()[:12]
    try:
        path = Path(pooch.retrieve(url, known_hash=f"sha256:{sha256}" if sha256 else None, fname=name, path=folder))
    except OSError as error:  # no network, no such host, no such file there
        raise OSError(
            f"{url}: cannot be downloaded; check the address and the network ({first_line(error)})"
        ) from error
    _check_named_digest(path)
    return path


def _check_named_digest(path: Path) -> None:
    match = _NAMED_DIGEST.search(path.name)
    if match is None:
        return
    import pooch

    digest = pooch.file_hash(str(path))
    if not digest.startswith(match[1]):
        path.unlink()
        raise ValueError(f"{path.name}: its SHA-256 starts with {digest[:8]}, not {match[1]}; removed, download again")
