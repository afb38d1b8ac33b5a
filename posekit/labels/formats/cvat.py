"""CVAT for images 1.1: an XML file with skeletons, points and boxes; what has the same group id is one object.

CVAT for video 1.1, with tracks of these, is only read.

A skeleton's label cannot be a box's too, so a box of category ``mouse`` is labelled ``mouse_box``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from posekit.console import tracked
from posekit.labels.formats.cvat_tracks import Shape, images_of_frames, shapes_by_frame
from posekit.labels.formats.cvat_writer import BOX, CROWD, TRACK, write
from posekit.labels.grouping import (
    Box,
    LooseBox,
    LooseObject,
    LoosePoint,
    box_around_rotated,
    group_points,
)
from posekit.labels.image_files import find_folder
from posekit.labels.keypoint_data import SPLITS, Category, Format, Hints, Instance, KeypointData, LabelledImage
from posekit.labels.losses import DEFAULT_CATEGORY, numbered_names
from posekit.labels.place import FoundText, Place
from posekit.labels.text_files import read_xml

SUBSETS = {"training": "train", "validation": "val", "valid": "val", "testing": "test"}


def recognises(source: Path) -> bool:
    if source.is_dir():
        return (source / "annotations.xml").is_file() and recognises(source / "annotations.xml")
    if source.suffix.lower() != ".xml" or not source.is_file():
        return False
    data = source.read_bytes()
    return b"<annotations" in data and (b"<image" in data or b"<track" in data)


class Shapes:
    """The shapes of one image; each with its place in the file, for errors. Others are counted."""

    def __init__(self, shapes: Sequence[Shape], left_out: Counter[str]) -> None:
        points = [item for item in shapes if item[1].tag == "points"]
        self.boxes = [item for item in shapes if item[1].tag == "box"]
        self.single = [item for item in points if ";" not in (item[1].get("points") or "")]
        self.whole = [item for item in shapes if item[1].tag == "skeleton"]
        self.whole += [item for item in points if ";" in (item[1].get("points") or "")]
        known = ("box", "points", "skeleton", "attribute")
        left_out.update(f"{shape.tag}s" for _, shape in shapes if shape.tag not in known)


def read(source: Path, hints: Hints) -> KeypointData:
    """Read an annotations.xml; from loose points the label is a keypoint's name, or with several points an object's.

    Raises:
        ValueError: naming the first value that is not as it must be.
    """
    path = source / "annotations.xml" if source.is_dir() else source
    place, root = Place(path), read_xml(path)
    left_out: Counter[str] = Counter()
    if root.find("track") is not None:
        frames = shapes_by_frame(place, root, TRACK)
        located = images_of_frames(place, root, frames, hints.images)
        shapes = [Shapes(frame_objects, left_out) for frame_objects in frames.values()]
    else:
        images = [(place.at(f"image {number}"), element) for number, element in enumerate(root.iter("image"))]
        located = _located([_read_image(*item) for item in images], path.parent, hints)
        shapes = [Shapes([(w.at(f"{s.tag} {i}"), s) for i, s in enumerate(element)], left_out) for w, element in images]
    if not located:
        raise place.wrong(FoundText("no image"), "at least one", "export as 'CVAT for images 1.1'")
    reading = Reading(place, _declared(place, root))
    loose = [reading.loose_objects(place.at(image.path.name), s) for image, s in zip(located, shapes, strict=True)]
    reading.declare_loose([item for frame_objects in loose for item, _ in frame_objects], root, hints)
    for image, frame_shapes, frame_objects in zip(tracked(located, "reading"), shapes, loose, strict=True):
        image.instances = reading.instances(frame_shapes) + [reading.loose(item, box) for item, box in frame_objects]
    reading.fill([instance for image in located for instance in image.instances])
    return KeypointData(reading.categories or [Category(DEFAULT_CATEGORY)], located, left_out=left_out)


def _located(images: list[LabelledImage], near: Path, hints: Hints) -> list[LabelledImage]:
    folder = find_folder([str(image.path) for image in images], near, hints.images)
    for image in images:
        image.path = folder / image.path
    return images


def _read_image(place: Place, image: ElementTree.Element) -> LabelledImage:
    number, subset = image.get("id", ""), image.get("subset", "").lower()
    return LabelledImage(
        Path(place.at("name").text(image.get("name")).replace("\\", "/")),
        size_wh=place.at("width, height").size(image.get("width"), image.get("height")),
        id=int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else None,
        split=SUBSETS.get(subset, subset if subset in SPLITS else ""),
    )


def _declared(place: Place, root: ElementTree.Element) -> list[Category]:
    """Return the categories of the task's labels: skeletons with their keypoints and links, and others without."""
    labels = [label for label in root.iter("label") if label.find("name") is not None]
    parts: dict[str, list[str]] = {}
    for label in labels:
        if label.findtext("parent"):
            parts.setdefault(label.findtext("parent") or "", []).append(label.findtext("name") or "")
    top_labels = [label for label in labels if not label.findtext("parent")]
    skeletons = {label.findtext("name") for label in top_labels if label.findtext("type") == "skeleton"}
    categories = []
    for label in top_labels:
        name = place.at("label").text(label.findtext("name"))
        if label.findtext("type") == "skeleton":
            categories.append(
                _skeleton(place.at(f"label {name}"), name, parts.get(name, []), label.findtext("svg") or "")
            )
        elif not (name.endswith(BOX) and name.removesuffix(BOX) in skeletons):
            categories.append(Category(name))
    return categories


