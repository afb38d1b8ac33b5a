"""Tables of tests that have a row for every class of the registry."""

from __future__ import annotations

from collections.abc import Iterable

from posekit.registry import Registry


def check_rows(table: Registry, package: str, rows: Iterable[str], *, file: str, row: str) -> None:
    """Fail with the lines to add where a class that ``package`` registers has no row, or to remove.

    Args:
        table: the registry.
        package: dotted name of the folder.
        rows: names that have a row.
        file: where the rows stand.
        row: what follows the name in a row, as an example.
    """
    registered, given = {name for name, place in table.index.items() if place.startswith(f"{package}.")}, set(rows)
    missing = [f'    "{name}": {row},' for name in sorted(registered - given)]
    assert not missing, "\n".join([f"{len(missing)} without a contract test; add to {file}:", *missing])
    foreign = sorted(given - registered)
    assert not foreign, f"{file} has rows for {', '.join(foreign)}, which {package} does not register; remove them"
