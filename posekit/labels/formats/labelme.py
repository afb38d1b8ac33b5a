"""labelme: a JSON file for each image, with shapes (points, rectangles) that a group id ties together.

labels.txt beside the files, which labelme reads with ``--labels``, keeps the order of the labels: categories, a line
that separates, keypoints.
"""

from __future__ import annotations

import base64
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import tracked
from posekit.files import write_atomically
from posekit.labels.grouping import LooseBox, LooseObject, LoosePoint, as_instances, group_points
from posekit.labels.image_files import files_beside, found_below, image_named, placed_names
from posekit.labels.keypoint_data import Category, Format, Hints, Instance, KeypointData, LabelledImage
from posekit.labels.place import FoundText, Place, json_bytes, json_text, read_object, read_text
from posekit.media.image_file import decode

LABELS = "labels.txt"
SEPARATOR = "__keypoints__"
VERSION = "5.5.0"


def recognises(source: Path) -> bool:
    if source.is_dir():
        return any(recognises(path) for path in sorted(source.rglob("*.json"))[:3])
    return source.suffix.lower() == ".json" and source.is_file() and '"shapes"' in json_text(source)


def read(source: Path, hints: Hints) -> KeypointData:
    """Read one file or all of a folder, to the bottom.

    Raises:
        ValueError: naming the first value that is not as it must be.
    """
    paths = sorted(source.rglob("*.json")) if source.is_dir() else [source]
    paths = [path for path in paths if recognises(path)]
    if not paths:
        raise ValueError(f"{source}: no labelme file (.json with shapes) here")
    images, groups, others = [], [], []
    for path in tracked(paths, "reading"):
        image, objects = _read_file(path, hints, others)
        images.append(image)
        groups.append(objects)
    labels = next((folder / LABELS for folder in (paths[0].parent, source) if (folder / LABELS).is_file()), None)
    listed = [line.strip() for line in read_text(labels).splitlines() if line.strip()] if labels else []
    named = list(dict.fromkeys(point.name for group in groups for objects in group for point in objects.points))
    kinds = list(dict.fromkeys(objects.box.label for group in groups for objects in group if objects.box))
    if SEPARATOR in listed:
        kinds = list(dict.fromkeys([*listed[: listed.index(SEPARATOR)], *kinds]))
    outlines = {label for label, _ in others if label not in named}
    names = hints.keypoints or _in_order([label for label in listed if label not in outlines], named, kinds)
    missing = next((name for name in named if name not in names), None)
    if missing is not None:
        raise ValueError(f"--keypoints: {source} has points labelled '{missing}', which is none of {', '.join(names)}")
    categories, instances = as_instances(groups, names, [label for label in listed if label in kinds])
    for image, objects in zip(images, instances, strict=True):
        image.instances = objects
    return KeypointData(categories, images, left_out=Counter(what for _, what in others))


def _in_order(listed: list[str], named: list[str], kinds: list[str]) -> list[str]:
    """Return keypoint names as labels.txt lists them, then others as they come; special labels start with ``_``."""
    known = [label for label in listed if label not in kinds and not label.startswith("_")]
    return [*known, *(name for name in named if name not in known)]


