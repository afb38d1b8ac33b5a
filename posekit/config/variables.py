"""``{{ ... }}`` in a config's texts: the file's own name, environment variables, values of bases."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from posekit.config.operations import NotAllowedError

PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
ENVIRONMENT = re.compile(r"""['"]?\s*\$\s*(\w+)\s*(?::\s*(.*?))?\s*['"]?""")
REFERENCE = re.compile(r"_base_((?:\.\w+)+)")


def file_variables(path: Path) -> dict[str, str]:
    return {
        "fileDirname": str(path.parent),
        "fileBasename": path.name,
        "fileBasenameNoExtension": path.stem,
        "fileExtname": path.suffix,
    }


def environment_value(text: str) -> str | None:
    """Return the value of ``$NAME:default``, None if ``text`` is no such thing.

    Raises:
        NotAllowedError: if the variable is not set and there is no default.
    """
    match = ENVIRONMENT.fullmatch(text.strip())
    if match is None:
        return None
    value: str | None = os.environ.get(match[1], match[2])
    if value is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise NotAllowedError(
            f"the environment variable {match[1]} is not set; set it, or give a default: {{{{${match[1]}:value}}}}"
        )
    return value


def substitute(text: str, names: dict[str, str], base_value: Callable[[list[str]], Any]) -> Any:
    """Return ``text`` with its placeholders replaced.

    A text that is one reference to a base, ``{{_base_.a.b}}``, becomes that value itself. Braces around anything
    else stay as they are.
    """
    whole = PLACEHOLDER.fullmatch(text)
    if whole and (reference := REFERENCE.fullmatch(whole[1].strip())):
        return base_value(reference[1][1:].split("."))

    def replaced(match: re.Match[str]) -> str:
        inside = match[1].strip()
        if inside in names:
            return names[inside]
        if reference := REFERENCE.fullmatch(inside):
            value = base_value(reference[1][1:].split("."))
            if not isinstance(value, (str, int, float)):
                raise NotAllowedError(f"{inside} is no text or number and cannot become part of a text")
            return str(value)
        value = environment_value(inside)
        return match[0] if value is None else value

    return PLACEHOLDER.sub(replaced, text)