def _points_labels(root: ElementTree.Element) -> list[str]:
    labels = [
        label for label in root.iter("label") if label.findtext("type") == "points" and not label.findtext("parent")
    ]
    return [label.findtext("name") or "" for label in labels]


def _skeleton(place: Place, name: str, parts: list[str], drawing: str) -> Category:
    """Return the category of a skeleton's label; its links are lines in a drawing between numbered circles."""
    try:
        shapes = list(ElementTree.fromstring(f"<svg>{drawing}</svg>").iter())  # noqa: S314 - no DOCTYPE can stand here
    except ElementTree.ParseError as error:
        raise ValueError(f"{place}, svg: no valid drawing: {error}; export the task again") from error
    circles = [shape for shape in shapes if shape.tag.rpartition("}")[2] == "circle"]
    names = tuple(dict.fromkeys(parts or [circle.get("data-label-name") or "" for circle in circles]))
    by_node = {circle.get("data-node-id"): circle.get("data-label-name") for circle in circles}
    links = []
    for line in shapes:
        ends = [by_node.get(line.get(f"data-node-{end}")) for end in ("from", "to")]
        if line.tag.rpartition("}")[2] == "line" and all(end in names for end in ends):
            links.append((names.index(ends[0] or ""), names.index(ends[1] or "")))
    return Category(name, names, tuple(links))


def _coordinates(place: Place, shape: ElementTree.Element, count: int | None = None) -> list[list[float]]:
    pairs = [pair for pair in (shape.get("points") or "").split(";") if pair.strip()]
    if not pairs or (count is not None and len(pairs) != count):
        raise place.at("points").wrong(shape.get("points"), f"{count or 'some'} of x,y")
    return [place.at("points").numbers(pair.split(","), 2) for pair in pairs]


