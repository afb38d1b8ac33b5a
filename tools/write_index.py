"""Write posekit/registry/index.py from the ``@TABLE.register_module(...)`` lines of the package.

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
HEADER = '"""Where each registered class lives; written by ``python tools/write_index.py``."""\n\n'


def registrations(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (table, name, place) of each class that ``path`` registers."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        for call in getattr(node, "decorator_list", []):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "register_module"
            ):
                values = [*call.args, *(word.value for word in call.keywords)]
                name = ast.literal_eval(values[0]) if values else node.name
                yield ast.unparse(call.func.value), name, f"{module}:{node.name}"


def render() -> str:
    tables: dict[str, dict[str, str]] = {}
    for path in sorted((ROOT / "posekit").rglob("*.py")):
        for table, name, place in registrations(path):
            if name in tables.setdefault(table, {}):
                raise SystemExit(f"{path}: {table} '{name}' is already registered by {tables[table][name]}")
            tables[table][name] = place
    lines = ["INDEX: dict[str, dict[str, str]] = {"]
    for table in sorted(tables):
        lines.append(f'    "{table}": {{')
        lines += [f'        "{name}": "{place}",' for name, place in sorted(tables[table].items())]
        lines.append("    },")
    return HEADER + "\n".join([*lines, "}", ""])


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
