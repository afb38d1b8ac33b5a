"""Tensors as a checkpoint's file keeps them: where their numbers lie, and how they are read.

Nothing here needs torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

MAX_DIMS, MAX_COUNT = 16, 2**63

ITEMSIZES = {
    **dict.fromkeys(("bool", "int8", "uint8", "qint8", "quint8", "quint4x2", "quint2x4"), 1),
    **dict.fromkeys(("bits1x8", "bits2x4", "bits4x2", "bits8", "float8_e5m2", "float8_e4m3fn"), 1),
    **dict.fromkeys(("float8_e5m2fnuz", "float8_e4m3fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2"), 1),
    **dict.fromkeys((f"{sign}{bits}" for sign in ("int", "uint") for bits in range(1, 8)), 1),
    **dict.fromkeys(("int16", "uint16", "float16", "bfloat16", "bits16"), 2),
    **dict.fromkeys(("int32", "uint32", "float32", "complex32", "qint32"), 4),
    **dict.fromkeys(("int64", "uint64", "float64", "complex64"), 8),
    "complex128": 16,
}
"""Bytes of a number by the name that torch has for its dtype."""

ALIASES = {
    "half": "float16",
    "float": "float32",
    "double": "float64",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "chalf": "complex32",
    "cfloat": "complex64",
    "cdouble": "complex128",
}
"""Second names of dtypes."""


class StorageKind(NamedTuple):
    """What is kept in a storage: the name of a dtype, or None for bytes of any kind."""

    dtype: str | None

    @property
    def itemsize(self) -> int:
        return ITEMSIZES[self.dtype] if self.dtype is not None else 1


STORAGES = {
    "DoubleStorage": StorageKind("float64"),
    "FloatStorage": StorageKind("float32"),
    "HalfStorage": StorageKind("float16"),
    "BFloat16Storage": StorageKind("bfloat16"),
    "LongStorage": StorageKind("int64"),
    "IntStorage": StorageKind("int32"),
    "ShortStorage": StorageKind("int16"),
    "CharStorage": StorageKind("int8"),
    "ByteStorage": StorageKind("uint8"),
    "BoolStorage": StorageKind("bool"),
    "ComplexFloatStorage": StorageKind("complex64"),
    "ComplexDoubleStorage": StorageKind("complex128"),
    "UntypedStorage": StorageKind(None),
}
"""Storages by the class that torch names for them."""


class Storage(NamedTuple):
    """Writable bytes that tensors share."""

    data: memoryview
    kind: StorageKind


class StoredTensor(NamedTuple):
    """A view of a storage, checked to lie in it; ``offset`` and ``stride`` count numbers, not bytes.

    Attributes:
        data: bytes of the whole storage.
        dtype: name of the dtype, without ``torch.``.
        shape, stride, offset: as torch has them.
    """

    data: memoryview
    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int

    def numel(self) -> int:
        return math.prod(self.shape)

    @property
    def place(self) -> tuple[Any, ...]:
        """Key that is equal for tensors that are the same numbers."""
        start = np.frombuffer(self.data, np.uint8).ctypes.data if len(self.data) else 0
        return start, self.dtype, self.shape, self.stride, self.offset

    def numbers(self, dtype: Any) -> np.ndarray:
        """Return the numbers as an array of a numpy dtype of the same size."""
        flat = np.frombuffer(self.data, dtype, len(self.data) // ITEMSIZES[self.dtype])
        steps = [step * flat.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, steps, writeable=False)


def stored_tensor(
    storage: Storage, dtype: str | None, offset: int, size: Sequence[int], stride: Sequence[int]
) -> StoredTensor:
    """Return a view of a storage, by default of its own dtype, after checking that it lies in it and repeats nothing.

    Raises:
        ValueError: otherwise. Torch's own checks count in 64 bits and let expanded tensors of any size pass.
    """
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    dtype = dtype or storage.kind.dtype or "uint8"
    if dtype not in ITEMSIZES:
        raise ValueError("a tensor of no known dtype")
    numbers = (offset, *size, *stride)
    are_counts = all(type(number) is int and 0 <= number < MAX_COUNT for number in numbers)
    if not are_counts or len(size) != len(stride) or len(size) > MAX_DIMS:
        raise ValueError("a tensor whose shape, strides or offset are no counts")
    count = len(storage.data) // ITEMSIZES[dtype]
    numel, extent = 1, 1
    for side, step in zip(size, stride, strict=True):
        numel, extent = numel * side, extent + (side - 1) * step
    if 0 not in size and (offset + extent > count or numel > extent):
        raise ValueError(
            f"a tensor of shape {tuple(size)} with strides {tuple(stride)} from {offset}, but {count} numbers"
        )
    return StoredTensor(storage.data, dtype, tuple(size), tuple(stride), offset)
