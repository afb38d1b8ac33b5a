"""Values while a config is evaluated: lists that know their items' lines, and names imported from packages."""

from __future__ import annotations

from typing import Any, cast

from posekit.config.config import Config, ConfigError, Mark
from posekit.config.limits import SCALARS, Budget

DELETE = "_delete_"


class MarkedList(list[Any]):
    """A list with the mark of each item; without, where it was changed in a way that loses them."""

    __slots__ = ("marks",)

    def __init__(self, items: Any = (), marks: list[Mark | None] | None = None) -> None:
        super().__init__(items)
        self.marks = marks

    def known_marks(self) -> list[Mark | None]:
        return self.marks if self.marks is not None and len(self.marks) == len(self) else [None] * len(self)


class TypeName(str):
    """A name that a config imports: its last part as text. Nothing is imported."""

    __slots__ = ()


def finish(value: Any, mark: Mark | None, at: str, file: str, budget: Budget) -> tuple[Any, Mark | None]:
    """Return an independent copy of an evaluated value in its final types, and its mark with those of its items.

    Raises:
        OverBudgetError: if the value is too large, too deep, or holds itself.
        ConfigError: if it is nothing a config may hold.
    """
    budget.spend_tree(value)
    return _Finisher(file).convert(value, mark, at)


class _Finisher:
    def __init__(self, file: str) -> None:
        self.file = file

    def convert(self, value: Any, mark: Mark | None, at: str) -> tuple[Any, Mark | None]:
        if isinstance(value, TypeName):
            return str(value), mark
        if isinstance(value, SCALARS):
            return value, mark
        if isinstance(value, Config):
            return self.config(value, at), mark
        if isinstance(value, (list, tuple)):
            return self.items(cast("list[Any]", value), mark, at)
        if isinstance(value, range):
            return list(value), mark
        if isinstance(value, set):
            return {str(item) if isinstance(item, TypeName) else item for item in cast("set[Any]", value)}, mark
        raise ConfigError(f"{mark or self.file}: {at} is a {type(value).__name__}; a config holds plain values only")

    def config(self, value: Config, at: str) -> Config:
        final = Config()
        final._file, final._at = self.file, at  # pyright: ignore[reportPrivateUsage]
        for key, item in value.items():
            if key == DELETE:
                continue
            name = str(key) if isinstance(key, TypeName) else key
            new, mark = self.convert(item, value.mark(key), f"{at}.{name}" if at else str(name))
            final.put(name, new, mark)
        return final

    def items(self, value: list[Any], mark: Mark | None, at: str) -> tuple[Any, Mark | None]:
        marks = value.known_marks() if isinstance(value, MarkedList) else [None] * len(value)
        pairs = [self.convert(item, m, f"{at}.{i}") for i, (item, m) in enumerate(zip(value, marks, strict=True))]
        if mark is not None and any(m is not None and m != mark for _, m in pairs):
            mark = mark._replace(items=tuple(m for _, m in pairs))
        items = [item for item, _ in pairs]
        return (tuple(items) if isinstance(value, tuple) else items), mark
