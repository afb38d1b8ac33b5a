"""300W as handed out: folders of images, each with a .pts file of 68 points beside it.

Points are counted from 1 and stay so, as published results on this set leave them.
"""

from __future__ import annotations

from pathlib import Path

from posekit.console import tracked
from posekit.labels.keypoint_data import Hints, KeypointData, LabelledImage
from posekit.labels.public_sets.public_set import beside, category_of, face, found_files, public_format, read_pts

PARTS = {
    "trainset": ("train", ""),
    "afw": ("train", ""),
    "testset": ("val", "common"),
    "ibug": ("val", "challenge"),
    "indoor": ("test", "indoor"),
    "outdoor": ("test", "outdoor"),
}
"""Split and subset by words in the folders: to train, the public test sets, and the challenge's test set."""

SUBSETS = tuple(subset for _, subset in PARTS.values() if subset)


def read(source: Path, hints: Hints) -> KeypointData:
    """Read all .pts files below a folder.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if one has not 68 points.
    """
    images = []
    for path in tracked(found_files(source, "*.pts", "300W"), "reading"):
        split, subset = part_of(path.parent, source)
        extra = {"subset": subset} if subset else {}
        images.append(LabelledImage(beside(path), [face(read_pts(path))], split=split, extra=extra))
    subsets = {name: lambda image, _, name=name: image.extra.get("subset") == name for name in SUBSETS}
    return KeypointData([category_of("300w", "face")], images, subsets=subsets)


def part_of(folder: Path, source: Path) -> tuple[str, str]:
    """Return split and subset of the images in a folder, by its name and those of the folders around it."""
    below, above = folder.relative_to(source).as_posix().lower(), source.absolute().name.lower()
    return next((part for word, part in PARTS.items() if word in below or above.endswith(word)), ("", ""))


FORMAT = public_format("300w", "300W", read)
