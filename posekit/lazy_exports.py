"""Packages that load a module when somebody first asks for what is in it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def lazy_exports(package: str, contents: dict[str, str]) -> tuple[list[str], Callable[[str], Any]]:
    """Return the ``__all__`` and the ``__getattr__`` of a package.

    Args:
        package: its name.
        contents: for each module, relative to posekit, the names it gives, with blanks between them.
    """
    homes = {name: f"posekit.{module}" for module, names in contents.items() for name in names.split()}

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(homes[name]), name)

    return list(homes), get
