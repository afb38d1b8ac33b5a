"""Write docs/en/reference: every command from its own help, every registered component from its
docstring, every key of a config from the code that reads it.

python tools/write_reference.py           # write
python tools/write_reference.py --check   # exit 1 if a page is out of date
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from config_keys import config_keys_page

from posekit.cli.main import COMMANDS, as_app
from posekit.registry.index import INDEX

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "en" / "reference"
NOTE = "<!-- Written by tools/write_reference.py. -->\n"
ROLES = {
    "MODELS": "Models and their parts",
    "CODECS": "Codecs",
    "DATASETS": "Datasets",
    "TRANSFORMS": "Transforms",
    "SAMPLERS": "Samplers",
    "METRICS": "Metrics",
    "HOOKS": "Hooks",
    "OPTIMIZERS": "Optimisers",
    "SCHEDULES": "Schedules",
    "VISUALIZERS": "Visualizers",
}
"""Title of each table, in the page's order."""


def commands_page() -> str:
    parts = [NOTE, "# Commands\n\nEach command tells the same with `--help`.\n"]
    for name, command in COMMANDS.items():
        module, _, attribute = command.place.partition(":")
        entry = getattr(importlib.import_module(module), attribute)
        parser = typer.main.get_command(entry if isinstance(entry, typer.Typer) else as_app(entry))
        inner = getattr(parser, "commands", None)
        parts.append(f"## posekit {name}\n")
        parts += [f"{command.summary[0].upper()}{command.summary[1:]}.\n"] * bool(inner)
        for title, leaf in (
            {f"{name} {key}": value for key, value in inner.items()} if inner else {name: parser}
        ).items():
            parts += [f"### posekit {title}\n"] * bool(inner)
            parts += [paragraph(leaf.help or ""), "\n".join(parameter_rows(leaf)) + "\n"]
    return "\n".join(parts)


def parameter_rows(command: Any) -> Iterator[str]:
    """Yield the rows of a table of a command's arguments and options."""
    yield from ("| argument or option | what it is |", "|---|---|")
    for parameter in command.params:
        if parameter.name in ("help", "install_completion", "show_completion"):
            continue
        is_option = parameter.param_type_name == "option"
        spellings = [*parameter.opts, *parameter.secondary_opts] if is_option else [parameter.name.upper()]
        names = ", ".join(f"`{name}`" for name in spellings)
        yield f"| {names} | {cell(getattr(parameter, 'help', '') or '')} |"


def paragraph(text: str) -> str:
    return re.sub(r"\n[ \t]+", "\n", text.replace("\b", "")).strip() + "\n"


def cell(text: str) -> str:
    """Return a text that may stand in a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def components_page() -> str:
    parts = [NOTE, "# Components\n\nThe names that a config's `type=` may hold, and what they stand for.\n"]
    for table, title in ROLES.items():
        groups: dict[str, list[str]] = {}
        for name, place in sorted(INDEX.get(table, {}).items()):
            module, _, attribute = place.partition(":")
            group = module.split(".")[2] if table == "MODELS" else ""
            groups.setdefault(group, []).append(f"| `{name}` | {cell(summary(module, attribute))} |")
        parts.append(f"## {title}\n")
        for group, rows in sorted(groups.items()):
            parts += [f"### {group.replace('_', ' ').capitalize()}\n"] * bool(group)
            parts.append("\n".join(["| name | what it is |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def summary(module: str, name: str) -> str:
    """Return the first sentence of a class's docstring, without importing its module."""
    path = ROOT / (module.replace(".", "/") + ".py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
            return (ast.get_docstring(node) or "").partition("\n\n")[0]
    return ""


def main() -> None:
    pages = {"commands.md": commands_page(), "components.md": components_page()}
    pages["config_keys.md"] = f"{NOTE}\n{config_keys_page()}"
    stale = [name for name, text in pages.items() if not (PAGES / name).is_file() or (PAGES / name).read_text() != text]
    if "--check" in sys.argv:
        sys.exit(f"out of date: {', '.join(stale)}; run python tools/write_reference.py" if stale else 0)
    PAGES.mkdir(exist_ok=True)
    for name in stale:
        (PAGES / name).write_text(pages[name], encoding="utf-8")


if __name__ == "__main__":
    main()
