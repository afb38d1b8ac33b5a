"""Say where a config's value comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from posekit.config.config import Config, Mark
from posekit.config.dump import write


class Step(NamedTuple):
    """One step to a value: its dotted path (a replaced value's text), where it was written, and that line of source."""

    path: str
    place: str
    source: str


class Explanation(NamedTuple):
    """A value, the steps that lead to it from the outside in, and what it replaced, newest first."""

    path: str
    text: str
    steps: list[Step]
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
        steps.append(Step(at, str(mark) if mark else "set in Python", source_line(mark)))
    replaced: list[Step] = []
    while mark is not None and mark.before is not None:
        replaced.append(Step(mark.text, str(mark.before), source_line(mark.before)))
        mark = mark.before
    return Explanation(path, write(value, len(path) + 3, path), steps, replaced)


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
