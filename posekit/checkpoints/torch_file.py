"""The two file formats of torch: a zip archive, and its older sequence of pickles and raw bytes."""

from __future__ import annotations

import io
import mmap
import operator
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from posekit.checkpoints.stand_ins import StandIns, text
from posekit.checkpoints.tensors import Storage, StorageKind
from posekit.checkpoints.unpickle import RefusedNameError, Unpickler
from posekit.console import first_line

ZIP_START = b"PK\x03\x04"
MAX_PICKLE_BYTES = 256 * 2**20
MAX_DIRECTORY_BYTES = 16 * 2**20
MAX_THREADS = 8
_ENDS = {b"PK\x05\x06": ("<I", 12), b"PK\x06\x06": ("<Q", 40)}
"""Signatures of what follows a zip file's directory, and where they keep the directory's size."""
_LOCAL_HEADER = struct.Struct("<4s22x2H")
_LEGACY_MAGIC, _LEGACY_VERSION = 0x1950A86A20F9469CFC6C, 1001


class CheckpointError(ValueError):
    """A file that is no checkpoint, is damaged, or holds more than data."""


def read_torch(path: Path, stand_ins: StandIns) -> Any:
    """Return what a file written by ``torch.save`` holds; tensors of the zip format are mapped from it.

    Args:
        path: the file.
        stand_ins: makers of what the file names; they decide what tensors become.

    Raises:
        CheckpointError: if it is damaged, is no such file, or names anything that is not data.
    """
    if path.stat().st_size == 0:
        raise CheckpointError(f"{path}: an empty file; download or save it again")
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    try:
        return read_archive(path, mapped, stand_ins) if mapped[:4] == ZIP_START else read_legacy(mapped, stand_ins)
    except CheckpointError:
        raise
    except RefusedNameError as refused:
        raise CheckpointError(
            f"{path}: refused, because it asks for '{refused.name}', which is no plain data and may be code; "
            "nothing was run. Get the weights from a source you trust, or have them saved as safetensors"
        ) from None
    except Exception as error:  # damaged data fail anywhere in any way
        raise CheckpointError(f"{path}: no checkpoint, or a damaged one ({first_line(error)})") from error


def read_archive(path: Path, mapped: mmap.mmap, stand_ins: StandIns) -> Any:
    """Read the zip format."""
    records = Archive(path, mapped)
    order = bytes(records["byteorder"]).decode() if "byteorder" in records else "little"
    if order != sys.byteorder:
        raise CheckpointError(f"{path}: its numbers are {order}-endian, this machine's are not; save it again on it")
    known: dict[Any, memoryview] = {}

    def storage(name: str, kind: StorageKind, count: int, _: Any) -> Storage:
        if name not in known:
            known[name] = records.view(f"data/{name}") if count else memoryview(bytearray())
        data = known[name]
        if len(data) < count * kind.itemsize:
            raise ValueError(f"storage {name} is to have {count} numbers, but {len(data)} bytes")
        return Storage(data[: count * kind.itemsize], kind)

    content = Unpickler(io.BytesIO(records["data.pkl"]), stand_ins.resolve, with_storages(storage)).load()
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MAX_THREADS)) as pool:  # most of the time goes into checksums
        list(pool.map(records.__getitem__, [f"data/{name}" for name, data in known.items() if data]))
    return content


