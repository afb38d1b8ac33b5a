"""YOLO-pose (Ultralytics): a data.yaml, and beside every image of ``images`` a text file in ``labels``.

A line of a text file is an object: class, box centre and size, then x, y and perhaps visibility of each keypoint, all
lengths as shares of the image's width and height. Ultralytics passes over an image with a keypoint outside of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import tracked
from posekit.files import write_atomically
from posekit.labels.image_files import (
    images_in,
    place_images,
    placed_names,
)
from posekit.labels.keypoint_data import SPLITS, Category, Format, Hints, Instance, KeypointData, LabelledImage
from posekit.labels.losses import numbered_names
from posekit.labels.place import FoundText, Place, read_text
from posekit.labels.text_files import read_yaml, write_yaml
from posekit.media.image_file import IMAGE_SUFFIXES, image_size

YAML_SUFFIXES = (".yaml", ".yml")
ALIASES = {"val": "validation"}


def recognises(source: Path) -> bool:
    return _yaml_of(source) is not None


def _yaml_of(source: Path) -> Path | None:
    files = sorted(source.glob("*.y*ml")) if source.is_dir() else [source]
    named = (path for path in files if path.suffix.lower() in YAML_SUFFIXES and path.is_file())
    return next((path for path in named if b"kpt_shape" in path.read_bytes()), None)


def read(source: Path, hints: Hints) -> KeypointData:
    """Read the images and labels of all splits that a data.yaml names.

    Raises:
        FileNotFoundError: if a folder or list of images is not there.
        ValueError: naming the first value that is not as it must be.
    """
    if hints.images is not None:
        raise ValueError(
            "--images: YOLO's data.yaml says where the images are; correct its path, train and val instead"
        )
    path = _yaml_of(source)
    if path is None:
        raise ValueError(f"{source}: no YAML file with kpt_shape, which YOLO-pose data has; give its data.yaml")
    place, document = Place(path), read_yaml(path)
    categories, dims = _read_categories(place, document, hints)
    root = _root(place, document)
    images: list[LabelledImage] = []
    for split in SPLITS:
        for entry in _entries(document.get(split) or document.get(ALIASES.get(split, ""))):
            images += [LabelledImage(file, split=split) for file in _files(place.at(split), root, entry)]
    if not images:
        raise place.wrong(FoundText("no images"), "some under train, val or test", "correct these folders")
    for image in tracked(images, "reading"):
        image.size_wh = image_size(image.path)
        labels = label_path(image.path)
        if labels.is_file():
            image.instances = _read_labels(labels, image.size_wh, len(categories), categories[0], dims)
    return KeypointData(categories, images)


def _read_categories(place: Place, document: dict[str, Any], hints: Hints) -> tuple[list[Category], int]:
    shape = place.at("kpt_shape").numbers(place.get(document, "kpt_shape"), 2)
    count, dims = int(shape[0]), int(shape[1])
    if not 0 < count < 10_000 or dims not in (2, 3):
        raise place.at("kpt_shape").wrong(shape, "the number of keypoints, and 2 (x, y) or 3 (x, y, visibility)")
    labels = _by_class(place.at("names"), place.get(document, "names"))
    named = _by_class(place.at("kpt_names"), document.get("kpt_names") or {})
    swaps = document.get("flip_idx")
    if swaps is not None:
        where = place.at("flip_idx")
        swaps = tuple(map(int, where.numbers(swaps, count)))
        if sorted(swaps) != list(range(count)) or any(swaps[swaps[i]] != i for i in range(count)):
            raise where.wrong(list(swaps), f"numbers 0 to {count - 1} that name each other in pairs")
    categories = []
    for index, label in enumerate(labels):
        names = hints.keypoints or (place.at("kpt_names").names(named[index]) if index < len(named) else ())
        names = names or numbered_names(count)
        if len(names) != count:
            raise place.at("kpt_names").wrong(FoundText(f"{len(names)} names"), f"{count}, as kpt_shape says")
        categories.append(Category(place.at("names").text(str(label)), names, swaps=swaps))
    if not categories:
        raise place.at("names").wrong(FoundText("none"), "the names of the classes")
    return categories, dims


def _by_class(place: Place, value: Any) -> list[Any]:
    """Return the values of classes 0, 1, …, given as a list or under these keys."""
    if isinstance(value, dict):
        if set(value) != set(range(len(value))):
            raise place.wrong(list(value), "the classes 0, 1, … as keys")
        return [value[index] for index in range(len(value))]
    return place.list(value)


def _root(place: Place, document: dict[str, Any]) -> Path:
    folder = place.path.parent
    stated = document.get("path")
    return folder / stated if isinstance(stated, str) and (folder / stated).is_dir() else folder


def _entries(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(item).replace("\\", "/") for item in values if item]


def _files(place: Place, root: Path, entry: str) -> list[Path]:
    """Return the images of a folder, or those that a text file lists."""
    # Roboflow's data.yaml lies in the folder that it takes itself to be a neighbour of
    targets = [root / entry, *([root / entry.removeprefix("../")] if entry.startswith("../") else [])]
    for target in targets:
        if target.is_dir():
            return images_in(target)
        if target.suffix == ".txt" and target.is_file():
            lines = [line.strip().replace("\\", "/") for line in read_text(target).splitlines()]
            return [_listed(line, target.parent, root) for line in lines if line.lower().endswith(IMAGE_SUFFIXES)]
    raise FileNotFoundError(
        f"{place}: '{entry}' is no folder and no list of images, seen from {root}; correct it or remove the entry"
    )


def _listed(line: str, folder: Path, root: Path) -> Path:
    """Return an image of a list: relative to the list where it begins with ``./``, else perhaps to the root."""
    return next((path for path in (folder / line, root / line) if path.is_file()), folder / line)


def label_path(image: Path) -> Path:
    """Return where an image's labels are: the last folder ``images`` of its path becomes ``labels``."""
    parts = list(image.parts)
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] == "images":
            parts[index] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def _read_labels(path: Path, size_wh: tuple[int, int], classes: int, category: Category, dims: int) -> list[Instance]:
    count, instances = len(category.keypoints), []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        where = Place(path, f"line {number}")
        values = np.array(where.numbers(line.split(), 5 + count * dims))
        if values[0] not in range(classes):
            raise where.wrong(values[0].item(), f"a class from 0 to {classes - 1} first")
        points = np.full((count, 3), 2.0)
        points[:, :dims] = values[5:].reshape(count, dims)
        if dims == 2:  # points at the origin or outside are not labelled
            points[:, 2] = np.where((points[:, :2] > 0).any(axis=1) & (points[:, :2] >= 0).all(axis=1), 2, 0)
        elif not np.isin(points[:, 2], (0, 1, 2)).all():
            raise where.wrong(points[~np.isin(points[:, 2], (0, 1, 2)), 2][0].item(), "visibility 0, 1 or 2")
        points[:, :2] *= size_wh
        center, size = values[1:3] * size_wh, values[3:5] * size_wh
        box = where.box(*(center - size / 2).tolist(), *size.tolist())
        instances.append(Instance(points, category=int(values[0]), box=box))
    return instances


