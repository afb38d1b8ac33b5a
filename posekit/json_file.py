"""Reading JSON files that may be anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from posekit.paused_gc import paused_gc


def read_json(path: str | Path, kind: str = "file", *, hook: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """Parse a JSON file.

    Args:
        kind: what an error calls it.
        hook: what becomes of each dict while the rest of the file is still being parsed.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not JSON; the message names line and column.
    """
    if not path:
        raise FileNotFoundError(f"no {kind} given; set its path, relative to data_root in a config")
    if not Path(path).is_file():
        what = "a folder" if Path(path).is_dir() else "not there"
        raise FileNotFoundError(
            f"{kind} '{path}' is {what}, seen from {Path.cwd()}; check the path, and data_root in a config"
        )
    try:
        with paused_gc():
            return json.loads(_read_text(path), object_hook=hook)
    except json.JSONDecodeError as error:
        size = Path(path).stat().st_size
        raise ValueError(
            f"{kind} '{path}' is no valid JSON: {error.msg} at line {error.lineno}, column {error.colno} "
            f"(character {error.pos} of {size} bytes); it may be truncated: write or download it again"
        ) from error
    except (ValueError, RecursionError) as error:  # other bytes than text; numbers of thousands of digits; depth
        raise ValueError(f"{kind} '{path}' is no valid JSON: {error}; write or download it again") from error


def _read_text(path: str | Path) -> str:
    """Return a JSON file's text; unlike in ``json.loads(bytes)`` the bytes are gone before the text is parsed."""
    data = Path(path).read_bytes()
    return data.decode(json.detect_encoding(data), "surrogatepass")
