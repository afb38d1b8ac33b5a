"""A progress bar for long work."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")

FEW = 4
"""Up to so many steps there is no bar."""

MOVES = 1000
"""The bar moves so often, however many steps there are."""


class ProgressBar:
    """Shows on the terminal, if there is one, how much of some work is done.

    Args:
        what: is being done.
        total: steps in all, as far as known; see ``expect``.
    """

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
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
            self.drawn = started_bar(self.what)
        self._draw()

    def advance(self) -> None:
        """Count one more step as done."""
        self.done += 1
        if self.done % max(self.total // MOVES, 1) == 0:
            self._draw()

    def _draw(self) -> None:
        if self.drawn is not None:
            self.drawn.update(self.drawn.task_ids[0], completed=self.done, total=self.total)


def started_bar(what: str) -> Any:
    """Return a bar that is on the screen and leaves nothing behind when it is stopped."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(what)
    bar.start()
    return bar


def tracked(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items under a progress bar."""
    with ProgressBar(what, len(items)) as bar:
        for item in items:
            yield item
            bar.advance()
