"""The one error of the config language, and how files are named in messages."""

from __future__ import annotations

from pathlib import Path


class ConfigError(ValueError):
    """A config cannot be read. The message says where, what was found, what is allowed and what to do."""


def shown_path(file: str) -> str:
    """Return ``file`` relative to the working directory where it lies below it."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return file
