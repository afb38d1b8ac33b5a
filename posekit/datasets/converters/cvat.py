"""CVAT for images 1.1: an XML file with skeletons, points and boxes; what has the same group id is one object.

A skeleton's label cannot be a box's too, so a box of category ``mouse`` is labelled ``mouse_box``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from posekit.atomic_file import write_atomically
from posekit.datasets.converters.grouping import LooseObject, LoosePoint, group_points
from posekit.datasets.converters.keypoint_data import SPLITS, Category, Format, Hints, Instance, KeypointData, Picture
from posekit.datasets.converters.losses import DEFAULT_CATEGORY, numbered_names
from posekit.datasets.converters.pictures import files_beside, find_folder
from posekit.datasets.converters.place import Found, Place
from posekit.datasets.converters.xml_file import read_xml, xml_bytes
from posekit.progress import tracked

BOX = "_box"
TRACK, CROWD = "track_id", "crowd"


def recognises(source: Path) -> bool:
    if source.is_dir():
        return (source / "annotations.xml").is_file() and recognises(source / "annotations.xml")
    if source.suffix.lower() != ".xml" or not source.is_file():
        return False
    data = source.read_bytes()
    return b"<annotations" in data and (b"<image" in data or b"<track" in data)


@dataclass
class Shapes:
    """The shapes of one picture; each with its place in the file, for errors."""

    skeletons: list[tuple[Place, ElementTree.Element]]
    points: list[tuple[Place, ElementTree.Element]]
    boxes: list[tuple[Place, ElementTree.Element]]


def read(source: Path, hints: Hints) -> KeypointData:
    """Read an annotations.xml; from loose points the label is a keypoint's name, or with several points an object's.

    Raises:
        ValueError: naming the first value that is not as it must be.
    """
    path = source / "annotations.xml" if source.is_dir() else source
    place, root = Place(path), read_xml(path)
    if root.find("track") is not None:
        raise place.wrong(Found("tracks of a video"), "images", "export as 'CVAT for images 1.1'")
    pictures = [_read_image(place.at(f"image {number}"), image) for number, image in enumerate(root.iter("image"))]
    if not pictures:
        raise place.wrong(Found("no image"), "at least one", "export as 'CVAT for images 1.1'")
    folder = find_folder([str(picture.path) for picture, _ in pictures], path.parent, hints.images)
    categories = _declared(place, root)
    loose = [_loose_objects(shapes) for _, shapes in pictures]
    reading = Reading(place, categories)
    reading.declare_loose([point.name for group in loose for found in group for point in found.points], root, hints)
    for (picture, shapes), found in zip(tracked(pictures, "reading"), loose, strict=True):
        picture.path = folder / picture.path
        picture.instances = reading.instances(shapes) + [reading.loose(item) for item in found]
    reading.fill([instance for picture, _ in pictures for instance in picture.instances])
    used = reading.categories or [Category(DEFAULT_CATEGORY)]
    return KeypointData(used, [picture for picture, _ in pictures])


def _read_image(place: Place, image: ElementTree.Element) -> tuple[Picture, Shapes]:
    shapes = [(place.at(f"{shape.tag} {number}"), shape) for number, shape in enumerate(image)]
    number, subset = image.get("id", ""), image.get("subset", "").lower()
    picture = Picture(
        Path(place.at("name").text(image.get("name")).replace("\\", "/")),
        size_wh=place.at("width, height").size(image.get("width"), image.get("height")),
        id=int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else None,
        split=subset if subset in SPLITS else "",
    )
    return picture, Shapes(
        *([found for found in shapes if found[1].tag == tag] for tag in ("skeleton", "points", "box"))
    )


def _declared(place: Place, root: ElementTree.Element) -> list[Category]:
    """Return the categories of the task's labels: skeletons with their keypoints and links, and others without."""
    labels = [label for label in root.iter("label") if label.find("name") is not None]
    parts: dict[str, list[str]] = {}
    for label in labels:
        if label.findtext("parent"):
            parts.setdefault(label.findtext("parent") or "", []).append(label.findtext("name") or "")
    own = [label for label in labels if not label.findtext("parent")]
    skeletons = {label.findtext("name") for label in own if label.findtext("type") == "skeleton"}
    categories = []
    for label in own:
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
        shapes = list(ElementTree.fromstring(f"<svg>{drawing}</svg>").iter())
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


