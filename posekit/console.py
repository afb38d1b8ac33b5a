"""What a person reads in the terminal: progress of long work, and what to write in place of a wrong name or value."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
Choice = TypeVar("Choice")

FEW = 4
"""Number of steps up to which there is no bar."""

MOVES = 1000
"""The bar moves so often, however many steps there are."""


class ProgressBar:
    """Shows on the terminal, if there is one, how much of some work is done.

    Args:
        what: description of the work.
        total: steps in all, as far as known; see ``expect``.
        is_bytes: whether the steps are bytes, to be shown as MB and MB/s.
        unit: name of several steps, whose number per second is shown; empty for no such number.
    """

    def __init__(self, what: str, total: int, *, is_bytes: bool = False, unit: str = "") -> None:
        self.what, self.total, self.done, self.is_bytes, self.unit = what, total, 0, is_bytes, unit
        self.drawn: Any = None

    def __enter__(self) -> ProgressBar:
        self.expect(self.total)
        return self

    def __exit__(self, *error: object) -> None:
        if self.drawn is not None:
            self.drawn.stop()

    def expect(self, total: int) -> None:
        """Set the number of steps in all, those done among them."""
        self.total = total
        if self.drawn is None and total > FEW and sys.stderr.isatty():
            self.drawn = started_bar(self.what, is_bytes=self.is_bytes, unit=self.unit)
        self._draw()

    def advance(self, steps: int = 1) -> None:
        """Count more steps as done."""
        move = max(self.total // MOVES, 1)
        before, self.done = self.done, self.done + steps
        if self.done // move != before // move:
            self._draw()

    def _draw(self) -> None:
        if self.drawn is not None:
            self.drawn.update(self.drawn.task_ids[0], completed=self.done, total=self.total)


def started_bar(what: str, *, is_bytes: bool = False, unit: str = "") -> Any:
    """Return a bar that is on the screen and leaves nothing behind when it is stopped."""
    from rich import progress
    from rich.console import Console

    speed = [progress.DownloadColumn(), progress.TransferSpeedColumn()]
    amount: list[Any] = speed if is_bytes else [progress.MofNCompleteColumn()]
    if unit:
        amount.append(rate_column(unit))
    columns = progress.TextColumn("{task.description}"), progress.BarColumn(), *amount, progress.TimeRemainingColumn()
    bar = progress.Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(what, total=None)
    bar.start()
    return bar


def rate_column(unit: str) -> Any:
    """Return a column that shows how many steps are done per second."""
    from rich import progress
    from rich.text import Text

    class RateColumn(progress.ProgressColumn):
        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:.3g} {unit}/s", style="progress.data.speed")

    return RateColumn()


def tracked(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items under a progress bar."""
    with ProgressBar(what, len(items)) as bar:
        for item in items:
            yield item
            bar.advance()


def close_names(name: object, known: Iterable[object], *, most: int = 2) -> list[str]:
    """Return up to ``most`` known names that a misspelt one may mean; upper and lower case count as equal."""
    by_lower = {str(item).lower(): str(item) for item in known}
    return [by_lower[item] for item in difflib.get_close_matches(str(name).lower(), by_lower, most)]


def suggestion(name: object, known: Iterable[object], *, otherwise: str = "known:", most_listed: int = 20) -> str:
    """Return ``did you mean 'x'?`` where a known name is close, and else the names there are.

    Args:
        otherwise: words before that list.
        most_listed: number of names to list; of more names it is the nearest ones, in order, and dots.
    """
    names = [str(item) for item in known]
    if close := close_names(name, names):
        return f"did you mean {' or '.join(map(repr, close))}?"
    if len(names) > most_listed:
        names = [*sorted(difflib.get_close_matches(str(name), names, most_listed, cutoff=0)), "..."]
    return f"{otherwise} {', '.join(names) or 'none'}"


def check_choice(name: str, value: Choice, allowed: Collection[object]) -> Choice:
    """Return ``value``.

    Raises:
        ValueError: if it is not among ``allowed``; the message lists them.
    """
    if value not in allowed:
        choices = f"{'one of ' * (len(allowed) > 1)}{', '.join(map(repr, allowed))}"
        raise ValueError(f"{name}: {value!r} is not supported; use {choices}")
    return value


def first_line(error: Exception) -> str:
    """Return kind and first line of an error, shortened."""
    lines = str(error).strip().splitlines() or ["no message"]
    return f"{type(error).__name__}: {lines[0][:200]}"
