"""Write posekit/registry/index.py from the package's ``@TABLE.register_module(...)`` lines and its base classes.

python tools/write_index.py           # write
python tools/write_index.py --check   # exit 1 if the file is out of date
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "posekit" / "registry" / "index.py"
HEADER = '"""Where each registered class and each base class lives; written by ``python tools/write_index.py``."""\n\n'


def registrations(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (table, name, place) of each class that ``path`` registers."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        for call in getattr(node, "decorator_list", []):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "register_module"
            ):
                words = {word.arg: word.value for word in call.keywords}
                value = call.args[0] if call.args else words.get("name")
                names = node.name if value is None else ast.literal_eval(value)
                for name in [names] if isinstance(names, str) else names:
                    yield ast.unparse(call.func.value), name, f"{module_of(path)}:{node.name}"


def base_classes(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (name, place) of each class to inherit from, and of second names such as ``BaseA = BaseB``."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names = [node.name] if isinstance(node, ast.ClassDef) else []
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        yield from ((name, f"{module_of(path)}:{name}") for name in names if name.startswith("Base"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def render() -> str:
    tables: dict[str, dict[str, str]] = {}
    bases: dict[str, str] = {}
    for path in sorted((ROOT / "posekit").rglob("*.py")):
        for table, name, place in registrations(path):
            add(tables.setdefault(table, {}), name, place, f"{table} '{name}'")
        for name, place in base_classes(path):
            add(bases, name, place, f"a base class '{name}'")
    lines = ["INDEX: dict[str, dict[str, str]] = {"]
    for table in sorted(tables):
        lines.append(f'    "{table}": {{')
        lines += [f'        "{name}": "{place}",' for name, place in sorted(tables[table].items())]
        lines.append("    },")
    lines += ["}", "", "BASES: dict[str, str] = {"]
    lines += [f'    "{name}": "{place}",' for name, place in sorted(bases.items())]
    return HEADER + "\n".join([*lines, "}", ""])


def add(table: dict[str, str], name: str, place: str, what: str) -> None:
    if name in table:
        raise SystemExit(f"{place}: there is already {what}, {table[name]}")
    table[name] = place


def main() -> int:
    text = render()
    if "--check" in sys.argv[1:]:
        return int(TARGET.read_text(encoding="utf-8") != text)
    temporary = TARGET.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(TARGET)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
