"""The fly, locust and zebra of DeepPoseKit as handed out: annotation_data_release.h5 with the images inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from posekit.labels.keypoint_data import Hints, Instance, KeypointData, LabelledImage
from posekit.labels.place import FoundText, Place
from posekit.labels.public_sets.public_set import category_of, extent, found_files, open_hdf5, public_format

SETS = {32: "fly", 35: "locust", 9: "zebra"}
"""The keypoint set by its number of keypoints, which is all that the files say."""


RELEASE = "annotation_data_release.h5"


def read(source: Path, hints: Hints) -> KeypointData:
    """Read one file, or the only one below a folder.

    Raises:
        FileNotFoundError: if there is none.
        ModuleNotFoundError: if h5py is not installed.
        ValueError: if there are several, or an array is missing or of another shape.
    """
    path = source if source.is_file() else _only_file(source)
    place = Place(path)
    with open_hdf5(path) as file:
        missing = [key for key in ("annotations", "annotated", "images") if key not in file]
        if missing:
            raise place.wrong(FoundText(f"no {' and no '.join(missing)}"), "annotations, annotated and images")
        points, labelled = np.array(file["annotations"], np.float64), np.array(file["annotated"], bool)
    if points.ndim != 3 or points.shape[2] != 2 or points.shape[1] not in SETS or labelled.shape != points.shape[:2]:
        shapes = f"annotations of shape {points.shape}, annotated of shape {labelled.shape}"
        raise place.wrong(FoundText(shapes), f"(N, K, 2) and (N, K), K one of {', '.join(map(str, SETS))}")
    name = SETS[points.shape[1]]
    category = category_of(name, name)
    if hints.keypoints:
        category = replace(category, keypoints=hints.keypoints)
    decode = decoder(path)
    images = []
    for index, (spots, known) in enumerate(zip(points, labelled & np.isfinite(points).all(axis=2), strict=True)):
        keypoints = np.column_stack([np.where(known[:, None], spots, 0), 2.0 * known])
        box = extent(spots[known], 1.0) if known.any() else None
        area = box[2] * box[3] if box else None
        images.append(LabelledImage(path, [Instance(keypoints, box=box, area=area)], frame=index, decode=decode))
    return KeypointData([category], images)


def _only_file(folder: Path) -> Path:
    files = found_files(folder, "*.h5", "DeepPoseKit's data")
    paths = [path for path in files if path.name == RELEASE] or files  # the fly has an example of it beside
    if len(paths) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in paths)
        raise ValueError(f"{folder}: holds several sets ({names}); give one of them as SOURCE")
    return paths[0]


def decoder(path: Path) -> Callable[[int], np.ndarray]:
    """Return a function that reads an image out of the file, (H, W) or (H, W, 1 or 3)."""

    def decode(index: int) -> np.ndarray:
        with open_hdf5(path) as file:
            image = np.array(file["images"][index], np.uint8)
        image = image.reshape(*image.shape[:2], -1)
        return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))

    return decode


FORMAT = public_format("deepposekit", "DeepPoseKit's fly, locust and zebra", read)
