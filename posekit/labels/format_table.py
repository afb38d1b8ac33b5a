"""The formats that data can be converted between."""

from __future__ import annotations

import importlib
from pathlib import Path

from posekit.console import suggestion
from posekit.labels.keypoint_data import Format

MODULES = {
    "coco": "formats.coco",
    "yolo": "formats.yolo",
    "deeplabcut": "formats.deeplabcut",
    "sleap": "formats.sleap",
    "labelstudio": "formats.label_studio",
    "cvat": "formats.cvat",
    "labelme": "formats.labelme",
    "openpose": "formats.openpose",
}
"""The file of each format, in the order in which they are tried on an unknown source."""

RAW_MODULES = {
    "wflw": "public_sets.wflw",
    "300w": "public_sets.face_300w",
    "300wlp": "public_sets.face_300wlp",
    "300vw": "public_sets.face_300vw",
    "lapa": "public_sets.lapa",
    "cofw": "public_sets.cofw",
    "animalpose": "public_sets.animalpose",
    "macaque": "public_sets.macaque",
    "deepposekit": "public_sets.deepposekit",
    "h36m": "public_sets.human36m",
    "mpi-inf-3dhp": "public_sets.mpi_inf_3dhp",
    "ubody": "public_sets.ubody",
    "ubody3d": "public_sets.ubody3d",
    "mpii": "public_sets.mpii",
}
"""Formats of public datasets as their authors distribute them; they are only read, and only when named."""

SUFFIXES = {".json": "coco", ".xml": "cvat", ".slp": "sleap"}
"""The format of a destination whose name ends so; a folder becomes COCO."""


def get_format(name: str) -> Format:
    """Return a format by name.

    Raises:
        ValueError: if there is no such format.
    """
    modules = {**MODULES, **RAW_MODULES}
    plain = name.replace("-", "")
    if name not in modules:
        raise ValueError(
            f"no data format '{name}'; {suggestion(plain, modules, otherwise='there are', most_listed=99)}"
        )
    return importlib.import_module(f"posekit.labels.{modules[name]}").FORMAT


def guess_format(source: Path) -> Format:
    """Return the format that a file or folder looks like.

    Raises:
        FileNotFoundError: if the source is not there.
        ValueError: if it looks like none.
    """
    if not source.exists():
        raise FileNotFoundError(f"{source}: no such file or folder, seen from {Path.cwd()}")
    label_format = next((form for form in map(get_format, MODULES) if form.recognises(source)), None)
    if label_format is None:
        raise ValueError(
            f"{source}: looks like none of {', '.join(MODULES)}; give the labels' file or folder, or say --from FORMAT"
        )
    return label_format


def format_of_destination(dest: Path) -> Format:
    """Return the format that a destination's name asks for."""
    return get_format(SUFFIXES.get(dest.suffix.lower(), "coco"))
