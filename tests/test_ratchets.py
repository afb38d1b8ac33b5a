"""Numbers of the tree that may only get better: long functions, repeated lines, size and imports of the models."""

from __future__ import annotations

import ast
import json
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "posekit").rglob("*.py"))
CONFIGS = [path for path in sorted((ROOT / "configs").rglob("*.py")) if path.parts[-3:-1] != ("_base_", "datasets")]

LONG_FUNCTION_LINES = 50
LONG_FUNCTION_SHARE = 0.05
REPEATED_RUN_LINES = 6
REPEATED_SHARE = 0.03
CONFIG_LINES = 6_000
"""Of all configs without the keypoint sets; the 408 of MMPose 1.x take 60,000."""
REPEATED_CONFIG_SHARE = 0.07
MEDIAN_RECIPE_LINES = 6
MODULES_OF_ONE_HEAD = 40
MODELS_LINES = 15_000
"""Half of what the models of MMPose 1.x take, which is 30,000."""


def function_lengths() -> list[int]:
    """Lines of each function without its docstring."""
    lengths = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                skip = 0
                if ast.get_docstring(node) is not None:
                    skip = node.body[0].end_lineno - node.body[0].lineno + 1
                lengths.append(node.end_lineno - node.lineno + 1 - skip)
    return lengths


def code_lines(path: Path) -> list[tuple[int, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = ((number, line.strip()) for number, line in enumerate(lines))
    return [(number, line) for number, line in kept if len(line) > 3 and not line.startswith(("#", "import ", "from "))]


def repeated_share(paths: list[Path]) -> float:
    """Share of code lines that stand in a run of equal lines elsewhere."""
    places = defaultdict(set)
    total = 0
    for path in paths:
        lines = code_lines(path)
        total += len(lines)
        for start in range(len(lines) - REPEATED_RUN_LINES + 1):
            run = lines[start : start + REPEATED_RUN_LINES]
            places[tuple(text for _, text in run)].add((path, run[0][0], run[-1][0]))
    repeated = set()
    for spots in places.values():
        if len(spots) > 1:
            for path, first, last in spots:
                repeated.update((path, number) for number in range(first, last + 1))
    return len(repeated) / max(total, 1)


def test_few_functions_are_long():
    lengths = function_lengths()
    long = sum(length > LONG_FUNCTION_LINES for length in lengths)
    assert long / len(lengths) <= LONG_FUNCTION_SHARE


def test_few_lines_are_repeated():
    assert repeated_share(SOURCES) <= REPEATED_SHARE


def test_configs_stay_small():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in CONFIGS}
    recipes = [length for path, length in lengths.items() if "_base_" not in path.parts]
    assert len(recipes) > 408
    assert sum(lengths.values()) <= CONFIG_LINES
    assert statistics.median(recipes) <= MEDIAN_RECIPE_LINES
    assert repeated_share(CONFIGS) <= REPEATED_CONFIG_SHARE


def test_models_stay_small():
    lines = [len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES if "models" in path.parts]
    assert 0 < sum(lines) <= MODELS_LINES


COUNT_MODULES = """
import importlib, json, sys
counts = {}
for name in sys.argv[1:]:
    for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == "posekit"]:
        del sys.modules[loaded]
    importlib.import_module(f"posekit.models.heads.{name}")
    modules = [module for loaded, module in sys.modules.items() if loaded.partition(".")[0] == "posekit"]
    counts[name] = sum(hasattr(module, "__file__") for module in modules)  # second names of modules have no file
print(json.dumps(counts))
"""


def test_one_head_imports_few_modules():
    heads = sorted(path.stem for path in (ROOT / "posekit" / "models" / "heads").glob("*_head.py"))
    command = [sys.executable, "-c", COUNT_MODULES, *heads]
    counts = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)
    too_many = {name: count for name, count in counts.items() if count >= MODULES_OF_ONE_HEAD}
    assert len(counts) == len(heads) > 0
    assert not too_many
