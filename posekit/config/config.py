"""Config: a dict whose items read as attributes and remember where they were set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from posekit.console import suggestion

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")


class ConfigError(ValueError):
    """A config cannot be read. The message says where, what was found, what is allowed and what to do."""


def shown_path(file: str) -> str:
    """Return ``file`` relative to the working directory where it lies below it."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return file


class Mark(NamedTuple):
    """Where a value was set: a file (or ``command line``) and its line, 0 for none.

    ``items`` are the marks of a list's items. ``before`` is the mark this one overrode, in another file, and
    ``text`` the short form of that mark's value.
    """

    file: str
    line: int
    items: tuple[Mark | None, ...] | None = None
    before: Mark | None = None
    text: str = ""

    def __str__(self) -> str:
        return f"{shown_path(self.file)}:{self.line}" if self.line else self.file

    def __deepcopy__(self, memo: dict[int, Any]) -> Mark:
        return self


class Config(dict[Any, Any]):
    """A dict with items as attributes or keys; dicts inside it, also within lists, are Configs too.

    A key that is also a method of ``dict`` (``items``, ``copy`` ...) is read with brackets only.

    Args:
        values: the items; a Config's marks are kept.
    """

    __slots__ = ("_at", "_file", "_marks")
    _at: str
    _file: str
    _marks: dict[Any, Mark]

    def __new__(cls, *_args: Any, **_items: Any) -> Config:
        config = super().__new__(cls)
        config._marks, config._file, config._at = {}, "", ""
        return config

    def __init__(self, values: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = (), /, **items: Any) -> None:
        super().__init__()
        if isinstance(values, Config):
            self._file, self._at = values._file, values._at
        self.update(values, **items)
        if isinstance(values, Config):
            self._marks.update(values._marks)

    def __missing__(self, key: Any) -> Any:
        place = f"{shown_path(self._file)}: " if self._file else ""
        raise KeyError(f"{place}{self._at or 'the config'} has no '{key}'; {suggestion(key, self)}")

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f"{self._at or 'the config'} has no '{name}'; it has {', '.join(map(str, self))}"
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in Config.__slots__:
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(f"{self._at or 'the config'} has no '{name}'; {suggestion(name, self)}")
        del self[name]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._marks.pop(key, None)
        super().__setitem__(key, _adopt(value))

    def update(self, values: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = (), /, **items: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        for key, value in {**dict(values), **items}.items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None, /) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def __or__(self, other: Mapping[Any, Any]) -> Config:  # pyright: ignore[reportIncompatibleMethodOverride]
        both = self.copy()
        both.update(other)
        return both

    def __ior__(self, other: Any) -> Config:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.update(other)
        return self

    def copy(self) -> Config:
        return _restore(self, dict(self._marks), self._file, self._at)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Config:
        import copy

        return _restore(copy.deepcopy(dict(self), memo), dict(self._marks), self._file, self._at)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (dict(self), self._marks, self._file, self._at)

    @property
    def filename(self) -> str:
        """The file the config was loaded from, or ''; a key of that name comes first."""
        return self.get("filename", self._file)

    def put(self, key: Any, value: Any, mark: Mark | None) -> None:
        """Set an item that comes from ``mark``; what another file had set before is remembered."""
        if mark is not None:
            old = self._marks.get(key)
            if old is not None and old is not mark and key in self:
                if old.file != mark.file:
                    mark = mark._replace(before=old, text=brief(self[key]))
                elif old.before is not None:
                    mark = mark._replace(before=old.before, text=old.text)
            self._marks[key] = mark
        super().__setitem__(key, value)

    def mark(self, key: Any) -> Mark | None:
        """Return where the item ``key`` was set, None where Python code set it."""
        return self._marks.get(key) if key in self else None

    def place(self, key: Any = None) -> tuple[str, str]:
        """Return the config's own dotted path, and where ``key`` was set: ``line 3``, ``other.py:3``, or ''."""
        return self._at, self._line(self.mark(key))

    def _line(self, mark: Mark | None) -> str:
        if mark is None:
            return ""
        return f"line {mark.line}" if mark.line and mark.file == self._file else str(mark)

    def line(self, path: str) -> str:
        """Return where the value at a dotted path was set: ``line 3``, ``other.py:3``, or '' where that is unknown."""
        try:
            return self._line(list(self.walk(path))[-1][2])
        except ConfigError:
            return ""

    def source(self) -> str:
        """Return the file the config was loaded from, as messages name it; '' for one made in Python."""
        return shown_path(self._file)

    def walk(self, path: str) -> Iterator[tuple[str, Any, Mark | None]]:
        """Yield (path so far, value, mark) of each step of a dotted path such as ``model.head.loss.0``.

        Raises:
            ConfigError: if the path leads nowhere.
        """
        value: Any = self
        mark: Mark | None = None
        done: list[str] = []
        for part in path.split("."):
            key, known = find_key(value, part)
            if key is None:
                where = ".".join(done) or "the config"
                raise ConfigError(f"{where} has no '{part}'; {suggestion(part, known)}")
            if isinstance(value, Config):
                mark = value.mark(key)
            else:
                mark = _item_mark(mark, cast("list[Any]", value), key)
            done.append(part)
            value = value[key]
            yield ".".join(done), value, mark

    def where(self, path: str) -> str:
        """Return ``file:line`` of the value at a dotted path, or ``set in Python``.

        Raises:
            ConfigError: if the path leads nowhere.
        """
        mark = list(self.walk(path))[-1][2]
        return str(mark) if mark else "set in Python"

    def to_dict(self) -> dict[Any, Any]:
        """Return plain dicts, lists and tuples, sharing nothing with the config."""
        return _plain(self)

    def dump(self, path: str | Path | None = None) -> str:
        """Return the config as the text of a config file, and write it to ``path`` where given."""
        from posekit.config.dump import dump

        text = dump(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text


def _item_mark(mark: Mark | None, items: list[Any], index: int) -> Mark | None:
    if mark is None or mark.items is None or len(mark.items) != len(items):
        return mark
    return mark.items[index] or mark


def find_key(value: Any, part: str) -> tuple[Any, Iterable[Any]]:
    """Return the key or index that one part of a dotted path means in ``value``, None if none, and the known ones."""
    if isinstance(value, Mapping):
        keys = cast("Mapping[Any, Any]", value)
        if part not in keys and WHOLE_NUMBER.fullmatch(part) and int(part) in keys:
            return int(part), keys
        return (part if part in keys else None), keys
    if isinstance(value, (list, tuple)):
        size = len(cast("list[Any]", value))
        index = int(part) if WHOLE_NUMBER.fullmatch(part) else size
        return (index % size if -size <= index < size else None), range(size)
    return None, ()


def brief(value: Any, width: int = 60) -> str:
    """Return a value in at most about ``width`` characters; it never looks deeper than one level."""
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value)
        kind = items.get("type")
        return f"dict(type={kind!r}, ...)" if isinstance(kind, str) and len(kind) < width else f"a dict of {len(items)}"
    if isinstance(value, (list, tuple, set, range)):
        items = cast("list[Any]", value)
        name = "list" if isinstance(value, list) else type(items).__name__
        is_short = 0 < len(items) <= 8 and all(isinstance(item, (int, float, bool)) for item in items)
        return repr(items) if is_short else f"a {name} of {len(items)}"
    text = repr(value[: width * 2] if isinstance(value, str) else value)
    return text if len(text) <= width else text[: width - 3] + "..."


def _adopt(value: Any) -> Any:
    if isinstance(value, dict):
        return value if isinstance(value, Config) else Config(cast("dict[Any, Any]", value))
    if type(value) in (list, tuple):
        items = cast("list[Any]", value)
        adopted = [_adopt(item) for item in items]
        if all(new is old for new, old in zip(adopted, items, strict=True)):
            return items
        return adopted if isinstance(value, list) else tuple(adopted)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if type(value) in (list, tuple):
        items = [_plain(item) for item in cast("list[Any]", value)]
        return items if isinstance(value, list) else tuple(items)
    return set(cast("set[Any]", value)) if isinstance(value, set) else value


def _restore(items: dict[Any, Any], marks: dict[Any, Mark], file: str, at: str) -> Config:
    config = Config()
    for key, value in items.items():
        config.put(key, value, None)
    config._marks, config._file, config._at = marks, file, at  # pyright: ignore[reportPrivateUsage]
    return config
