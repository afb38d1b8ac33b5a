"""The formats that data can be converted between."""

from __future__ import annotations

import difflib
import importlib
from pathlib import Path

from posekit.datasets.converters.keypoint_data import Format

MODULES = {
    "coco": "coco",
    "yolo": "yolo",
    "deeplabcut": "deeplabcut",
    "sleap": "sleap",
    "labelstudio": "label_studio",
    "cvat": "cvat",
    "labelme": "labelme",
    "openpose": "openpose",
}
"""The file of each format, in the order in which they are tried on an unknown source."""

RAW_MODULES = {
    "wflw": "wflw",
    "300w": "face_300w",
    "300wlp": "face_300wlp",
    "300vw": "face_300vw",
    "lapa": "lapa",
    "cofw": "cofw",
    "animalpose": "animalpose",
    "macaque": "macaque",
    "deepposekit": "deepposekit",
    "h36m": "human36m",
    "mpi-inf-3dhp": "mpi_inf_3dhp",
    "ubody": "ubody",
    "ubody3d": "ubody3d",
    "mpii": "mpii",
}
"""Formats of public data sets as they are handed out; they are only read, and only when named."""

SUFFIXES = {".json": "coco", ".xml": "cvat", ".slp": "sleap"}
"""The format of a destination whose name ends so; a folder becomes COCO."""


def get_format(name: str) -> Format:
    """Return a format by name.

    Raises:
        ValueError: if there is no such format.
    """
    modules = {**MODULES, **RAW_MODULES}
    if name not in modules:
        near = difflib.get_close_matches(name.lower().replace("-", ""), modules, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(modules)}"
        raise ValueError(f"no data format '{name}'; {hint}")
    return importlib.import_module(f"posekit.datasets.converters.{modules[name]}").FORMAT


def guess_format(source: Path) -> Format:
    """Return the format that a file or folder looks like.

    Raises:
        FileNotFoundError: if the source is not there.
        ValueError: if it looks like none.
    """
    if not source.exists():
        raise FileNotFoundError(f"{source}: no such file or folder, seen from {Path.cwd()}")
    found = next((form for form in map(get_format, MODULES) if form.recognises(source)), None)
    if found is None:
        raise ValueError(
            f"{source}: looks like none of {', '.join(MODULES)}; give the labels' file or folder, or say --from FORMAT"
        )
    return found


def format_of_destination(dest: Path) -> Format:
    """Return the format that a destination's name asks for."""
    return get_format(SUFFIXES.get(dest.suffix.lower(), "coco"))
