"""A progress bar for long work."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
FEW = 200


def tracked(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items, under a progress bar if they are many and the terminal can show one."""
    shown: Iterable[Item] = items
    if len(items) > FEW and sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        shown = track(items, description=what, console=Console(stderr=True), transient=True)
    yield from shown
