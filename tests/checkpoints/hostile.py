"""Checkpoint files made by hand, instruction by instruction."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

ZEROS = b"\0" * 16


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def integer(value: int) -> bytes:
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def group(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def call(name: str, *arguments: bytes) -> bytes:
    module, _, attribute = name.rpartition(".")
    return f"c{module}\n{attribute}\n".encode() + group(*arguments) + b"R"


def storage(count: int, key: str = "0", kind: str = "FloatStorage") -> bytes:
    return group(text("storage"), f"ctorch\n{kind}\n".encode(), text(key), text("cpu"), integer(count)) + b"Q"


def tensor(size: list[int], stride: list[int], *, offset: int = 0, count: int = 4, key: str = "0") -> bytes:
    shape, steps = (group(*map(integer, numbers)) for numbers in (size, stride))
    return call("torch._utils._rebuild_tensor_v2", storage(count, key), integer(offset), shape, steps, b"\x89", b"N")


def write(path: Path, body: bytes, records: dict[str, bytes] | None = None) -> Path:
    """Write an archive as torch does, around the pickle of one value; storage 0 is four floats."""
    records = {"data.pkl": b"\x80\x02" + body + b".", "byteorder": b"little", "data/0": ZEROS} | (records or {})
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in records.items():
            archive.writestr(f"archive/{name}" if "/.." not in name else name, data)
    return path
