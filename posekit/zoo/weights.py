"""The files of released models: downloaded, brought by hand, recognised in a folder."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from posekit.checkpoints.download import bring, cached_path, check_pinned, digest_of, download, forget, read_record
from posekit.files import write_atomically
from posekit.zoo.model_index import ModelEntry, model_entries

SUFFIXES = (".pth", ".onnx", ".zip")
DIGITS = 8
"""Number of digits of a SHA-256 by which a renamed file is recognised; some are published with fewer."""


def weights_file(entry: ModelEntry, *, offline: bool | None = None) -> Path:
    """Return the local file of a model's weights, downloaded and checked if it is not in the cache.

    Of an archive with an exported model it is the ONNX file inside.

    Args:
        offline: use nothing but the cache; by default if $POSEKIT_OFFLINE is set.

    Raises:
        DownloadError: if it can be had from nowhere; the message tells how to bring it by hand.
        ValueError: if the copy in the cache is damaged, or an archive holds no ONNX file.
    """
    path = download(entry.urls[0], sha256=entry.sha256 or None, others=entry.urls[1:], offline=offline)
    return _unpacked(path) if path.suffix == ".zip" else path


def local_file(entry: ModelEntry) -> Path | None:
    """Return the file in the cache as it was published, if it is there; it is not checked."""
    path = cached_path(entry.urls[0])
    return path if path.exists() else None


def pinned_sha256(entry: ModelEntry) -> str | None:
    """Return the full SHA-256 that the model's file in the cache was pinned to."""
    record = read_record(cached_path(entry.urls[0])) if local_file(entry) else None
    return record["sha256"] if record else None


def _unpacked(archive: Path) -> Path:
    """Return the ONNX file of an archive, unpacked beside it."""
    path = archive.with_suffix(".onnx")
    if path.exists() and read_record(path) and path.stat().st_mtime_ns >= archive.stat().st_mtime_ns:
        check_pinned(path, None)
        return path
    forget(path)
    try:
        with zipfile.ZipFile(archive) as content:
            names = [name for name in content.namelist() if name.endswith(".onnx")]
            if len(names) != 1:
                raise ValueError(f"{archive}: holds {len(names)} ONNX files, not one")
            with content.open(names[0]) as source:
                write_atomically(path, lambda file: shutil.copyfileobj(source, file, 1 << 20))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # damaged, unknown method, encrypted
        raise ValueError(f"{archive}: cannot be unpacked ({error}); delete it and download it again") from error
    check_pinned(path, None)
    return path


class Imported(NamedTuple):
    """What became of one file of a folder.

    Attributes:
        file: name of a file in the folder.
        entries: the models whose weights it holds; none if it was not recognised.
        problem: why it was not taken although it has a model's name; empty if nothing is wrong.
    """

    file: Path
    entries: tuple[ModelEntry, ...]
    problem: str = ""


def import_folder(folder: Path) -> Iterator[Imported]:
    """Copy the released models of a folder and those below it into the cache, and pin them.

    A file is recognised by its name or, under any other name, by its SHA-256.

    Raises:
        FileNotFoundError: if there is no such folder.
    """
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder, seen from {Path.cwd()}")
    files = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    for file in files:
        if file.suffix in SUFFIXES and file.is_file():
            yield import_file(file)


def import_file(file: Path) -> Imported:
    """Copy one file into the cache if it is a released model; see ``import_folder``."""
    named = tuple(entry for entry in model_entries() if entry.file == file.name)
    entries = named or _with_digest(digest_of(file))
    if not entries:
        return Imported(file, ())
    try:
        for url in dict.fromkeys(entry.urls[0] for entry in entries):
            bring(file, url, entries[0].sha256 or None)
    except ValueError as error:
        return Imported(file, entries, str(error))
    return Imported(file, entries)


def _with_digest(digest: str) -> tuple[ModelEntry, ...]:
    """Return the models whose published or pinned digest that is."""
    published = [each for each in model_entries() if len(each.sha256) >= DIGITS and digest.startswith(each.sha256)]
    return tuple(published or (each for each in model_entries() if not each.sha256 and pinned_sha256(each) == digest))
