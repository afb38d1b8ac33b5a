"""A pickle interpreter that makes plain data and nothing else.

Python's own unpickler calls whatever a file names and allocates whatever it declares. This one knows only the
instructions that data needs, calls nothing but a ``Maker``, and counts what it makes. Nothing here prints or
hashes a value of the file before it is known to be flat: nested tuples that share parts can take forever.
"""

from __future__ import annotations

import math
import struct
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

MAX_STEPS = 5_000_000
"""Instructions of one pickle; the longest training logs have some hundred thousand."""
MAX_BYTES = 512 * 2**20
"""What objects made by ``Maker`` may take in all; weights are not among them, they stay in the file."""
MAX_NAME = 1000
_ATOMS = (str, int, float, complex, bool, bytes, type(None))


class RefusedNameError(ValueError):
    """A checkpoint names a class or function that posekit does not know."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class ByteSource(Protocol):
    """A file or buffer that is read from front to back."""

    def read(self, size: int, /) -> bytes: ...

    def readline(self) -> bytes: ...


class Maker(NamedTuple):
    """Replacement of a class or function: the only thing that is ever called."""

    name: str
    make: Callable[..., Any]


class Builds(Protocol):
    """An object that takes a state after it was made."""

    def build(self, state: Any) -> None: ...


def key(value: Any) -> Any:
    """Return ``value`` if it may be a key or a member of a set.

    Raises:
        ValueError: otherwise.
    """
    parts = value if type(value) is tuple and len(value) <= 8 else (value,)
    if any(type(part) not in _ATOMS and not isinstance(part, np.number) for part in parts):
        raise ValueError(f"a {type(value).__name__} as a key; only texts, numbers and short tuples of them are read")
    return value


def text(value: Any) -> str:
    """Return ``value``, a text of moderate length.

    Raises:
        ValueError: if it is anything else.
    """
    if type(value) is not str or len(value) > MAX_NAME:
        raise ValueError("no short text where one belongs")
    return value


class PlainDtype:
    """Stands for ``numpy.dtype``: a number, boolean, string or time type, never objects."""

    def __init__(self, code: str, *flags: Any) -> None:
        dtype = np.dtype(text(code))
        if dtype.kind not in "biufcSUmM":
            raise ValueError(f"arrays of dtype '{dtype}' are not read; only numbers, booleans, strings and times are")
        self.dtype = dtype

    def build(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(state[1]) if state[1] in ("<", ">") else self.dtype


class Unpickler:
    """Reads one pickle.

    Args:
        source: bytes, at the start of the pickle.
        resolve: lookup of the maker of a name; raises RefusedNameError for unknown names.
        storage: function that turns a persistent id into what the file keeps outside of the pickle.
        max_steps, max_bytes: in place of ``MAX_STEPS`` and ``MAX_BYTES``.

    Raises:
        Exception: of any kind, from ``load``, where the pickle is damaged; nothing was run then either.
    """

    def __init__(
        self,
        source: ByteSource,
        resolve: Callable[[str], Any],
        storage: Callable[[Any], Any],
        *,
        max_steps: int | None = None,
        max_bytes: int | None = None,
    ) -> None:
        self.source, self.resolve, self.storage = source, resolve, storage
        self.max_steps, self.max_bytes = max_steps or MAX_STEPS, max_bytes or MAX_BYTES
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.made_bytes = 0

    def load(self) -> Any:
        read = self.source.read
        for _ in range(self.max_steps):
            code = read(1)
            if code == b".":
                return self.stack.pop()
            step = STEPS.get(code)
            if step is None:
                raise ValueError(f"unknown instruction {code!r}" if code else "the data end early")
            step(self)
        raise ValueError(f"more than {self.max_steps} instructions")

    def take(self, size: int) -> bytes:
        data = self.source.read(size)
        if len(data) != size:
            raise ValueError("the data end early")
        return data

    def number(self, kind: str) -> Any:
        if kind == "<B":  # most are
            return self.take(1)[0]
        return struct.unpack(kind, self.take(struct.calcsize(kind)))[0]

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise ValueError("a tuple of more than there is")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def text(self, kind: str) -> None:
        self.push(self.take(self.number(kind)).decode("utf-8", "surrogatepass"))

    def old_text(self, kind: str) -> None:
        """Read a text of Python 2, which kept bytes in them too."""
        data = self.take(self.number(kind))
        try:
            self.push(data.decode())
        except UnicodeDecodeError:
            self.push(data)

    def name(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise ValueError("a name that is no text")
        module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
        self.push(self.resolve(f"{module}.{name}"))

    def make(self) -> None:
        arguments, maker = self.stack.pop(), self.stack.pop()
        if type(maker) is not Maker or type(arguments) is not tuple:
            raise ValueError(f"a call of a {type(maker).__name__}, which is no class or function")
        self.push(self.counted(maker.make(*arguments)))

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if hasattr(target, "build"):
            target.build(state)
        elif type(target) is np.ndarray:
            self.set_array(target, state)
        elif type(target) is not OrderedDict:  # its state is what code has put on it, such as versions of modules
            raise ValueError(f"a state for a {type(target).__name__}")
        self.counted(target)

    def set_array(self, array: np.ndarray, state: Any) -> None:
        """Fill an array; its bytes must fill its shape exactly, and its dtype be one of plain values."""
        version, shape, kind, fortran, data = state
        if not isinstance(kind, PlainDtype) or type(data) is not bytes:
            raise ValueError("an array holds objects; only numbers, booleans, strings and times are read")
        if len(data) != num_values(shape) * kind.dtype.itemsize:
            raise ValueError(f"an array has {len(data)} bytes for shape {shape} of {kind.dtype}")
        array.__setstate__((version, shape, kind.dtype, fortran is True, data))  # pyright: ignore[reportArgumentType]

    def counted(self, value: Any) -> Any:
        self.made_bytes += sys.getsizeof(value)
        if self.made_bytes > self.max_bytes:
            raise ValueError(f"its bookkeeping would take more than {self.max_bytes // 2**20} MiB of memory")
        return value

    def extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is list:
            target.extend(items)
        elif type(target) is set:
            target.update(map(key, items))
        elif not hasattr(target, "build"):  # those are inert, no matter what they hold
            raise ValueError(f"items for a {type(target).__name__}")

    def push_dict(self, items: list[Any]) -> None:
        self.push({})
        self.set_items(items)

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) in (dict, OrderedDict):
            for name, value in zip(items[::2], items[1::2], strict=True):
                target[key(name)] = value
        elif not hasattr(target, "build"):
            raise ValueError(f"keys for a {type(target).__name__}")


def num_values(shape: Any) -> int:
    """Return how many values an array of this shape has.

    Raises:
        ValueError: if it is no shape.
    """
    if type(shape) is not tuple or any(type(side) is not int or side < 0 for side in shape):
        raise ValueError("an array has no proper shape")
    return math.prod(shape)


def _line(self: Unpickler) -> str:
    return self.source.readline().rstrip(b"\n").decode()


def _whole_number(line: str) -> int:
    return {"00": False, "01": True}.get(line, int(line))


def _remember(self: Unpickler, index: int) -> None:
    self.memo[index] = self.stack[-1]


Step = Callable[[Unpickler], object]
STEPS: dict[bytes, Step] = {
    b"\x80": lambda self: self.take(1),  # the protocol
    b"\x95": lambda self: self.take(8),  # a frame
    b"N": lambda self: self.push(None),
    b"\x88": lambda self: self.push(True),
    b"\x89": lambda self: self.push(False),
    b"J": lambda self: self.push(self.number("<i")),
    b"K": lambda self: self.push(self.number("<B")),
    b"M": lambda self: self.push(self.number("<H")),
    b"G": lambda self: self.push(self.number(">d")),
    b"\x8a": lambda self: self.push(int.from_bytes(self.take(self.number("<B")), "little", signed=True)),
    b"X": lambda self: self.text("<I"),
    b"\x8c": lambda self: self.text("<B"),
    b"T": lambda self: self.old_text("<I"),
    b"U": lambda self: self.old_text("<B"),
    b"B": lambda self: self.push(self.take(self.number("<I"))),
    b"\x8e": lambda self: self.push(self.take(self.number("<Q"))),
    b"\x96": lambda self: self.push(self.take(self.number("<Q"))),
    b"C": lambda self: self.push(self.take(self.number("<B"))),
    b")": lambda self: self.push(()),
    b"]": lambda self: self.push([]),
    b"}": lambda self: self.push({}),
    b"\x8f": lambda self: self.push(set()),
    b"(": Unpickler.mark,
    b"t": lambda self: self.push(tuple(self.pop_mark())),
    b"\x85": lambda self: self.tuple_of(1),
    b"\x86": lambda self: self.tuple_of(2),
    b"\x87": lambda self: self.tuple_of(3),
    b"a": lambda self: self.extend([self.stack.pop()]),
    b"e": lambda self: self.extend(self.pop_mark()),
    b"\x90": lambda self: self.extend(self.pop_mark()),
    b"s": lambda self: self.set_items([self.stack.pop(-2), self.stack.pop()]),
    b"u": lambda self: self.set_items(self.pop_mark()),
    b"q": lambda self: _remember(self, self.number("<B")),
    b"r": lambda self: _remember(self, self.number("<I")),
    b"\x94": lambda self: _remember(self, len(self.memo)),
    b"h": lambda self: self.push(self.memo[self.number("<B")]),
    b"j": lambda self: self.push(self.memo[self.number("<I")]),
    b"I": lambda self: self.push(_whole_number(_line(self))),
    b"L": lambda self: self.push(int(_line(self).removesuffix("L"))),
    b"F": lambda self: self.push(float(_line(self))),
    b"V": lambda self: self.push(self.source.readline().rstrip(b"\n").decode("raw_unicode_escape")),
    b"p": lambda self: _remember(self, int(_line(self))),
    b"g": lambda self: self.push(self.memo[int(_line(self))]),
    b"l": lambda self: self.push(self.pop_mark()),
    b"d": lambda self: self.push_dict(self.pop_mark()),
    b"0": lambda self: self.stack.pop(),
    b"c": lambda self: self.name(_line(self), _line(self)),
    b"\x93": lambda self: self.name(self.stack.pop(-2), self.stack.pop()),
    b"R": Unpickler.make,
    b"\x81": Unpickler.make,
    b"b": Unpickler.build,
    b"Q": lambda self: self.push(self.storage(self.stack.pop())),
}
"""What each instruction does, by its byte in the file."""