class Archive:
    """The records of a zip archive, as views of the mapped file.

    Raises:
        CheckpointError: for archives that torch does not write: compressed, overlapping, with odd names.
    """

    def __init__(self, path: Path, mapped: mmap.mmap) -> None:
        self.path, self.mapped = path, mapped
        self.check_directory()
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise CheckpointError(f"{path}: holds compressed entries, which torch never writes; refused")
        if sum(entry.file_size for entry in entries) > len(mapped):
            raise CheckpointError(f"{path}: its entries claim more bytes than the file has; refused")
        odd = [name for name in archive.namelist() if name.startswith("/") or ".." in name.split("/")]
        if odd or len({entry.filename for entry in entries}) < len(entries):
            raise CheckpointError(f"{path}: holds entries of odd or equal names ({odd[:1]}); refused")
        self.entries = {entry.filename.partition("/")[2]: entry for entry in entries}
        if "constants.pkl" in self.entries:
            raise CheckpointError(f"{path}: a TorchScript program, not weights; save its state_dict() instead")
        if "data.pkl" not in self.entries:
            raise CheckpointError(f"{path}: a zip archive without weights; torch.save writes checkpoints")
        if (size := self.entries["data.pkl"].file_size) > MAX_PICKLE_BYTES:
            raise CheckpointError(f"{path}: {size} bytes of bookkeeping; at most {MAX_PICKLE_BYTES} are read")

    def check_directory(self) -> None:
        """Refuse a directory that would take much memory, before it is read."""
        tail = self.mapped[-(2**16 + 128) :]
        for signature, (kind, place) in _ENDS.items():
            at = tail.rfind(signature) + place
            if at >= place and struct.unpack_from(kind, tail.ljust(at + 8), at)[0] > MAX_DIRECTORY_BYTES:
                raise CheckpointError(f"{self.path}: a damaged archive, or one of too many entries; refused")

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def __getitem__(self, name: str) -> memoryview:
        """Return a record's bytes.

        Raises:
            ValueError: if there is no such record, or its checksum tells that it is damaged.
        """
        data, expected = self.view(name), self.entries[name].CRC
        if expected and zlib.crc32(data) != expected:  # torch can be told to write no checksums
            raise ValueError(f"the checksum of its record '{name}' is wrong")
        return data

    def view(self, name: str) -> memoryview:
        """Return a record's bytes without a look at their checksum.

        Raises:
            ValueError: if there is no such record.
        """
        entry = self.entries.get(name)
        if entry is None:
            raise ValueError(f"its record '{name}' is missing")
        signature, name_size, extra_size = _LOCAL_HEADER.unpack_from(self.mapped, entry.header_offset)
        start = entry.header_offset + _LOCAL_HEADER.size + name_size + extra_size
        data = memoryview(self.mapped)[start : start + entry.file_size]
        if signature != ZIP_START or len(data) < entry.file_size:
            raise ValueError(f"its record '{name}' lies outside of the file")
        return data


def read_legacy(mapped: mmap.mmap, stand_ins: StandIns) -> Any:
    """Read the older format: magic number, version, machine, content, storage names, then their bytes."""
    if unpickled(mapped, stand_ins) != _LEGACY_MAGIC or unpickled(mapped, stand_ins) != _LEGACY_VERSION:
        raise ValueError("torch.save did not write it")
    unpickled(mapped, stand_ins)
    storages: dict[Any, Storage] = {}
    free = len(mapped)

    def storage(name: str, kind: StorageKind, count: int, part: Any) -> Storage:
        nonlocal free
        if name not in storages:
            free -= count * kind.itemsize
            if free < 0:
                raise ValueError("its tensors claim more bytes than the file has")
            storages[name] = Storage(np.empty(count * kind.itemsize, np.uint8).data, kind)
        whole = storages[name]
        if part is None:
            return whole
        _, start, size = part
        data = whole.data[operator.index(start) * kind.itemsize :][: operator.index(size) * kind.itemsize]
        return Storage(data, kind)

    content = unpickled(mapped, stand_ins, with_storages(storage))
    for name in map(text, unpickled(mapped, stand_ins)):
        count, kind = struct.unpack("<q", mapped.read(8))[0], storages[name].kind
        target = storages.pop(name).data
        if count * kind.itemsize != len(target):
            raise ValueError(f"storage {name} has {count} numbers where {len(target) // kind.itemsize} belong")
        start = mapped.tell()
        target[:] = memoryview(mapped)[start : start + len(target)]
        mapped.seek(start + len(target))
    if storages:
        raise ValueError(f"its storage {next(iter(storages))} is missing")
    return content


def unpickled(mapped: mmap.mmap, stand_ins: StandIns, storage: Callable[[Any], Any] | None = None) -> Any:
    """Return the value of the pickle at the reading position."""
    return Unpickler(mapped, stand_ins.resolve, storage or no_storage).load()


def no_storage(_: Any) -> None:
    raise ValueError("a tensor where none belongs")


def with_storages(find: Callable[[str, StorageKind, int, Any], Storage]) -> Callable[[Any], Storage]:
    """Return what takes apart and checks a persistent id for ``find``."""

    def storage(name: Any) -> Storage:
        tag, kind, key, _, count, *part = name
        if tag != "storage" or not isinstance(kind, StorageKind) or type(count) is not int:
            raise ValueError("a reference that is no storage")
        if count < 0:
            raise ValueError(f"a storage of {count} numbers")
        return find(text(key), kind, count, part[0] if part else None)

    return storage
