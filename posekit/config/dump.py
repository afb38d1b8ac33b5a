"""Write a config as the text of a config file."""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping
from typing import Any, cast

from posekit.config.config import ConfigError

WIDTH = 110
INDENT = "    "


def dump(config: Mapping[Any, Any]) -> str:
    """Return a config file's text that loads to equal values.

    Raises:
        ConfigError: if a value is none that a config can hold.
    """
    lines: list[str] = []
    for key, value in config.items():
        if not _is_name(key):
            raise ConfigError(f"the top-level key {key!r} is no name and cannot be written into a config")
        lines.append(f"{key} = {write(value, len(key) + 3, str(key))}\n")
    return "".join(lines)


def write(value: Any, column: int = 0, at: str = "", level: int = 0) -> str:
    """Return a value as config text, over several lines where it does not fit behind ``column``."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    parts, (start, end) = _parts(value, at, level)
    flat = f"{start}{', '.join(parts)}{',' if isinstance(value, tuple) and len(parts) == 1 else ''}{end}"
    if column + len(flat) + len(INDENT) * level < WIDTH and "\n" not in flat:
        return flat
    inner = "".join(f"{INDENT * (level + 1)}{part},\n" for part in parts)
    return f"{start}\n{inner}{INDENT * level}{end}"


def _parts(value: Any, at: str, level: int) -> tuple[list[str], tuple[str, str]]:
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value)
        if all(_is_name(key) for key in items):
            pairs = [(f"{key}=", key) for key in items]
            brackets = ("dict(", ")")
        else:
            pairs = [(f"{write(key, 0, at)}: ", key) for key in items]
            brackets = ("{", "}")
        return [front + write(items[key], len(front), f"{at}.{key}", level + 1) for front, key in pairs], brackets
    if isinstance(value, (list, tuple)):
        sequence = cast("list[Any]", value)
        parts = [write(item, 0, f"{at}.{index}", level + 1) for index, item in enumerate(sequence)]
        return parts, ("[", "]") if isinstance(value, list) else ("(", ")")
    if isinstance(value, set):
        parts = sorted(write(item, 0, at) for item in cast("set[Any]", value))
        return parts, ("{", "}") if parts else ("set(", ")")
    raise ConfigError(f"{at} is a {type(value).__name__}, which a config file cannot hold; use plain values")


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key) and not key.startswith("__")


def _text(value: str) -> str:
    if "{{" in value:  # an f-string, so that loading does not take the braces for a placeholder
        return "f" + repr(value.replace("{", "{{").replace("}", "}}"))
    return repr(value)
