"""What the names in a checkpoint stand for.

A class or function that a checkpoint names becomes one of these, or the file is refused. None of them imports,
calls or opens anything that the checkpoint chooses.
"""

from __future__ import annotations

from typing import Any

import torch

from posekit.checkpoints.plain_makers import PLAIN_MAKERS, encode, ordered
from posekit.checkpoints.tensors import STORAGES, rebuild_like, rebuild_parameter, rebuild_tensor, rebuild_tensor_v3
from posekit.checkpoints.unpickle import Maker, RefusedNameError, key, text

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


def named(owner: Any, name: str) -> str:
    """Stand for ``getattr``: name the attribute instead of reading it."""
    kind = owner.name if isinstance(owner, Maker) else type(owner).__name__
    return f"{kind.rsplit('.', 1)[-1]}.{text(name)}"


def device(kind: str, index: int = 0) -> str:
    """Stand for ``torch.device``: all tensors are read to the CPU."""
    return f"{text(kind)}:{int(index)}" if index else text(kind)


MAKERS = {
    **PLAIN_MAKERS,
    "builtins.getattr": named,
    "builtins.frozenset": lambda items=(): frozenset(map(key, items)),
    "builtins.complex": complex,
    "builtins.bytearray": encode,
    "collections.Counter": ordered,
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
        RefusedNameError: if it has no maker.
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
