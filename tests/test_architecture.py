"""The floors of the house: a room imports only from rooms below it (docs/en/architecture.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "posekit"

FLOORS = (
    "cli", "serve", "batch", "apis", "export", "reports", "engine", "models", "labels", "inference", "runtime",
    "tracking", "zoo", "evaluation", "datasets", "visualization", "codecs", "checkpoints", "keypoints", "media",
    "structures", "geometry", "config", "lazy_exports", "registry", "console", "folder_lock", "files", "csv_text",
    "array",
)  # fmt: skip
"""All rooms, from the top floor to the ground."""

FORBIDDEN = {
    "inference": ("datasets", "engine", "cli"),
    "models": ("datasets", "evaluation", "labels"),
    "labels": ("inference", "models", "engine"),
    "datasets": ("labels",),
    "engine": ("labels",),
    "evaluation": ("labels",),
}
"""Rooms that must not know each other although the floors would allow it, or that move between floors."""


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the posekit modules that a file imports, inside functions too, but not for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hints_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in hints_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "posekit":
            yield from (f"posekit.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("posekit."):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("posekit."))


def imports_between_rooms() -> dict[tuple[str, str], set[str]]:
    """Return, for each pair (importing room, imported room), the files that import."""
    pairs: dict[tuple[str, str], set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        room = place.parts[0].removesuffix(".py")
        for module in imported_modules(path):
            if room_of(module) != room and not room.startswith("__"):
                pairs.setdefault((room, room_of(module)), set()).add(str(place))
    return pairs


@pytest.fixture(scope="module")
def pairs() -> dict[tuple[str, str], set[str]]:
    return imports_between_rooms()


def test_every_room_has_a_floor():
    rooms = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert rooms | files <= set(FLOORS)


def test_rooms_import_only_from_below(pairs):
    upwards = {
        f"{upper} <- {lower}": files
        for (lower, upper), files in pairs.items()
        if upper in FLOORS and FLOORS.index(upper) <= FLOORS.index(lower)
    }
    assert not upwards


def test_rooms_that_must_not_know_each_other(pairs):
    known = {f"{room} -> {other}": pairs.get((room, other)) for room, others in FORBIDDEN.items() for other in others}
    assert not {names: files for names, files in known.items() if files}
