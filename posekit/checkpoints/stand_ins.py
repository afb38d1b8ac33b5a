"""What the names in a checkpoint stand for.

A class or function that a checkpoint names becomes one of these, or the file is refused. None of them imports,
calls or opens anything that the checkpoint chooses.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from posekit.checkpoints.errors import RefusedNameError
from posekit.checkpoints.tensors import STORAGES, rebuild_like, rebuild_parameter, rebuild_tensor, rebuild_tensor_v3
from posekit.checkpoints.unpickle import Maker, key

BOOKKEEPING = (
    "mmengine.",
    "mmcv.",
    "mmpose.",
    "mmdet.",
    "mmcls.",
    "mmpretrain.",
    "addict.",
    "argparse.",
    "easydict.",
    "lightning.",
    "omegaconf.",
    "pathlib.",
    "pytorch_lightning.",
    "yacs.",
)
"""Packages whose classes become inert: training logs, configs, arguments, callbacks' states."""
MAX_NAME = 1000


class Inert:
    """Stands for an object of a bookkeeping class: keeps the state it is given and does nothing."""

    def __init__(self, kind: str, args: tuple[Any, ...]) -> None:
        self.kind = kind
        self.args = args
        self.state: Any = None

    def build(self, state: Any) -> None:
        self.state = state

    def __repr__(self) -> str:
        return f"<{self.kind}>"


class PlainDtype:
    """Stands for ``numpy.dtype``: a number, boolean, string or time type, never objects."""

    def __init__(self, code: str, *flags: Any) -> None:
        dtype = np.dtype(text(code))
        if dtype.kind not in "biufcSUmM":
            raise ValueError(f"arrays of dtype '{dtype}' are not read; only numbers, booleans, strings and times are")
        self.dtype = dtype

    def build(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(state[1]) if state[1] in ("<", ">") else self.dtype


def text(value: Any) -> str:
    """Return ``value``, a text of moderate length.

    Raises:
        ValueError: if it is anything else.
    """
    if type(value) is not str or len(value) > MAX_NAME:
        raise ValueError("no short text where one belongs")
    return value


def named(owner: Any, name: str) -> str:
    """Stand for ``getattr``: name the attribute instead of reading it."""
    kind = owner.name if isinstance(owner, Maker) else type(owner).__name__
    return f"{kind.rsplit('.', 1)[-1]}.{text(name)}"


def device(kind: str, index: int = 0) -> str:
    """Stand for ``torch.device``: all tensors are read to the CPU."""
    return f"{text(kind)}:{int(index)}" if index else text(kind)


def encode(content: str, encoding: str = "latin1") -> bytes:
    """Stand for ``_codecs.encode``, by which bytes are written as text; other encodings could grow their input."""
    if text(encoding) not in ("latin1", "latin-1"):
        raise ValueError(f"bytes in encoding {encoding!r}")
    return content.encode("latin-1")


def ordered(pairs: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = (), **_: Any) -> OrderedDict[Any, Any]:
    """Stand for all kinds of dicts."""
    pairs = pairs.items() if type(pairs) in (dict, OrderedDict) else pairs  # pyright: ignore[reportAttributeAccessIssue]
    return OrderedDict((key(name), value) for name, value in pairs)


def scalar(kind: PlainDtype, data: bytes) -> Any:
    """Stand for numpy's ``scalar``."""
    return np.frombuffer(data, dtype=kind.dtype, count=1)[0]


MAKERS = {
    "builtins.getattr": named,
    "builtins.set": lambda items=(): set(map(key, items)),
    "builtins.frozenset": lambda items=(): frozenset(map(key, items)),
    "builtins.complex": complex,
    "builtins.bytearray": encode,
    "_codecs.encode": encode,
    "collections.OrderedDict": ordered,
    "collections.Counter": ordered,
    "collections.defaultdict": lambda *_: OrderedDict(),
    "numpy.dtype": PlainDtype,
    "numpy.core.multiarray._reconstruct": lambda *_: np.empty(0, np.uint8),
    "numpy.core.multiarray.scalar": scalar,
    "numpy._core.multiarray._reconstruct": lambda *_: np.empty(0, np.uint8),
    "numpy._core.multiarray.scalar": scalar,
    "torch.Size": lambda sides=(): torch.Size(sides),
    "torch.device": device,
    "torch._utils._rebuild_tensor": rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": rebuild_tensor,
    "torch._utils._rebuild_tensor_v3": rebuild_tensor_v3,
    "torch._utils._rebuild_parameter": rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": rebuild_parameter,
    "torch._tensor._rebuild_from_type_v2": rebuild_like,
}
"""Functions of this package that take the place of those that checkpoints name."""

ONLY_NAMED = (
    "numpy.ndarray",
    "torch.Tensor",
    "torch.nn.parameter.Parameter",
    *(f"builtins.{name}" for name in ("dict", "list", "int", "float", "str")),
)
"""Classes that checkpoints mention as arguments only."""


def resolve(name: str) -> Any:
    """Return what a name in a checkpoint stands for.

    Raises:
        RefusedNameError: if it stands for nothing.
    """
    if name in MAKERS:
        return Maker(name, MAKERS[name])
    if name in ONLY_NAMED:
        return name
    package, _, last = name.rpartition(".")
    if package in ("torch", "torch.storage", "torch.cuda") and last in STORAGES:
        return STORAGES[last]
    if package == "torch" and isinstance(dtype := vars(torch).get(last), torch.dtype):
        return dtype
    if name.startswith(BOOKKEEPING):
        return Maker(name, ordered if last.endswith("Dict") else lambda *args: Inert(last, args))
    raise RefusedNameError(name)
