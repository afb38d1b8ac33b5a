"""300W as handed out: folders of pictures, each with a .pts file of 68 points beside it.

Points are counted from 1 and stay so, as published results on this set leave them.
"""

from __future__ import annotations

from pathlib import Path

from posekit.datasets.converters.keypoint_data import Hints, KeypointData, Picture
from posekit.datasets.converters.public_set import beside, category_of, face, found_files, public_format, read_pts
from posekit.progress import tracked

SPLITS = {"trainset": "train", "afw": "train", "testset": "val", "ibug": "val", "indoor": "test", "outdoor": "test"}
"""The parts of the set by words in their folders: to train, the public test sets, and the challenge's test set."""


def read(source: Path, hints: Hints) -> KeypointData:
    """Read all .pts files below a folder.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if one has not 68 points.
    """
    pictures = []
    for path in tracked(found_files(source, "*.pts", "300W"), "reading"):
        folders = "/".join(path.relative_to(source).parts[:-1]).lower()
        split = next((part for word, part in SPLITS.items() if word in folders), "")
        pictures.append(Picture(beside(path), [face(read_pts(path))], split=split))
    return KeypointData([category_of("300w", "face")], pictures)


FORMAT = public_format("300w", "300W", read)
