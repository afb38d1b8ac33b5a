"""The one error of the config language, and how files are named in messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class ConfigError(ValueError):
    """A config cannot be read. The message says where, what was found, what is allowed and what to do."""


def shown_path(file: str) -> str:
    """Return ``file`` relative to the working directory where it lies below it."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return file


def near(name: object, known: Iterable[object], *, what: str = "known") -> str:
    """Return ``did you mean 'x'?`` where a known name is close, and else the names there are."""
    names = [str(item) for item in known]
    close = difflib.get_close_matches(str(name), names, 2)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"{what}: {', '.join(names[:20]) or 'none'}{', ...' if len(names) > 20 else ''}"
