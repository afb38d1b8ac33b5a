"""What README and docs tell people to type exists: commands, options, configs, links; the README's Python runs."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest
import typer

from posekit.cli.main import COMMANDS, as_app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "README_zh.md", "CONTRIBUTING.md", "llms.txt", "examples/README.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]
PAGE_NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def commands_of(text: str) -> list[list[str]]:
    """Return the words of each ``posekit`` command on lines of its own."""
    joined = re.sub(r"\\\n\s*", " ", text)
    found = re.findall(r"^(?: {4}|\$ )(?:.*&& )?(posekit .*)$", joined, re.MULTILINE)
    return [shlex.split(command, comments=True)[1:] for command in found]


def options_of(words: list[str]) -> set[str]:
    """Return the options that a command takes."""
    module, _, attribute = COMMANDS[words[0]].place.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    parser = typer.main.get_command(command if isinstance(command, typer.Typer) else as_app(command))
    if commands := getattr(parser, "commands", None):
        parser = commands[words[1]]
    return {name for parameter in parser.params for name in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_commands_and_their_options_exist(page: Path) -> None:
    for words in commands_of(page.read_text(encoding="utf-8")):
        if words[0].startswith("-"):
            continue
        given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert given <= options_of(words) | {"--help", "--debug"}, words


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_configs_and_links_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    configs = set(re.findall(r"\bconfigs/[\w/.-]+\.py\b", text)) - {"configs/my_config.py", "configs/my_student.py"}
    links = set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text))
    missing = [path for path in configs if not (ROOT / path).exists()]
    missing += [path for path in links if not (page.parent / path).exists()]
    assert not missing


def test_the_python_of_the_readme_runs(monkeypatch, tmp_path, shared) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.search(r"(?:^ {4}.*\n|^\n)+", text[text.index("    from posekit import Pose") :], re.MULTILINE)
    image = sorted((shared / "data" / "coco-mini").rglob("*.jpg"))[0]
    (tmp_path / "IMAGE.jpg").write_bytes(image.read_bytes())
    monkeypatch.chdir(tmp_path)
    space: dict = {}
    exec(re.sub(r"^ {4}", "", code[0], flags=re.MULTILINE), space)  # pyright: ignore[reportOptionalSubscript]
    assert space["people"].keypoints.shape[1:] == (17, 2)
    assert len(space["people"]) >= 1
