"""Tensors of a checkpoint, as views of its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from posekit.checkpoints.unpickle import Maker

MAX_DIMS, MAX_COUNT = 16, 2**63


class StorageKind(NamedTuple):
    """What is kept in a storage; bytes of any kind without a dtype."""

    dtype: torch.dtype | None

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize if self.dtype is not None else 1


STORAGES = {
    "DoubleStorage": StorageKind(torch.float64),
    "FloatStorage": StorageKind(torch.float32),
    "HalfStorage": StorageKind(torch.float16),
    "BFloat16Storage": StorageKind(torch.bfloat16),
    "LongStorage": StorageKind(torch.int64),
    "IntStorage": StorageKind(torch.int32),
    "ShortStorage": StorageKind(torch.int16),
    "CharStorage": StorageKind(torch.int8),
    "ByteStorage": StorageKind(torch.uint8),
    "BoolStorage": StorageKind(torch.bool),
    "ComplexFloatStorage": StorageKind(torch.complex64),
    "ComplexDoubleStorage": StorageKind(torch.complex128),
    "UntypedStorage": StorageKind(None),
}
"""Storages by the class that torch names for them."""


class Storage(NamedTuple):
    """Writable bytes that tensors share."""

    data: memoryview
    kind: StorageKind


def rebuild_tensor(storage: Storage, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> Tensor:
    """Return a view of a storage; ``offset`` and ``stride`` count numbers, not bytes."""
    return view(storage, None, offset, size, stride)


def rebuild_tensor_v3(storage: Storage, offset: int, size: Sequence[int], stride: Sequence[int], *rest: Any) -> Tensor:
    """Return a view whose dtype is the third of ``rest``, as for those that have no class of storages."""
    return view(storage, rest[2], offset, size, stride)


def rebuild_parameter(data: Tensor, *_: Any) -> Tensor:
    """Return a parameter's values."""
    if not isinstance(data, Tensor):
        raise ValueError(f"a parameter made of a {type(data).__name__}")
    return data


def rebuild_like(maker: Maker, _: Any, args: tuple[Any, ...], *__: Any) -> Tensor:
    """Return the plain tensor behind one of a subclass or with attributes."""
    return rebuild_parameter(maker.make(*args))


def view(
    storage: Storage, dtype: torch.dtype | None, offset: int, size: Sequence[int], stride: Sequence[int]
) -> Tensor:
    """Return a view of a storage, by default of its own dtype, after checking that it lies in it and repeats nothing.

    Raises:
        ValueError: otherwise. Torch's own checks count in 64 bits and let expanded tensors of any size pass.
    """
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    dtype = dtype or storage.kind.dtype or torch.uint8
    numbers = (offset, *size, *stride)
    are_counts = all(type(number) is int and 0 <= number < MAX_COUNT for number in numbers)
    if not are_counts or len(size) != len(stride) or len(size) > MAX_DIMS:
        raise ValueError("a tensor whose shape, strides or offset are no counts")
    count = len(storage.data) // dtype.itemsize
    if 0 in size:
        return torch.empty(size, dtype=dtype)
    numel, extent = 1, 1
    for side, step in zip(size, stride, strict=True):
        numel, extent = numel * side, extent + (side - 1) * step
    if offset + extent > count or numel > extent:
        raise ValueError(
            f"a tensor of shape {tuple(size)} with strides {tuple(stride)} from {offset}, but {count} numbers"
        )
    return torch.frombuffer(storage.data, dtype=dtype, count=count).as_strided(tuple(size), tuple(stride), offset)
