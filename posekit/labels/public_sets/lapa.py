"""LaPa as handed out: train, val and test, each with images and landmarks (a text file of 106 points each)."""

from __future__ import annotations

from pathlib import Path

from posekit.console import tracked
from posekit.labels.keypoint_data import SPLITS, Hints, KeypointData, LabelledImage
from posekit.labels.place import FoundText, Place, read_text
from posekit.labels.public_sets.public_set import category_of, face, found_files, public_format, read_points

POINTS = 106


def read(source: Path, hints: Hints) -> KeypointData:
    """Read all landmarks below a folder.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: naming the first file and line that is not as it must be.
    """
    images = []
    for path in tracked(found_files(source, "landmarks/*.txt", "LaPa"), "reading"):
        lines = read_text(path).split("\n")
        if lines[0].strip() != str(POINTS):
            raise Place(path, "line 1").wrong(FoundText(lines[0][:20] or "nothing"), f"{POINTS}, the number of points")
        points = read_points(path, [line for line in lines[1:] if line.strip()], POINTS)
        folder = path.parents[1]
        split = folder.name if folder.name in SPLITS else ""
        images.append(LabelledImage(folder / "images" / f"{path.stem}.jpg", [face(points)], split=split))
    return KeypointData([category_of("lapa", "face")], images)


FORMAT = public_format("lapa", "LaPa", read)
