"""300W-LP as handed out: images in AFW, HELEN, IBUG, LFPW, and landmarks/…/NAME_pts.mat with 68 points each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from posekit.console import tracked
from posekit.labels.keypoint_data import Hints, KeypointData, LabelledImage
from posekit.labels.place import FoundText, Place
from posekit.labels.public_sets.public_set import category_of, face, found_files, public_format, read_mat

ENDING = "_pts"


def read(source: Path, hints: Hints) -> KeypointData:
    """Read all files of landmarks below a folder; the flipped images of the set are not among them.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if one has not 68 points ``pts_2d``.
    """
    images = []
    for path in tracked(found_files(source, f"*{ENDING}.mat", "300W-LP"), "reading"):
        part, name = path.parent.name, path.stem.removesuffix(ENDING) + ".jpg"
        root = hints.images or path.parents[2]
        images.append(LabelledImage(root / part / name, [face(_points(path))], video=name.rsplit("_", 1)[0]))
    # its keypoint set states no swaps, but the points are those of 300W
    return KeypointData([replace(category_of("300wlp", "face"), swaps=category_of("300w", "face").swaps)], images)


def _points(path: Path) -> np.ndarray:
    points = np.asarray(read_mat(path, "pts_2d")[0], np.float64)
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise Place(path).wrong(FoundText(f"pts_2d of shape {points.shape}"), "68 finite points (68, 2)")
    return points


FORMAT = public_format("300wlp", "300W-LP", read)
