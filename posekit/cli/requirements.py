"""What posekit needs of other packages, and what of it this machine lacks."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[^]]*\])?\s*(?:>=\s*(?P<least>[\w.]+))?[^;]*(?:;.*extra\s*==\s*['\"](?P<extra>[\w-]+))?"
)
ALONE = (
    ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"),
)
"""Packages that bring the same modules: the files of one overwrite those of the other."""


class Requirement(NamedTuple):
    """A package, the oldest version that works, and the extra that brings it; empty for the core."""

    name: str
    least: str
    extra: str


def requirements() -> list[Requirement]:
    """Return what the installed posekit states; nothing if it is not installed but only on the path."""
    try:
        texts = importlib.metadata.requires("posekit") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    matches = (REQUIREMENT.match(text) for text in texts)
    return [Requirement(match["name"], match["least"] or "", match["extra"] or "") for match in matches if match]


def problems(needed: Sequence[Requirement]) -> Iterator[str]:
    """Yield what is missing, too old or in the way of something else, with what to do."""
    for stated, least, extra in dict.fromkeys(needed):
        name = stated if installed_version(stated) is not None else twin_of(stated) or stated
        version, user = installed_version(name), f"posekit[{extra}]" if extra else "posekit"
        if version is None and not extra:
            yield f"{name} is not installed; posekit needs it: pip install '{name}>={least}'"
        elif version is not None and number_of(version) < number_of(least):
            yield f"{name} {version} is too old; {user} needs {least}: pip install -U '{name}>={least}'"
    for group in ALONE:
        together = [name for name in group if installed_version(name) is not None]
        if len(together) > 1:
            yield (
                f"{' and '.join(together)} overwrite each other's files; keep one: pip uninstall {' '.join(together)}, "
                f"then pip install {together[-1]}"
            )


def python_problem() -> str:
    """Return what is wrong with this Python; empty if nothing is."""
    try:
        stated = importlib.metadata.metadata("posekit")["Requires-Python"] or ""
    except (importlib.metadata.PackageNotFoundError, KeyError):
        return ""
    least, version = stated.removeprefix(">="), platform.python_version()
    return f"Python {version} is too old; posekit needs {least}" if number_of(version) < number_of(least) else ""


def installed_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def twin_of(name: str) -> str:
    """Return an installed package that brings the same modules; empty if there is none."""
    group = next((group for group in ALONE if name in group), ())
    return next((twin for twin in group if installed_version(twin) is not None), "")


def number_of(version: str) -> tuple[int, ...]:
    """Return the numbers of a release, ``(2, 4)`` of ``2.4.0rc1+cpu``; trailing zeros do not count."""
    match = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(number) for number in match[0].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