def _read_file(path: Path, hints: Hints, others: list[tuple[str, str]]) -> tuple[LabelledImage, list[LooseObject]]:
    place, document = Place(path), read_object(path)
    sides = document.get("imageWidth"), document.get("imageHeight")
    size = None if None in sides else place.at("imageWidth, imageHeight").size(*sides)
    file, embedded = _image_path(place, document, hints), document.get("imageData")
    image = LabelledImage(file, size_wh=size)
    if embedded and not file.is_file():
        image = LabelledImage(path, size_wh=size, frame=0, decode=partial(_decode, place.at("imageData")))
    points, boxes = [], []
    for number, shape in enumerate(place.list(place.get(document, "shapes"))):
        where = place.at(f"shapes[{number}]")
        label = where.at("label").text(where.get(shape, "label"))
        corners = [where.at("points").numbers(point, 2) for point in where.list(where.get(shape, "points"))]
        kind, group = shape.get("shape_type", "polygon"), shape.get("group_id")
        flags = where.at("flags").dict(shape.get("flags") or {})
        if group is not None:
            group = where.at("group_id").whole(group)
        if kind == "point":
            if len(corners) != 1:
                raise where.wrong(FoundText(f"{len(corners)} points"), "one, as the shape is a point")
            points.append(LoosePoint(label, *corners[0], visible=1 if flags.get("occluded") else 2, group=group))
        elif kind == "rectangle":
            if len(corners) not in (2, 4):
                raise where.wrong(FoundText(f"{len(corners)} points"), "two corners, as the shape is a rectangle")
            low = [min(corner[axis] for corner in corners) for axis in (0, 1)]
            size = [max(corner[axis] for corner in corners) - low[axis] for axis in (0, 1)]
            boxes.append(LooseBox(label, (*low, *size), group, crowd=bool(flags.get("crowd"))))  # pyright: ignore
        else:
            others.append((label, f"shapes of type {kind}"))
    return image, group_points(place, points, boxes)


def _image_path(place: Place, document: dict[str, Any], hints: Hints) -> Path:
    """Return where the image is: as stated, by its name in the folder that was given, or like the file's own name."""
    folder, stated = hints.images or place.path.parent, document.get("imagePath")
    if not stated:
        return image_named(folder / place.path.stem)
    name = Path(place.at("imagePath").text(stated).replace("\\", "/"))
    return folder / name if hints.images is None else found_below(name, folder) or folder / name.name


def _decode(place: Place, _: int) -> np.ndarray:
    """Return the image that is in a file itself, (H, W, 3) uint8, BGR."""
    try:
        return decode(base64.b64decode(place.text(read_object(place.path).get("imageData")), validate=True))
    except ValueError as error:
        raise ValueError(f"{place}: no image: {error}; bring the file of imagePath there instead") from error


def write(data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]:
    """Write a file for each image, and labels.txt."""
    links = files_beside(data, dest, copy=copy_images)
    for image, name in tracked(list(zip(data.images, placed_names(data.images, flat=True), strict=True)), "writing"):
        assert image.size_wh is not None
        target = (dest / name).with_suffix(".json")
        document = {
            "version": VERSION,
            "flags": {},
            "shapes": [
                shape
                for number, instance in enumerate(image.instances, 1)
                for shape in _shapes(instance, data.categories[instance.category], number)
            ],
            "imagePath": links[id(image)],
            "imageData": None,
            "imageHeight": image.size_wh[1],
            "imageWidth": image.size_wh[0],
        }
        write_atomically(target, lambda file, document=document: file.write(json_bytes(document)))
    labels = [*(category.name for category in data.categories), SEPARATOR, *data.categories[0].keypoints]
    text = "\n".join(labels) + "\n"
    write_atomically(dest / LABELS, lambda file: file.write(text.encode()))
    return [dest, dest / LABELS]


def _shapes(instance: Instance, category: Category, group: int) -> list[dict[str, Any]]:
    x, y, width, height = instance.box or (0, 0, 0, 0)
    shapes = [_shape(category.name, [[x, y], [x + width, y + height]], "rectangle", group, crowd=instance.crowd)]
    for name, (x, y, visible) in zip(category.keypoints, instance.keypoints.tolist(), strict=True):
        if visible:
            shapes.append(_shape(name, [[x, y]], "point", group, occluded=visible == 1))
    return shapes


def _shape(label: str, points: list[list[float]], kind: str, group: int, **flags: bool) -> dict[str, Any]:
    return {
        "label": label,
        "points": points,
        "group_id": group,
        "description": "",
        "shape_type": kind,
        "flags": {name: True for name, value in flags.items() if value},
        "mask": None,
    }


FORMAT = Format(
    name="labelme",
    title="labelme JSON files",
    recognises=recognises,
    read=read,
    write=write,
    loses=(
        *("other_keypoints", "unlabelled_positions", "areas", "segmentations", "tracks", "scores", "ids", "videos"),
        *("splits", "links", "swaps", "extra"),
    ),
    needs=frozenset({"boxes", "sizes"}),
)
