"""Tables in the terminal: rows of text, and numbers of nested parts as a tree beside columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

PREFIXES = (("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12))


@dataclass
class Row:
    """A part, its text in each column, and its own parts."""

    name: str
    columns: Sequence[str]
    parts: list[Row] = field(default_factory=list)


def print_tree(root: Row, headers: Sequence[str], depth: int) -> None:
    """Print a part and those within it, ``depth`` levels of them."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(headers[0], box=box.SIMPLE_HEAD, pad_edge=False)
    for header in headers[1:]:
        table.add_column(header, justify="right", no_wrap=True)
    for name, columns in lines(root, depth):
        table.add_row(Text(name), *map(Text, columns))
    Console().print(table)


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of text with their columns below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def lines(row: Row, depth: int, before: str = "", branch: str = "") -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each line's name, with the branches before it, and columns."""
    yield branch + row.name, row.columns
    for index, part in enumerate(row.parts if depth > 0 else ()):
        is_last = index == len(row.parts) - 1
        yield from lines(
            part, depth - 1, before + ("   " if is_last else "│  "), before + ("└─ " if is_last else "├─ ")
        )


def short(number: float) -> str:
    """Return a number with three digits and a prefix: 34.0 M."""
    unit, scale = next(((unit, scale) for unit, scale in reversed(PREFIXES) if number >= scale), ("", 1))
    value = number / scale
    digits = 0 if not unit else max(0, 3 - len(str(int(value))))
    return f"{value:.{digits}f} {unit}".rstrip()


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> None:
    """Print a table of texts; lines are broken between words, never within one."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    margin = 2 * (len(header) - 1)
    widths = column_widths([header, *rows], console.width - margin)
    console.width = max(console.width, sum(widths) + margin)
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False
    )
    for number, (name, width) in enumerate(zip(header, widths, strict=True)):
        table.add_column(name, justify="right" if number else "left", width=width)
    for row in rows:
        table.add_row(*row)
    console.print(table, end="\n\n")


def column_widths(rows: Sequence[Sequence[str]], total: int) -> list[int]:
    """Return the width of each column, together ``total`` where the longest word of each allows it."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    least = [max(len(word) for text in column for word in (text.split() or [""])) for column in columns]
    while sum(widths) > total and widths != least:
        widest = max((i for i in range(len(widths)) if widths[i] > least[i]), key=widths.__getitem__)
        widths[widest] -= 1
    return widths
