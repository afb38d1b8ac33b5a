"""posekit's own configs by name: the file's, without its folder and ending."""

from __future__ import annotations

import difflib
import functools
import re
from pathlib import Path

from posekit.config.config import ConfigError

PARTS = "_base_"
TTA = "_tta"


def is_name(path: str | Path) -> bool:
    """Return whether ``path`` can be a config's name: no folder in it."""
    return len(Path(path).parts) == 1 and "::" not in str(path)


@functools.cache
def configs_by_name(folder: Path) -> dict[str, list[Path]]:
    """Return the config files below a folder by their names, without parts of configs: ``_base_`` and ``*_tta.py``."""
    names: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.py")):
        if PARTS not in path.relative_to(folder).parts and not path.stem.endswith(TTA):
            names.setdefault(path.stem, []).append(path)
    return names


def named_config(name: str | Path, folder: Path) -> Path | None:
    """Return the one config of that name below ``folder``, with or without ``.py``; None if there is none.

    Raises:
        ConfigError: if several have it.
    """
    paths = configs_by_name(folder).get(str(name).removesuffix(".py"), [])
    if len(paths) > 1:
        places = " and ".join(str(path.relative_to(folder)) for path in paths)
        raise ConfigError(f"'{name}' is the name of {places}; write the path of one of them")
    return paths[0] if paths else None


def words_of(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", name.lower()))


def no_such_config(name: str | Path, folder: Path) -> str:
    """Return the message about a name that is neither a file nor a config of posekit's."""
    wanted = str(name).removesuffix(".py")
    names = configs_by_name(folder)
    with_its_words = [each for each in names if words_of(wanted) and words_of(wanted) <= words_of(each)]
    close = sorted(with_its_words, key=len)[:3] or difflib.get_close_matches(wanted, names, 3, cutoff=0.5)
    beside = difflib.get_close_matches(f"{wanted}.py", [path.name for path in Path().glob("*.py")], 1)
    close = beside or close
    hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
    return f"{name}: no such file, and posekit has no config of that name; {hint}`posekit config list` shows them all"
