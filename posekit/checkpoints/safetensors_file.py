"""The file format of safetensors: a size, a header in JSON, and the numbers one after the other."""

from __future__ import annotations

import json
import math
import mmap
import struct
from pathlib import Path
from typing import Any

from posekit.checkpoints.tensors import ITEMSIZES, Storage, StorageKind, StoredTensor, stored_tensor

MAX_HEADER_BYTES = 100_000_000
DTYPES = {
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    "BOOL": "bool",
    "BF16": "bfloat16",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
}
"""Names of torch for those of the format."""


def read_safetensors(path: Path) -> tuple[dict[str, StoredTensor], dict[str, str]]:
    """Return tensors by key, in the order of the keys, and the texts beside them; numbers are mapped from the file.

    Raises:
        ValueError: if the file is damaged, or its tensors do not fill it exactly.
    """
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    size = struct.unpack("<Q", mapped[:8].ljust(8, b"\xff"))[0]
    if size > min(MAX_HEADER_BYTES, len(mapped) - 8):
        raise ValueError("its header is larger than the file, or than a header may be")
    header = json.loads(mapped[8 : 8 + size])
    if not isinstance(header, dict):
        raise ValueError("its header is no dict")
    texts = header.pop("__metadata__", None) or {}
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("its meta information is no dict of texts")
    numbers = memoryview(mapped)[8 + size :]
    require_filled(header, len(numbers))
    return {key: tensor_of(header[key], numbers) for key in sorted(header)}, texts


def require_filled(header: dict[str, Any], size: int) -> None:
    """Refuse tensors that overlap, leave a gap, or end elsewhere than the file.

    Raises:
        ValueError: if there are any.
    """
    end = 0
    for start, stop in sorted(tuple(entry["data_offsets"]) for entry in header.values()):
        if not (type(start) is type(stop) is int and end == start <= stop):
            raise ValueError("its tensors overlap, or leave a gap")
        end = stop
    if end != size:
        raise ValueError(f"its tensors take {end} bytes, but {size} follow the header")


def tensor_of(entry: dict[str, Any], numbers: memoryview) -> StoredTensor:
    """Return a tensor of the header.

    Raises:
        ValueError: if its dtype is unknown, or its shape and its bytes do not agree.
    """
    dtype, shape = DTYPES.get(entry["dtype"]), entry["shape"]
    if dtype is None:
        raise ValueError(f"numbers of kind {entry['dtype']}, which posekit does not read")
    start, stop = entry["data_offsets"]
    if any(type(side) is not int or side < 0 for side in shape) or math.prod(shape) * ITEMSIZES[dtype] != stop - start:
        raise ValueError(f"a tensor of shape {shape} has {stop - start} bytes")
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    return stored_tensor(Storage(numbers[start:stop], StorageKind(dtype)), None, 0, shape, strides)