class Reading:
    """Makes instances of shapes and adds the categories that no label declared."""

    def __init__(self, place: Place, categories: Sequence[Category]) -> None:
        self.place = place
        self.categories = list(categories)
        self.skeletons = {category.name for category in categories if category.keypoints}
        self.loose_names: tuple[str, ...] = ()

    def loose_objects(self, place: Place, shapes: Shapes) -> list[tuple[LooseObject, ElementTree.Element | None]]:
        """Return the objects of points that are no part of a skeleton, each a keypoint, and the shapes of their boxes.

        Boxes that became part of one are taken out of the shapes; those of skeletons, by label or group, stay.
        """
        if not shapes.single:
            return []
        points = []
        for where, shape in shapes.single:
            (x, y), label = _coordinates(where, shape, 1)[0], where.at("label").text(shape.get("label"))
            if shape.get("outside") != "1":
                points.append(LoosePoint(label, x, y, 1 if shape.get("occluded") == "1" else 2, _group(shape)))
        owners = {_group(shape) for _, shape in shapes.whole} - {None}
        free = [
            (where, shape)
            for where, shape in shapes.boxes
            if _group(shape) not in owners and (shape.get("label") or "").removesuffix(BOX) not in self.skeletons
        ]
        boxes = [LooseBox(where.at("label").text(s.get("label")), _box(where, s), _group(s)) for where, s in free]
        objects = group_points(place, points, boxes)
        pairs = [(item, free[index][1] if index < len(free) else None) for index, item in enumerate(objects)]
        pairs = [(item, shape) for item, shape in pairs if item.points]
        taken = [shape for _, shape in pairs if shape is not None]
        shapes.boxes = [item for item in shapes.boxes if item[1] not in taken]
        return pairs

    def declare_loose(self, objects: Sequence[LooseObject], root: ElementTree.Element, hints: Hints) -> None:
        """Give the categories of points that are no part of a skeleton their keypoints, if there are such points."""
        if not objects:
            return
        names, listed = [point.name for item in objects for point in item.points], _points_labels(root)
        self.loose_names = hints.keypoints or tuple(dict.fromkeys([*listed, *names]))
        labels = dict.fromkeys(item.box.label if item.box else DEFAULT_CATEGORY for item in objects)
        parts = {*names, *listed} - set(labels)
        categories = [category for category in self.categories if category.name not in parts]
        self.categories = [replace(c, keypoints=self.loose_names) if c.name in labels else c for c in categories]
        known = {category.name for category in categories}
        self.categories += [Category(label, self.loose_names) for label in labels if label not in known]

    def instances(self, shapes: Shapes) -> list[Instance]:
        """Return the objects of skeletons, of shapes with several points, and of boxes, joined by their group."""
        by_group: dict[str, Instance] = {}
        instances = []
        for place, shape in shapes.whole:
            label = place.at("label").text(shape.get("label"))
            points = self._skeleton_points(place, shape, label) if shape.tag == "skeleton" else _many(place, shape)
            category = self._category(label, len(points))
            instance = Instance(points, category, **_attributes(shape))
            instances.append(instance)
            by_group.setdefault(_group(shape) or "", instance)
        by_group.pop("", None)
        for place, shape in shapes.boxes:
            self._add_box(place, shape, by_group.get(_group(shape) or ""), instances)
        return instances

    def loose(self, item: LooseObject, box: ElementTree.Element | None) -> Instance:
        """Return the object of single points."""
        names, label = self.loose_names, item.box.label if item.box else DEFAULT_CATEGORY
        points = np.zeros((len(names), 3))
        for point in item.points:
            if point.name not in names:
                raise ValueError(f"--keypoints: there are points labelled '{point.name}', not among {', '.join(names)}")
            points[names.index(point.name)] = point.x, point.y, point.visible
        category = [category.name for category in self.categories].index(label)
        return Instance(points, category, item.box.box if item.box else None, **_attributes(box))

    def fill(self, instances: Sequence[Instance]) -> None:
        """Give boxes that came before their category had keypoints as many as the others, none labelled.

        Raises:
            ValueError: if objects of one label have different numbers of points.
        """
        for instance in instances:
            category = self.categories[instance.category]
            count = len(category.keypoints)
            if len(instance.keypoints) not in (0, count):
                counts = f"{len(instance.keypoints)} and {count} points"
                raise self.place.at(f"label {category.name}").wrong(
                    FoundText(f"objects of {counts}"), "one number of points"
                )
            if len(instance.keypoints) != count:
                instance.keypoints = np.zeros((count, 3))

    def _category(self, label: str, count: int) -> int:
        names = [category.name for category in self.categories]
        if label not in names:
            self.categories.append(Category(label, numbered_names(count)))
            return len(names)
        index = names.index(label)
        if not self.categories[index].keypoints and count:
            self.categories[index] = replace(self.categories[index], keypoints=numbered_names(count))
        return index

    def _skeleton_points(self, place: Place, shape: ElementTree.Element, label: str) -> np.ndarray:
        parts = [(place.at("points"), part) for part in shape.iter("points")]
        labels = [where.text(part.get("label")) for where, part in parts]
        index = self._category(label, 0)
        if not self.categories[index].keypoints:
            self.categories[index] = replace(self.categories[index], keypoints=tuple(dict.fromkeys(labels)))
        names = self.categories[index].keypoints
        points = np.zeros((len(names), 3))
        for name, (where, part) in zip(labels, parts, strict=True):
            if name not in names:
                raise where.wrong(name, f"a keypoint of '{label}': {', '.join(names)}")
            visible = 0 if part.get("outside") == "1" else 1 if part.get("occluded") == "1" else 2
            points[names.index(name)] = [*_coordinates(where, part, 1)[0], visible]
        return points

    def _add_box(
        self, place: Place, shape: ElementTree.Element, owner: Instance | None, instances: list[Instance]
    ) -> None:
        box = _box(place, shape)
        if owner is not None and owner.box is None:
            owner.box = box
            return
        label = place.at("label").text(shape.get("label"))
        names = [category.name for category in self.categories]
        label = label.removesuffix(BOX) if label not in names and label.removesuffix(BOX) in names else label
        category = self._category(label, 0)
        count = len(self.categories[category].keypoints)
        instances.append(Instance(np.zeros((count, 3)), category, box, **_attributes(shape)))


def _group(shape: ElementTree.Element) -> str | None:
    group = shape.get("group_id")
    return None if group in (None, "", "0") else group


def _box(place: Place, shape: ElementTree.Element) -> Box:
    """Return a box; around one that was turned about its centre."""
    low, high = ([place.at(key).number(shape.get(key)) for key in keys] for keys in (("xtl", "ytl"), ("xbr", "ybr")))
    box = place.box(low[0], low[1], high[0] - low[0], high[1] - low[1])
    turned = place.at("rotation").number(shape.get("rotation") or 0)
    return box_around_rotated(box[:2], box[2:], turned, (0.5, 0.5)) if turned else box


def _many(place: Place, shape: ElementTree.Element) -> np.ndarray:
    visible = 1 if shape.get("occluded") == "1" else 2
    return np.array([[x, y, visible] for x, y in _coordinates(place, shape)])


def _attributes(shape: ElementTree.Element | None) -> dict:
    values = {item.get("name"): item.text or "" for item in ([] if shape is None else shape.findall("attribute"))}
    return {"track": values.get(TRACK) or None, "crowd": values.get(CROWD) == "true"}


FORMAT = Format(
    name="cvat",
    title="CVAT for images 1.1 (XML)",
    recognises=recognises,
    read=read,
    write=write,
    loses=("areas", "segmentations", "scores", "instance_ids", "category_ids", "videos", "swaps", "extra"),
    needs=frozenset({"sizes"}),
    suffix=".xml",
)