def write(data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]:
    """Write data.yaml, labels, and images as copies or links."""
    written: dict[str, str] = {}
    for split, images in data.by_split().items():
        names = placed_names(images)
        place_images(images, [dest / "images" / split / name for name in names], copy=copy_images)
        for image, name in tracked(list(zip(images, names, strict=True)), "writing"):
            assert image.size_wh is not None
            text = "".join(_line(instance, image.size_wh) + "\n" for instance in image.instances)
            target = (dest / "labels" / split / name).with_suffix(".txt")
            write_atomically(target, lambda file, text=text: file.write(text.encode()))
        written[split] = f"images/{split}"
    main = data.categories[0]
    document: dict[str, Any] = {split: written[split] for split in SPLITS if split in written}
    document["kpt_shape"] = [len(main.keypoints), 3]
    if main.swaps is not None:
        document["flip_idx"] = list(main.swaps)
    document["names"] = {index: category.name for index, category in enumerate(data.categories)}
    document["kpt_names"] = {index: list(category.keypoints) for index, category in enumerate(data.categories)}
    write_yaml(document, dest / "data.yaml")
    return [dest / "data.yaml"]


def _line(instance: Instance, size_wh: Sequence[int]) -> str:
    x, y, width, height = instance.box or (0, 0, 0, 0)
    size = np.array(size_wh, np.float64)
    points = instance.keypoints.copy()
    points[:, :2] /= size
    box = [*(np.array([x + width / 2, y + height / 2]) / size), *(np.array([width, height]) / size)]
    shares = [f"{value:.9g}" for value in (*box, *points.reshape(-1))]
    return " ".join([str(instance.category), *shares])


FORMAT = Format(
    name="yolo",
    title="YOLO-pose text files with a data.yaml",
    recognises=recognises,
    read=read,
    write=write,
    loses=(
        *("crowds", "other_keypoints", "outside", "areas", "segmentations", "tracks", "scores", "ids", "videos"),
        *("links", "extra"),
    ),
    needs=frozenset({"boxes", "sizes", "swaps", "splits"}),
    places_images=True,
)
