"""What numpy arrays and torch tensors have in common, without importing torch."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeGuard, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


class Array(Protocol):
    """A numpy array or a torch tensor; functions return the kind they were given, on its device."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def dtype(self) -> Any: ...
    @property
    def device(self) -> Any: ...
    @property
    def T(self) -> Any: ...  # noqa: N802
    @property
    def reshape(self) -> Callable[..., Any]: ...
    @property
    def sum(self) -> Callable[..., Any]: ...
    @property
    def min(self) -> Callable[..., Any]: ...
    @property
    def max(self) -> Callable[..., Any]: ...
    @property
    def any(self) -> Callable[..., Any]: ...
    @property
    def all(self) -> Callable[..., Any]: ...
    @property
    def clip(self) -> Callable[..., Any]: ...
    @property
    def round(self) -> Callable[..., Any]: ...

    def __array__(self) -> Any: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __getitem__(self, index: Any, /) -> Any: ...
    def __setitem__(self, index: Any, value: Any, /) -> None: ...
    def __neg__(self) -> Any: ...
    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __rtruediv__(self, other: Any, /) -> Any: ...
    def __floordiv__(self, other: Any, /) -> Any: ...
    def __mod__(self, other: Any, /) -> Any: ...
    def __pow__(self, other: Any, /) -> Any: ...
    def __matmul__(self, other: Any, /) -> Any: ...
    def __lt__(self, other: Any, /) -> Any: ...
    def __le__(self, other: Any, /) -> Any: ...
    def __gt__(self, other: Any, /) -> Any: ...
    def __ge__(self, other: Any, /) -> Any: ...


ArrayT = TypeVar("ArrayT", bound=Array)
"""The kind of array that a function is given and returns: numpy arrays or torch tensors."""

_P = ParamSpec("_P")
_R = TypeVar("_R")


def is_tensor(value: object) -> TypeGuard[Tensor]:
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


def asarray_like(value: Any, like: ArrayT, dtype: Any = None) -> ArrayT:
    """Return ``value`` as an array of the kind and on the device of ``like``, by default with its dtype."""
    if is_tensor(like):
        return namespace(like).asarray(value, dtype=dtype or like.dtype, device=like.device)
    return cast("ArrayT", np.asarray(to_numpy(value), dtype=dtype or like.dtype))


def on_cpu(tensor: Array) -> bool:
    """Whether a tensor lies in the memory that numpy reaches."""
    return tensor.device.type == "cpu"


def numpy_on_cpu(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let a function of the array API compute with numpy where its tensors lie on the CPU; it returns tensors.

    numpy starts an operation several times faster than torch, which is most of the time where arrays are small.
    Memory is shared, gradients are not kept.
    """

    @functools.wraps(function)
    def compute(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        tensors = [value for value in (*args, *kwargs.values()) if is_tensor(value)]
        if not tensors or not all(map(on_cpu, tensors)):
            return function(*args, **kwargs)
        named = {name: _as_numpy(value) for name, value in kwargs.items()}
        return _as_tensors(cast("Any", function)(*map(_as_numpy, args), **named))

    return compute


def _as_numpy(value: Any) -> Any:
    if not is_tensor(value):
        return value
    # numpy has no bfloat16.
    return to_numpy(value.float() if value.dtype == namespace(value).bfloat16 else value)


def _as_tensors(value: Any) -> Any:
    """Return arrays, in dicts and tuples as well, as tensors."""
    if isinstance(value, dict):
        return {key: _as_tensors(item) for key, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, tuple):
        return tuple(_as_tensors(item) for item in cast("tuple[Any, ...]", value))
    return sys.modules["torch"].from_numpy(value) if isinstance(value, np.ndarray) else value
