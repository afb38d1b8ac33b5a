"""Writing CVAT for images 1.1."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from posekit.console import tracked
from posekit.files import write_atomically
from posekit.labels.image_files import files_beside
from posekit.labels.keypoint_data import Category, Instance, KeypointData
from posekit.labels.text_files import xml_bytes

BOX = "_box"
TRACK, CROWD = "track_id", "crowd"

NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write(data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]:
    """Write annotations.xml, which CVAT reads as 'CVAT 1.1' into a task that has the images and labels."""
    path = dest if dest.suffix.lower() == ".xml" else dest / "annotations.xml"
    names = files_beside(data, path.parent, copy=copy_images)
    wrong = next((name for name in names.values() if NOT_XML.search(name)), None)
    if wrong is not None:
        raise ValueError(f"{wrong!a}: XML cannot hold this name of an image; rename the file, or write another format")
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    labels = ElementTree.SubElement(ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task"), "labels")
    for category in data.categories:
        _add_labels(labels, category)
    ids = [image.id for image in data.images]
    usable = None not in ids and len(set(ids)) == len(ids) and all(number >= 0 for number in ids if number is not None)
    for index, image in enumerate(tracked(data.images, "writing")):
        width, height = map(str, image.size_wh or ())
        attributes = {
            "id": str(image.id if usable else index),
            "name": names[id(image)],
            "width": width,
            "height": height,
        }
        attributes.update({"subset": image.split} if image.split else {})
        element = ElementTree.SubElement(root, "image", attributes)
        for group, instance in enumerate(image.instances, 1):
            _add_shapes(element, instance, data.categories[instance.category], str(group))
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
