"""Numbers that only fall: repetition, long functions, tiny files, names that stand twice, words of another language."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "posekit"
MODULES = sorted(PACKAGE.rglob("*.py"))

MAX_REPEATED = 0.01
"""Share of the lines of code that stand in two places, in runs of at least ``RUN`` lines."""
MAX_LONG_FUNCTIONS = 0.01
"""Share of the functions of more than 50 lines."""
RUN = 6
REGISTERED = ("datasets/datasets", "datasets/transforms", "models", "codecs", "engine/hooks", "evaluation/metrics")
"""Rooms in which a file may hold one small registered class."""
WRONG_WORDS = re.compile(r"pictures?(?!sque)|\bdata[ -]sets?\b", re.IGNORECASE)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def lines_of_code(path: Path) -> list[tuple[int, str]]:
    """Return number and text of a file's lines without comments, docstrings, imports and lone brackets."""
    tree, skipped = tree_of(path), set[int]()
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_text or isinstance(node, (ast.Import, ast.ImportFrom)):
            skipped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))  # type: ignore[attr-defined]
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    stripped = ((number, line.split("  # ")[0].strip()) for number, line in lines if number not in skipped)
    return [(number, line) for number, line in stripped if line.strip("()[]{},:") and not line.startswith("#")]


def functions() -> Iterator[tuple[str, int]]:
    """Yield place and length of every function, its docstring left out."""
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.lineno
                yield f"{path.relative_to(PACKAGE)}:{node.name}", (node.end_lineno or first) - first + 1


def test_hardly_a_line_stands_in_two_places():
    places: dict[tuple[str, ...], list[tuple[Path, tuple[int, ...]]]] = defaultdict(list)
    total = 0
    for path in MODULES:
        lines = lines_of_code(path)
        total += len(lines)
        for start in range(len(lines) - RUN + 1):
            numbers, texts = zip(*lines[start : start + RUN], strict=True)
            places[texts].append((path, numbers))
    repeated = {
        (path, number) for runs in places.values() if len(runs) > 1 for path, numbers in runs for number in numbers
    }
    files = Counter(str(path.relative_to(PACKAGE)) for path, _ in repeated)
    assert len(repeated) <= MAX_REPEATED * total, f"{len(repeated)} of {total} lines: {files.most_common(20)}"


def test_few_functions_are_long():
    lengths = dict(functions())
    long = {name: length for name, length in lengths.items() if length > 50}
    assert len(long) <= MAX_LONG_FUNCTIONS * len(lengths), long


def test_no_two_classes_share_a_name():
    places = defaultdict(list)
    for path in MODULES:
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    assert not {name: files for name, files in places.items() if len(files) > 1}


def test_small_files_are_there_for_the_registry():
    small = [
        place
        for path in MODULES
        if (place := path.relative_to(PACKAGE).as_posix())
        and path.name not in ("__init__.py", "__main__.py")
        and not place.startswith(REGISTERED)
        and len(path.read_text(encoding="utf-8").splitlines()) < 30
    ]
    assert not small


@pytest.mark.parametrize("path", [pytest.param(p, id=str(p.relative_to(PACKAGE))) for p in MODULES])
def test_words_of_the_field(path):
    text = path.read_text(encoding="utf-8")
    assert not [line for line in text.splitlines() if WRONG_WORDS.search(line)]
