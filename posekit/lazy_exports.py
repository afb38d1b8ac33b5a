"""Packages that load a module when somebody first asks for what is in it.

What a package exports follows from posekit's index: the classes that modules below it register, and their base
classes. ``FORMER_MODULES`` is the one place for modules that MMPose 1.x has and posekit has not.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from posekit.registry.index import BASES, INDEX

FORMER_MODULES = {
    "posekit.datasets.transforms.common_transforms": "posekit.datasets.transforms",
    "posekit.datasets.transforms.topdown_transforms": "posekit.datasets.transforms",
    "posekit.datasets.transforms.bottomup_transforms": "posekit.datasets.transforms",
    "posekit.datasets.transforms.pose3d_transforms": "posekit.datasets.transforms",
    "posekit.datasets.datasets.body.crowdpose_dataset": "posekit.datasets.datasets",
    "posekit.datasets.datasets.base": "posekit.datasets",
    "posekit.datasets.datasets.base.base_coco_style_dataset": "posekit.datasets",
    "posekit.datasets.datasets.base.base_mocap_dataset": "posekit.datasets",
}
"""The package that each of these modules re-exports; importing the package is what adds them."""


def lazy_exports(package: str, contents: Mapping[str, str] | None = None) -> tuple[list[str], Callable[[str], Any]]:
    """Return the ``__all__`` and the ``__getattr__`` of a package.

    Args:
        package: its name.
        contents: what it exports besides the classes of the index: for each module, relative to posekit, names with
            blanks between them.
    """
    homes = indexed_classes(package)
    homes |= {name: f"posekit.{module}" for module, names in (contents or {}).items() for name in names.split()}

    def get(name: str) -> Any:
        if name in homes:
            return getattr(importlib.import_module(homes[name]), name)
        if (module := f"{package}.{name}") in FORMER_MODULES:
            return importlib.import_module(module)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    contained = vars(sys.modules[package])
    contained["__dir__"] = lambda: sorted({*contained, *homes})  # for completion
    for module, exporting in FORMER_MODULES.items():
        if exporting == package:
            add_module(module, list(homes), get)
    return list(homes), get


def indexed_classes(package: str) -> dict[str, str]:
    """Return the modules of the classes below ``package``, by the names of the classes."""
    places = {place for table in INDEX.values() for place in table.values()} | set(BASES.values())
    below = sorted(place for place in places if place.startswith(f"{package}."))
    return {name: module for module, _, name in (place.partition(":") for place in below)}


def add_module(name: str, exported: list[str], get: Callable[[str], Any]) -> None:
    """Let a module be imported that has the exports of a package and no file.

    The import system finds it in ``sys.modules`` as soon as the packages above it are there.
    """
    module: Any = ModuleType(name, "A module of MMPose 1.x; see posekit/lazy_exports.py.")
    module.__spec__ = ModuleSpec(name, None)
    module.__all__, module.__getattr__ = exported, get
    sys.modules[name] = module
