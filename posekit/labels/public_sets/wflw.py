"""WFLW as handed out: WFLW_images, and lists with a line for each face.

A line has 98 points, the face's rectangle (two corners), six attributes (0 or 1) and the image's name.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posekit.console import tracked
from posekit.labels.image_files import find_folder
from posekit.labels.keypoint_data import Hints, KeypointData, LabelledImage
from posekit.labels.place import FoundText, Place, read_text
from posekit.labels.public_sets.public_set import category_of, face, found_files, public_format

ATTRIBUTES = ("pose", "expression", "illumination", "make-up", "occlusion", "blur")
SUBSETS = dict(zip(("largepose", "expression", "illumination", "makeup", "occlusion", "blur"), ATTRIBUTES, strict=True))
"""Marks whose test faces are also evaluated separately."""

POINTS, CELLS = 98, 2 * 98 + 4 + 6 + 1
LISTS = "list_98pt_rect_attr_*.txt"


def read(source: Path, hints: Hints) -> KeypointData:
    """Read the lists of training and test faces below a folder, or one list.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: naming the first line that is not as it must be.
    """
    paths = [source] if source.is_file() else found_files(source, LISTS, "WFLW")
    images: dict[tuple[str, str], LabelledImage] = {}
    for path in paths:
        split = next((name for name in ("train", "test") if path.stem.endswith(name)), "")
        for number, line in enumerate(tracked(read_text(path).splitlines(), "reading"), 1):
            cells, where = line.split(maxsplit=CELLS - 1), Place(path, f"line {number}")
            if len(cells) != CELLS:
                raise where.wrong(
                    FoundText(f"{len(cells)} values"), f"{CELLS}: 98 points, a rectangle, 6 marks, a name"
                )
            values = np.array(where.numbers(cells[:-1]))
            points, corners = values[: 2 * POINTS].reshape(POINTS, 2), values[2 * POINTS : 2 * POINTS + 4]
            x, y, width, height = [*corners[:2].tolist(), *(corners[2:] - corners[:2]).tolist()]
            marks = dict(zip(ATTRIBUTES, values[-6:].astype(int).tolist(), strict=True))
            instance = face(points, box=where.box(x, y, width, height), extra={"attributes": marks})
            name = cells[-1].strip()
            image = images.setdefault((split, name), LabelledImage(Path(name), split=split))
            image.instances.append(instance)
    root = source if source.is_dir() else source.parent
    names = [name for _, name in images]
    folder = find_folder(names, next(iter(root.rglob("WFLW_images")), root), hints.images)
    for image in images.values():
        image.path = folder / image.path
    subsets = {
        name: lambda image, face, mark=mark: image.split == "test" and face.extra["attributes"][mark] == 1
        for name, mark in SUBSETS.items()
    }
    return KeypointData([category_of("wflw", "face")], list(images.values()), subsets=subsets)


FORMAT = public_format("wflw", "WFLW", read)
