"""What the names in a checkpoint stand for.

A class or function that a checkpoint names becomes one of these, or the file is refused. None of them imports,
calls or opens anything that the checkpoint chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from posekit.checkpoints.plain_makers import PLAIN_MAKERS, encode, ordered
from posekit.checkpoints.tensors import ALIASES, ITEMSIZES, STORAGES, Storage, StoredTensor, stored_tensor
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
    "torch.device": device,
}
"""Functions of this package that take the place of those that checkpoints name."""

ONLY_NAMED = (
    "numpy.ndarray",
    "torch.Tensor",
    "torch.nn.parameter.Parameter",
    *(f"builtins.{name}" for name in ("dict", "list", "int", "float", "str")),
)
"""Classes that checkpoints mention as arguments only."""


class StandIns:
    """Makers of what a checkpoint names, with tensors as its file keeps them.

    A subclass makes tensors of another kind.
    """

    tensor_type: type = StoredTensor
    size_type: type = tuple

    def __init__(self) -> None:
        self.makers = {
            **MAKERS,
            "torch.Size": lambda sides=(): self.size_type(sides),
            "torch._utils._rebuild_tensor": self.rebuild_tensor,
            "torch._utils._rebuild_tensor_v2": self.rebuild_tensor,
            "torch._utils._rebuild_tensor_v3": self.rebuild_tensor_v3,
            "torch._utils._rebuild_parameter": self.rebuild_parameter,
            "torch._utils._rebuild_parameter_with_state": self.rebuild_parameter,
            "torch._tensor._rebuild_from_type_v2": self.rebuild_like,
        }

    def tensor(self, stored: StoredTensor) -> Any:
        """Return what a tensor of the file becomes."""
        return stored

    def dtype(self, name: str) -> Any:
        """Return what the dtype of a name becomes."""
        return name

    def rebuild_tensor(self, storage: Storage, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> Any:
        """Return a view of a storage; ``offset`` and ``stride`` count numbers, not bytes."""
        return self.tensor(stored_tensor(storage, None, offset, size, stride))

    def rebuild_tensor_v3(
        self, storage: Storage, offset: int, size: Sequence[int], stride: Sequence[int], *rest: Any
    ) -> Any:
        """Return a view whose dtype is the third of ``rest``, as for those that have no class of storages."""
        dtype = str(rest[2]).removeprefix("torch.")
        return self.tensor(stored_tensor(storage, dtype, offset, size, stride))

    def rebuild_parameter(self, data: Any, *_: Any) -> Any:
        """Return a parameter's values."""
        if not isinstance(data, self.tensor_type):
            raise ValueError(f"a parameter made of a {type(data).__name__}")
        return data

    def rebuild_like(self, maker: Maker, _: Any, args: tuple[Any, ...], *__: Any) -> Any:
        """Return the plain tensor behind one of a subclass or with attributes."""
        return self.rebuild_parameter(maker.make(*args))

    def resolve(self, name: str) -> Any:
        """Return what a name in a checkpoint stands for.

        Raises:
            RefusedNameError: if it has no maker.
        """
        if name in self.makers:
            return Maker(name, self.makers[name])
        if name in ONLY_NAMED:
            return name
        package, _, last = name.rpartition(".")
        if package in ("torch", "torch.storage", "torch.cuda") and last in STORAGES:
            return STORAGES[last]
        if package == "torch" and ALIASES.get(last, last) in ITEMSIZES:
            return self.dtype(ALIASES.get(last, last))
        if name.startswith(BOOKKEEPING):
            return Maker(name, ordered if last.endswith("Dict") else lambda *args: Inert(last, args))
        raise RefusedNameError(name)
