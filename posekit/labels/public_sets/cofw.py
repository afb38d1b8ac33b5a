"""COFW as handed out: COFW_train_color.mat and COFW_test_color.mat, HDF5 files with the images inside.

A column of ``phis`` is a face: 29 x, 29 y, counted from 1, and 29 marks of hidden points.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import tracked
from posekit.labels.keypoint_data import Hints, Instance, KeypointData, LabelledImage
from posekit.labels.place import FoundText, Place
from posekit.labels.public_sets.public_set import category_of, found_files, open_hdf5, points_with, public_format

POINTS = 29
KEYS = {"train": "Tr", "test": "T"}
"""What the names of the arrays end in."""


def read(source: Path, hints: Hints) -> KeypointData:
    """Read both files of a folder, or one.

    Raises:
        FileNotFoundError: if there are none.
        ModuleNotFoundError: if h5py is not installed.
        ValueError: if an array is missing or of another shape.
    """
    paths = [source] if source.is_file() else found_files(source, "COFW_*_color.mat", "COFW")
    images = []
    for path in paths:
        split = "train" if "train" in path.stem.lower() else "test"
        with open_hdf5(path) as file:
            points, boxes = (_array(file, f"{key}{KEYS[split]}", path) for key in ("phis", "bboxes"))
        if points.shape[0] != 3 * POINTS or boxes.shape != (4, points.shape[1]):
            shapes = f"phis of shape {points.shape}, bboxes of shape {boxes.shape}"
            raise Place(path).wrong(FoundText(shapes), f"({3 * POINTS}, N) and (4, N)")
        decode = decoder(path, f"Is{KEYS[split]}")
        for index in tracked(range(points.shape[1]), "reading"):
            x, y, hidden = points[:, index].reshape(3, POINTS)
            keypoints = points_with(2 - hidden, np.maximum(np.stack([x, y], axis=1) - 1, 0))
            bx, by, width, height = np.maximum(boxes[:, index], 0).tolist()
            shapes = Instance(keypoints, box=(bx, by, width, height), area=width * height)
            images.append(LabelledImage(path, [shapes], frame=index, decode=decode, split=split))
    return KeypointData([category_of("cofw", "face")], images)


def _array(file: Any, key: str, path: Path) -> np.ndarray:
    if key not in file:
        raise Place(path).wrong(
            FoundText(f"only {', '.join(list(file)[:6])}"), f"the array '{key}'", "is it COFW (color)?"
        )
    return np.array(file[key], np.float64)


def decoder(path: Path, key: str) -> Callable[[int], np.ndarray]:
    """Return a function that reads an image out of the file, stored as (3, W, H) or (W, H)."""

    def decode(index: int) -> np.ndarray:
        with open_hdf5(path) as file:
            image = np.array(file[file[key][0, index]]).T
        return np.ascontiguousarray(np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image[..., ::-1])

    return decode


FORMAT = public_format("cofw", "COFW", read)
