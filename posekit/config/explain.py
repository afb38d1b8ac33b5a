"""Say where a config's value comes from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from posekit.config.config import Config, ConfigError, Mark, brief
from posekit.config.dump import write
from posekit.config.source import parse, read_text

MAX_READS = 8


class Step(NamedTuple):
    """One step to a value: its dotted path (a replaced value's text), where it was written, and that line of source."""

    path: str
    place: str
    source: str


class Explanation(NamedTuple):
    """A value, the steps to it from the outside in, the names it comes from, and what it replaced, newest first."""

    path: str
    text: str
    steps: list[Step]
    reads: list[Step]
    replaced: list[Step]


def explain(config: Config, path: str) -> Explanation:
    """Return how the value at a dotted path came about.

    Raises:
        ConfigError: if the path leads nowhere.
    """
    value: Any = None
    mark: Mark | None = None
    steps: list[Step] = []
    for step in config.walk(path):
        at, value, mark = step
        steps.append(_step(at, mark))
    reads: dict[str, Step] = {}
    _follow(config, path.rpartition(".")[2], mark, reads)
    reads.pop(path, None)
    replaced = [_step(over.text, before) for over, before in _replaced(mark)]
    return Explanation(path, write(value, len(path) + 3, path), steps, list(reads.values()), replaced)


def _step(path: str, mark: Mark | None) -> Step:
    return Step(path, str(mark) if mark else "set in Python", source_line(mark))


def _replaced(mark: Mark | None) -> Iterator[tuple[Mark, Mark]]:
    while mark is not None and mark.before is not None:
        yield mark, mark.before
        mark = mark.before


def _follow(config: Config, key: str, mark: Mark | None, reads: dict[str, Step]) -> None:
    """Add the top-level names that the value at ``mark`` was computed from, and those that these were computed from."""
    for name, is_final in _names_in(mark, key):
        if name in reads or len(reads) >= MAX_READS or name not in config:
            continue
        origin = config.mark(name)
        if not is_final and mark is not None:  # a plain name of that file; later files cannot have changed it there
            chain = [origin, *(before for _, before in _replaced(origin))]
            origin = next((each for each in chain if each is not None and each.file == mark.file), None)
        if origin is not None and (origin.file, origin.line) != ((mark.file, mark.line) if mark else None):
            shown = f"{name} = {brief(config[name])}" if origin == config.mark(name) else name
            reads[name] = _step(shown, origin)
            _follow(config, name, origin, reads)


def _names_in(mark: Mark | None, key: str) -> Iterator[tuple[str, bool]]:
    """Yield the names in a mark's expression, and whether each is a name of the whole config.

    That is so for settings and for ``_base_.name``; other names belong to the file.
    """
    if mark is None or not mark.line:
        return
    try:
        tree = parse(read_text(Path(mark.file)), mark.file)
    except (ConfigError, OSError):
        return
    settings = {
        node.target.id for node in tree.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    for value in _values_at(tree, mark.line, key):
        for node in ast.walk(value):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "_base_":
                yield node.attr, True
            elif isinstance(node, ast.Name) and node.id != "_base_":
                yield node.id, node.id in settings


def _values_at(tree: ast.Module, line: int, key: str) -> Iterator[ast.expr]:
    """Yield the expressions that give ``key`` its value on a line."""
    for node in ast.walk(tree):
        here = getattr(node, "lineno", 0) == line
        if here and isinstance(node, (ast.Assign, ast.AnnAssign, ast.keyword)) and node.value is not None:
            if not isinstance(node, ast.keyword) or node.arg == key:
                yield node.value
        elif isinstance(node, ast.Dict):
            for name, value in zip(node.keys, node.values, strict=True):
                if isinstance(name, ast.Constant) and name.lineno == line and str(name.value) == key:
                    yield value
        elif isinstance(node, (ast.List, ast.Tuple)) and key.isdecimal():
            yield from (item for item in node.elts if item.lineno == line)


def source_line(mark: Mark | None, width: int = 80) -> str:
    """Return the line of source that a mark names, '' where it cannot be read."""
    if mark is None or not mark.line:
        return ""
    try:
        with Path(mark.file).open(encoding="utf-8-sig") as file:
            line = next((text for number, text in enumerate(file, 1) if number == mark.line), "").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return line if len(line) <= width else line[: width - 3] + "..."
