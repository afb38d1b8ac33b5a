"""Read and parse one config file; nothing of it runs."""

from __future__ import annotations

import ast
import functools
import warnings
from pathlib import Path

from posekit.config.config import ConfigError, shown_path
from posekit.config.limits import MAX_FILE_BYTES
from posekit.console import close_names


def read_text(path: Path) -> str:
    """Return the text of a config file.

    Raises:
        ConfigError: if it is no regular UTF-8 file of at most ``MAX_FILE_BYTES``.
    """
    shown = shown_path(str(path))
    if path.is_dir():
        raise ConfigError(f"{shown}: this is a folder; name a config file (.py) in it")
    if not path.is_file():
        raise ConfigError(f"{shown}: no such file{neighbours(path)}")
    if path.suffix != ".py":
        raise ConfigError(f"{shown}: a config is a .py file, not '{path.suffix}'")
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{shown}: larger than {MAX_FILE_BYTES // 1024} KiB; a config holds settings, not data")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{shown}:{line}: not UTF-8 text (byte {error.start}); save the file as UTF-8") from None


def neighbours(path: Path) -> str:
    """Return the end of a message about a missing file: the name that is close to it, or the missing folder."""
    if not path.parent.is_dir():
        return f"; the folder {shown_path(str(path.parent))} does not exist either"
    close = close_names(path.name, [item.name for item in path.parent.glob("*.py")], most=1)
    return f"; did you mean {close[0]!r}?" if close else ""


@functools.lru_cache(maxsize=128)
def parse(text: str, file: str) -> ast.Module:
    """Return the syntax tree of a config's text; many configs share their bases, so the last ones are kept.

    Raises:
        ConfigError: if it is no Python, or nested so deeply that Python's parser gives up.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, file)
    except SyntaxError as error:
        raise ConfigError(f"{shown_path(file)}:{error.lineno or 1}: not valid Python: {error.msg}") from None
    except ValueError as error:
        raise ConfigError(f"{shown_path(file)}:1: not valid Python: {error}") from None
    except (RecursionError, MemoryError):
        raise ConfigError(f"{shown_path(file)}:1: nested too deeply to be read; split it into named values") from None