def _loose_objects(shapes: Shapes) -> list[LooseObject]:
    """Return the objects of points that are no part of a skeleton, each a keypoint."""
    single = [(place, shape) for place, shape in shapes.points if ";" not in (shape.get("points") or "")]
    points = []
    for place, shape in single:
        (x, y), label = _coordinates(place, shape, 1)[0], place.at("label").text(shape.get("label"))
        points.append(LoosePoint(label, x, y, 1 if shape.get("occluded") == "1" else 2, shape.get("group_id")))
    return group_points(points, [])


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
        self.loose_category = 0

    def declare_loose(self, names: Sequence[str], root: ElementTree.Element, hints: Hints) -> None:
        """Add the category of points that are no part of a skeleton, if there are such points."""
        if not names:
            return
        listed = _points_labels(root)
        self.categories = [category for category in self.categories if category.name not in {*names, *listed}]
        self.loose_category = len(self.categories)
        keypoints = hints.keypoints or tuple(dict.fromkeys([*listed, *names]))
        self.categories.append(Category(DEFAULT_CATEGORY, keypoints))

    def instances(self, shapes: Shapes) -> list[Instance]:
        """Return the objects of skeletons, of shapes with several points, and of boxes, joined by their group."""
        by_group: dict[str, Instance] = {}
        found = []
        for place, shape in [*shapes.skeletons, *shapes.points]:
            if shape.tag == "points" and ";" not in (shape.get("points") or ""):
                continue
            label = place.at("label").text(shape.get("label"))
            points = self._skeleton_points(place, shape, label) if shape.tag == "skeleton" else _many(place, shape)
            category = self._category(label, len(points))
            instance = Instance(points, category, **_attributes(shape))
            found.append(instance)
            if shape.get("group_id"):
                by_group.setdefault(shape.get("group_id") or "", instance)
        for place, shape in shapes.boxes:
            self._add_box(place, shape, by_group.get(shape.get("group_id") or ""), found)
        return found

    def loose(self, item: LooseObject) -> Instance:
        """Return the object of single points."""
        names = self.categories[self.loose_category].keypoints
        points = np.zeros((len(names), 3))
        for point in item.points:
            if point.name not in names:
                raise ValueError(f"--keypoints: there are points labelled '{point.name}', not among {', '.join(names)}")
            points[names.index(point.name)] = point.x, point.y, point.visible
        return Instance(points, self.loose_category)

    def fill(self, instances: Sequence[Instance]) -> None:
        """Give boxes that came before their category had keypoints as many as the others, none labelled.

        Raises:
            ValueError: if objects of one label have different numbers of points.
        """
        for instance in instances:
            category = self.categories[instance.category]
            count = len(category.keypoints)
            if len(instance.keypoints) not in (0, count):
                found = f"{len(instance.keypoints)} and {count} points"
                raise self.place.at(f"label {category.name}").wrong(
                    Found(f"objects of {found}"), "one number of points"
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

    def _add_box(self, place: Place, shape: ElementTree.Element, owner: Instance | None, found: list[Instance]) -> None:
        low, high = (
            [place.at(key).number(shape.get(key)) for key in keys] for keys in (("xtl", "ytl"), ("xbr", "ybr"))
        )
        box = place.box(low[0], low[1], high[0] - low[0], high[1] - low[1])
        if owner is not None and owner.box is None:
            owner.box = box
            return
        label = place.at("label").text(shape.get("label"))
        names = [category.name for category in self.categories]
        label = label.removesuffix(BOX) if label not in names and label.removesuffix(BOX) in names else label
        category = self._category(label, 0)
        count = len(self.categories[category].keypoints)
        found.append(Instance(np.zeros((count, 3)), category, box, **_attributes(shape)))


def _many(place: Place, shape: ElementTree.Element) -> np.ndarray:
    visible = 1 if shape.get("occluded") == "1" else 2
    return np.array([[x, y, visible] for x, y in _coordinates(place, shape)])


def _attributes(shape: ElementTree.Element) -> dict:
    values = {item.get("name"): item.text or "" for item in shape.findall("attribute")}
    return {"track": values.get(TRACK) or None, "crowd": values.get(CROWD) == "true"}


def write(data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]:
    """Write annotations.xml, which CVAT reads as 'CVAT 1.1' into a task that has the pictures and labels."""
    path = dest if dest.suffix.lower() == ".xml" else dest / "annotations.xml"
    names = files_beside(data, path.parent, copy=copy_images)
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    labels = ElementTree.SubElement(ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task"), "labels")
    for category in data.categories:
        _add_labels(labels, category)
    ids = [picture.id for picture in data.pictures]
    usable = None not in ids and len(set(ids)) == len(ids) and all(number >= 0 for number in ids if number is not None)
    for index, picture in enumerate(tracked(data.pictures, "writing")):
        width, height = map(str, picture.size_wh or ())
        attributes = {
            "id": str(picture.id if usable else index),
            "name": names[id(picture)],
            "width": width,
            "height": height,
        }
        attributes.update({"subset": picture.split} if picture.split else {})
        image = ElementTree.SubElement(root, "image", attributes)
        for group, instance in enumerate(picture.instances, 1):
            _add_shapes(image, instance, data.categories[instance.category], str(group))
    write_atomically(path, lambda file: file.write(xml_bytes(root)))
    return [path]


def _add_labels(labels: ElementTree.Element, category: Category) -> None:
    kinds = (
        {category.name: "skeleton", category.name + BOX: "rectangle"}
        if category.keypoints
        else {category.name: "rectangle"}
    )
    for name, kind in kinds.items():
        label = _add_label(labels, name, kind)
        attributes = ElementTree.SubElement(label, "attributes")
        for attribute, default in ((TRACK, ""), (CROWD, "false")):
            item = ElementTree.SubElement(attributes, "attribute")
            for key, value in (("name", attribute), ("mutable", "False"), ("default_value", default)):
                ElementTree.SubElement(item, key).text = value
            ElementTree.SubElement(item, "input_type").text = "checkbox" if default else "text"
        if kind == "skeleton":
            ElementTree.SubElement(label, "svg").text = "".join(_drawing(category))
    for name in category.keypoints:
        ElementTree.SubElement(_add_label(labels, name, "points"), "parent").text = category.name


def _add_label(labels: ElementTree.Element, name: str, kind: str) -> ElementTree.Element:
    label = ElementTree.SubElement(labels, "label")
    ElementTree.SubElement(label, "name").text = name
    ElementTree.SubElement(label, "type").text = kind
    return label


def _drawing(category: Category) -> Iterator[str]:
    """Yield the lines and circles of a skeleton's label, the keypoints on a ring."""
    count = len(category.keypoints)
    spots = [
        (f"{50 + 40 * math.sin(2 * math.pi * i / count):.2f}", f"{50 - 40 * math.cos(2 * math.pi * i / count):.2f}")
        for i in range(count)
    ]
    for a, b in category.links:
        ends = {"x1": spots[a][0], "y1": spots[a][1], "x2": spots[b][0], "y2": spots[b][1]}
        nodes = {"data-node-from": str(a + 1), "data-node-to": str(b + 1)}
        line = ElementTree.Element("line", {**ends, "stroke": "black", "data-type": "edge", **nodes})
        yield ElementTree.tostring(line, encoding="unicode", short_empty_elements=False)
    for index, (name, (x, y)) in enumerate(zip(category.keypoints, spots, strict=True), 1):
        place = {"r": "1.5", "cx": x, "cy": y}
        number = {"data-element-id": str(index), "data-node-id": str(index), "data-label-name": name}
        circle = ElementTree.Element("circle", {**place, "data-type": "element node", **number})
        yield ElementTree.tostring(circle, encoding="unicode", short_empty_elements=False)


def _add_shapes(image: ElementTree.Element, instance: Instance, category: Category, group: str) -> None:
    common = {"source": "manual", "z_order": "0", "group_id": group}
    marks = {TRACK: instance.track or "", CROWD: "true" if instance.crowd else ""}
    label = category.name
    if category.keypoints:
        skeleton = ElementTree.SubElement(image, "skeleton", {"label": label, "occluded": "0", **common})
        for name, (x, y, visible) in zip(category.keypoints, instance.keypoints.tolist(), strict=True):
            flags = {"outside": str(int(visible == 0)), "occluded": str(int(visible == 1))}
            ElementTree.SubElement(
                skeleton, "points", {"label": name, "source": "manual", **flags, "points": f"{x!r},{y!r}"}
            )
        _add_marks(skeleton, marks)
        label += BOX
    if instance.box is not None:
        x, y, width, height = instance.box
        corners = {"xtl": repr(x), "ytl": repr(y), "xbr": repr(x + width), "ybr": repr(y + height)}
        box = ElementTree.SubElement(image, "box", {"label": label, "occluded": "0", **corners, **common})
        _add_marks(box, marks)


def _add_marks(shape: ElementTree.Element, marks: dict[str, str]) -> None:
    for name, value in marks.items():
        if value:
            ElementTree.SubElement(shape, "attribute", {"name": name}).text = value


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
