"""What the readers of public datasets, as their authors distribute them, share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posekit.keypoints.skeleton import Skeleton
from posekit.labels.keypoint_data import Category, Format, Instance, Reader
from posekit.labels.place import FoundText, Place, read_text
from posekit.labels.public_sets.unpacking import Unpacking, UnpackingJob

MATLAB_5 = b"MATLAB 5.0 MAT-file"
SCALE_PIXELS = 200
"""Pixels per unit of ``scale``, which some sets' evaluations take the place of a box with."""


def public_format(name: str, title: str, read: Reader) -> Format:
    """Return a format that is only read, and only when it is named."""
    return Format(name=name, title=title, recognises=lambda source: False, read=read)


def unpacked_format(
    name: str, title: str, run: Callable[[UnpackingJob], list[Path]], *, every: int = 0, splits: tuple[str, ...] = ()
) -> Format:
    """Return a format that is only unpacked, and only when it is named; see ``Unpacking``."""
    unpacking = Unpacking(run, every=every, splits=splits)
    return Format(name=name, title=title, recognises=lambda source: False, unpacking=unpacking)


def category_of(keypoint_set: str, label: str) -> Category:
    """Return the category of a packaged keypoint set, flip pairs and all."""
    known = Skeleton.load(keypoint_set)
    return Category(label, known.names, known.links, known.flip_indices)


def points_with(visible: float | np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return points (K, 2) with their visibility, (K, 3)."""
    return np.column_stack([points, np.broadcast_to(visible, len(points))]).astype(np.float64)


def extent(points: np.ndarray, margin: float = 0.0) -> tuple[float, float, float, float]:
    """Return the xywh box of points (N, 2), ``margin`` pixels wider and higher."""
    low, high = points.min(axis=0), points.max(axis=0)
    x, y, width, height = [*low.tolist(), *(high - low + margin).tolist()]
    return x, y, width, height


def face(points: np.ndarray, visible: float | np.ndarray = 2.0, **more: Any) -> Instance:
    """Return a face with all its landmarks (K, 2), and the centre and scale that 300W and WFLW are cropped by."""
    x, y, width, height = extent(points)
    scale = math.ceil(max(width, height)) / SCALE_PIXELS
    extra = {"center": [x + width / 2, y + height / 2], "scale": scale, **more.pop("extra", {})}
    box = more.pop("box", (x, y, width, height))
    return Instance(points_with(visible, points), box=box, area=width * height, extra=extra, **more)


def read_points(path: Path, rows: Sequence[str], count: int) -> np.ndarray:
    """Read ``count`` lines of x and y (K, 2).

    Raises:
        ValueError: naming the first line that is not as it must be.
    """
    place = Place(path)
    if len(rows) != count:
        raise place.wrong(FoundText(f"{len(rows)} points"), f"{count}", "is it a file of this dataset?")
    return np.array([place.at(f"point {i}").numbers(row.split(), 2) for i, row in enumerate(rows, 1)])


def read_pts(path: Path, count: int = 68) -> np.ndarray:
    """Read the points of a .pts file, between braces (K, 2)."""
    lines = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if "{" not in lines or "}" not in lines:
        raise Place(path).wrong(FoundText("no braces"), "points between { and }", "is it a whole .pts file?")
    return read_points(path, lines[lines.index("{") + 1 : lines.index("}")], count)


def found_files(source: Path, pattern: str, what: str) -> list[Path]:
    """Return the files below a folder, or raise an error that says what the folder should hold.

    Raises:
        FileNotFoundError: if there are none.
    """
    paths = sorted(source.rglob(pattern)) if source.is_dir() else []
    if not paths:
        raise FileNotFoundError(f"{source}: no {pattern} below this folder; give the folder of {what}")
    return paths


def beside(path: Path, suffixes: Sequence[str] = (".jpg", ".png", ".jpeg")) -> Path:
    """Return the image with the same name as a file of labels."""
    named = [path.with_suffix(suffix) for suffix in suffixes]
    return next((candidate for candidate in named if candidate.is_file()), named[0])


def read_mat(path: Path, *keys: str, as_objects: bool = False) -> list[Any]:
    """Read arrays of a MATLAB file that is no HDF5.

    Args:
        as_objects: structs become objects with attributes, and axes of length one are left out.

    Raises:
        ValueError: if it is none, or has not all of them.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path, variable_names=keys, struct_as_record=not as_objects, squeeze_me=as_objects)
        return [content[key] for key in keys]
    except (ValueError, TypeError, KeyError, NotImplementedError, OSError, MatReadError) as error:
        names = " and ".join(keys)
        if isinstance(error, NotImplementedError):
            raise ValueError(f"{path}: a MATLAB 7.3 file; save {names} with -v7, as its authors did") from error
        raise ValueError(f"{path}: no MATLAB file with {names}: {error}; download it again") from error


def open_hdf5(path: Path) -> Any:
    """Open an HDF5 file to read.

    Raises:
        FileNotFoundError: if it is not there.
        ModuleNotFoundError: if h5py is not installed.
        ValueError: if it is no HDF5.
    """
    import h5py  # pyright: ignore[reportMissingImports]

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file, seen from {Path.cwd()}")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        with path.open("rb") as file:
            if file.read(len(MATLAB_5)) == MATLAB_5:
                raise ValueError(f"{path}: a MATLAB 5 file; save it with -v7.3, as its authors did") from error
        raise ValueError(f"{path}: no HDF5 file that can be read; download it again ({error})") from error
