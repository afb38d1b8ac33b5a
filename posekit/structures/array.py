"""What numpy arrays and torch tensors have in common, without importing torch."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np

Array: TypeAlias = Any
"""A numpy array or a torch tensor; functions return the kind they were given, on its device."""


def is_tensor(value: object) -> bool:
    """Whether ``value`` is a torch tensor; False without a look at torch while nothing has imported it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_array(value: object) -> bool:
    return isinstance(value, np.ndarray) or is_tensor(value)


def is_sequence(value: Any) -> bool:
    """Whether ``value`` is a list or a tuple."""
    return isinstance(value, (list, tuple))


def namespace(*arrays: Array) -> Any:
    """Return the array API functions that go with the arrays: numpy's, or torch's under the same names."""
    if any(is_tensor(array) for array in arrays):
        import array_api_compat.torch as xp
    else:
        import array_api_compat.numpy as xp
    return xp


def to_numpy(value: Array) -> np.ndarray:
    """Return ``value`` as a numpy array; a tensor is detached and moved to the CPU."""
    if is_tensor(value):
        return value.detach().cpu().numpy()
    return np.asarray(value)


def plain(value: Any) -> Any:
    """Return nested containers as dicts and lists, numpy arrays and numbers in them as python's."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in cast("Sequence[Any]", value)]
    return cast("Any", value).tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def asarray_like(value: Any, like: Array, dtype: Any = None) -> Array:
    """Return ``value`` as an array of the kind and on the device of ``like``, by default with its dtype."""
    if is_tensor(like):
        return namespace(like).asarray(value, dtype=dtype or like.dtype, device=like.device)
    return np.asarray(to_numpy(value), dtype=dtype or like.dtype)
