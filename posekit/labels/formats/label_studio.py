"""Label Studio: tasks with regions (rectangles and keypoints) in JSON, and the labelling interface as XML beside it.

Positions are per cent of the image. A keypoint belongs to the rectangle that ``parentID`` or a relation names, else
to one around it. Hidden keypoints and crowd regions are marked by a choice for each region, ``hidden`` or ``crowd``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.etree import ElementTree

from posekit.console import tracked
from posekit.files import write_atomically
from posekit.labels.grouping import (
    Box,
    LooseBox,
    LooseObject,
    LoosePoint,
    as_instances,
    box_around_rotated,
    group_points,
)
from posekit.labels.image_files import files_beside, find_folder
from posekit.labels.keypoint_data import Category, Format, Hints, Instance, KeypointData, LabelledImage
from posekit.labels.place import FoundText, Place, json_bytes, json_text, read_object
from posekit.labels.text_files import read_xml, xml_bytes
from posekit.media.image_file import IMAGE_SUFFIXES

TASKS, INTERFACE = "tasks.json", "label_config.xml"
LOCAL = "/data/local-files/?d="
POINT_SHARE = 0.75
"""Drawn size of a keypoint, in per cent of the width, as Label Studio wants one."""

HIDDEN, CROWD = "hidden", "crowd"


KINDS = ("keypointlabels", "rectanglelabels", "labels")
OTHER_SHAPES = ("polygon", "brush", "ellipse", "vector", "video")
"""What the types of regions begin with that are neither points nor boxes."""

Sides = tuple[int, int]


def recognises(source: Path) -> bool:
    if source.is_dir():
        return (source / TASKS).is_file() and recognises(source / TASKS)
    if source.suffix.lower() != ".json" or not source.is_file():
        return False
    text = json_text(source)
    keys = ('"data"', '"annotations"'), ('"original_width"', 'labels"')
    return text.lstrip()[:1] == "[" and any(all(key in text for key in pair) for pair in keys)


def read(source: Path, hints: Hints) -> KeypointData:
    """Read the tasks of an export, JSON or JSON-MIN; of each one annotation, the ground truth if one is marked so.

    Raises:
        ValueError: naming the first value that is not as it must be.
    """
    source = source / TASKS if source.is_dir() else source
    place, tasks = Place(source), read_object(source, list)
    images, groups, left_out = [], [], Counter()
    for number, task in enumerate(tracked(tasks, "reading")):
        where = place.at(f"[{number}]")
        image, regions = _read_task(where, where.dict(task), left_out)
        objects, size = _read_regions(where, regions, left_out)
        image.size_wh = image.size_wh or size
        images.append(image)
        groups.append(objects)
    tried = [name for image in images[:3] for name in _local_names(image.path)]
    folder = find_folder(tried, source.parent, hints.images)
    for image in images:
        names = [name for name in _local_names(image.path) if (folder / name).is_file()]
        image.path = folder / (names[0] if names else image.path)
    named = list(dict.fromkeys(point.name for group in groups for objects in group for point in objects.points))
    kinds, listed = _read_interface(source.parent / INTERFACE)
    names = hints.keypoints or list(dict.fromkeys([*listed, *named]))
    missing = next((name for name in named if name not in names), None)
    if missing is not None:
        raise ValueError(f"--keypoints: {source} has keypoints '{missing}', which is none of {', '.join(names)}")
    categories, instances = as_instances(groups, names, kinds)
    for image, objects in zip(images, instances, strict=True):
        image.instances = objects
    return KeypointData(categories, images, left_out=left_out)


def _read_task(place: Place, task: dict[str, Any], left_out: Counter[str]) -> tuple[LabelledImage, list[Any]]:
    if "data" not in task and "annotations" not in task:
        return LabelledImage(_image_path(place, task)), _regions_of_minimal(task)
    data = place.at("data").dict(place.get(task, "data"))
    annotations = [place.at("annotations").dict(item) for item in place.list(task.get("annotations") or [])]
    done = [item for item in annotations if not item.get("was_cancelled")]
    chosen = next((item for item in done if item.get("ground_truth") is True), done[0] if done else {})
    left_out.update({"further annotations of tasks that have several": len(done) - 1} if len(done) > 1 else {})
    sides = [data.get("width"), data.get("height")]
    known = all(isinstance(side, int) for side in sides)
    size = place.at("data").size(*sides) if known else None
    regions = place.at("annotations").list(chosen.get("result") or [])
    return LabelledImage(_image_path(place.at("data"), data), size_wh=size), regions


def _image_path(place: Place, data: dict[str, Any]) -> Path:
    """Return the file of a task's image: the first address that ends like one, else the first text."""
    texts = [_local_name(value) for value in data.values() if isinstance(value, str) and value.strip()]
    name = next((text for text in texts if text.lower().endswith(IMAGE_SUFFIXES)), texts[0] if texts else None)
    if name is None:
        raise place.wrong(data, "the address of an image", "keep the key that your interface names")
    return Path(name)


def _regions_of_minimal(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the regions of a JSON-MIN task, which lists their values by the interface's tags, without ids."""
    values = [value for listed in task.values() if isinstance(listed, list) for value in listed]
    return [
        {**value, "type": next((kind for kind in KINDS if kind in value), "other"), "value": value}
        for value in values
        if isinstance(value, dict) and "original_width" in value
    ]


def _local_name(address: str) -> str:
    """Return the file that an image's address means."""
    try:
        parts = urlsplit(address)
    except ValueError:  # [ or ] where a host's name would be
        return address.replace("\0", "")
    if "d" in (query := parse_qs(parts.query, errors="surrogateescape")):
        return query["d"][0].replace("\\", "/")
    return unquote(
        parts.path if parts.scheme in ("http", "https", "s3", "gs") else address, errors="surrogateescape"
    ).replace("\0", "")


def _local_names(path: Path) -> list[str]:
    """Return the names under which an image may be there; uploads bear a prefix of eight letters and digits."""
    return list(dict.fromkeys([str(path), path.name, re.sub(r"^[0-9a-f]{8}-", "", path.name)]))


def _read_regions(
    place: Place, regions: Sequence[Any], left_out: Counter[str]
) -> tuple[list[LooseObject], Sides | None]:
    marks, group_of = _read_choices(place, regions), _read_relations(regions)
    points, boxes, size = [], [], None
    for number, region in enumerate(regions):
        where, kind = place.at(f"result[{number}]"), str(region.get("type"))
        if kind not in KINDS:
            left_out.update([f"regions of type {kind}"] if kind.startswith(OTHER_SHAPES) else [])
            continue
        value, key = where.at("value").dict(where.get(region, "value")), str(region.get("id", f"region {number}"))
        if "x" not in value or "points" in value or "radiusX" in value:
            left_out[f"regions of type {kind} that are neither points nor boxes"] += 1
            continue
        if region.get("image_rotation"):
            rotation = FoundText(f"image_rotation {region['image_rotation']!r}")
            raise where.wrong(rotation, "0", "turn the image's file instead of its view, and label it again")
        size = where.size(where.get(region, "original_width"), where.get(region, "original_height"))
        labels = where.at(kind).list(where.get(value, kind))
        label = where.at(kind).text(labels[0] if labels else None)
        if kind == "keypointlabels" or (kind == "labels" and "height" not in value):
            parent = region.get("parentID") or group_of.get(key)
            visible = 1 if HIDDEN in marks.get(key, []) else 2
            spot = _in_pixels(where, value, "xy", size)
            points.append(LoosePoint(label, *spot, visible, None if parent is None else str(parent)))
        else:
            boxes.append(LooseBox(label, _read_box(where, value, size), key, crowd=CROWD in marks.get(key, [])))
    return group_points(place, points, boxes), size


def _read_choices(place: Place, regions: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the choices that were made for each region, by its id."""
    marks: dict[str, list[Any]] = {}
    for number, region in enumerate(regions):
        where = place.at(f"result[{number}]")
        if where.dict(region).get("type") == "choices":
            value = where.at("value").dict(where.get(region, "value"))
            marks.setdefault(str(region.get("id")), []).extend(where.list(value.get("choices") or []))
    return marks


def _read_relations(regions: Sequence[Any]) -> dict[str, str]:
    """Return the box that a relation, in either direction, gives a keypoint, by the ids of both."""
    values = [(str(region.get("id")), region.get("value")) for region in regions if region.get("type") in KINDS]
    boxes = {key for key, value in values if isinstance(value, dict) and "height" in value}
    ends = [(str(item.get("from_id")), str(item.get("to_id"))) for item in regions if item.get("type") == "relation"]
    return {a: b for end in ends for a, b in (end, end[::-1]) if b in boxes and a not in boxes}


def _in_pixels(place: Place, value: dict[str, Any], keys: Sequence[str], size: Sides) -> tuple[float, float]:
    x, y = (place.at(key).number(place.get(value, key)) * side / 100 for key, side in zip(keys, size, strict=True))
    return x, y


def _read_box(place: Place, value: dict[str, Any], size: Sides) -> Box:
    corner, sides = _in_pixels(place, value, "xy", size), _in_pixels(place, value, ("width", "height"), size)
    box, turned = place.box(*corner, *sides), place.at("rotation").number(value.get("rotation") or 0)
    return box_around_rotated(corner, sides, turned) if turned else box


def _read_interface(path: Path) -> tuple[list[str], list[str]]:
    """Return the categories and keypoints that the labelling interface lists."""
    if not path.is_file():
        return [], []
    root = read_xml(path)
    labels = []
    for tag in ("RectangleLabels", "KeyPointLabels"):
        labels.append([label.get("value") or "" for block in root.iter(tag) for label in block.iter("Label")])
    return [label for label in labels[0] if label], [label for label in labels[1] if label]


def write(data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]:
    """Write tasks and the labelling interface."""
    path = dest if dest.suffix.lower() == ".json" else dest / TASKS
    names = files_beside(data, path.parent, copy=copy_images)
    tasks = []
    for number, image in enumerate(tracked(data.images, "writing"), 1):
        assert image.size_wh is not None
        address = LOCAL + quote(names[id(image)], errors="surrogateescape")
        regions = [
            region
            for index, instance in enumerate(image.instances, 1)
            for region in _regions(instance, data.categories[instance.category], f"{number}-{index}", image.size_wh)
        ]
        width, height = image.size_wh
        tasks.append(
            {
                "id": number,
                "data": {"image": address, "width": width, "height": height},
                "annotations": [{"result": regions}],
            }
        )
    write_atomically(path, lambda file: file.write(json_bytes(tasks)))
    write_atomically(path.parent / INTERFACE, lambda file: file.write(xml_bytes(_interface(data.categories))))
    return [path, path.parent / INTERFACE]


def _regions(instance: Instance, category: Category, key: str, size_wh: tuple[int, int]) -> list[dict[str, Any]]:
    x, y, width, height = instance.box or (0, 0, 0, 0)
    across, down = size_wh
    box = {"x": 100 * x / across, "y": 100 * y / down, "width": 100 * width / across, "height": 100 * height / down}
    regions = [_region(key, "rectanglelabels", category.name, {**box, "rotation": 0}, size_wh)]
    regions += [_mark(key, CROWD, size_wh)] if instance.crowd else []
    for index, (name, (x, y, visible)) in enumerate(zip(category.keypoints, instance.keypoints.tolist(), strict=True)):
        if not visible:
            continue
        value = {"x": 100 * x / across, "y": 100 * y / down, "width": POINT_SHARE}
        point = _region(f"{key}-{index}", "keypointlabels", name, value, size_wh)
        regions.append({**point, "parentID": key})
        regions += [_mark(f"{key}-{index}", HIDDEN, size_wh)] if visible == 1 else []
    return regions


def _region(key: str, kind: str, label: str, value: dict[str, Any], size_wh: tuple[int, int]) -> dict[str, Any]:
    return {
        "id": key,
        "type": kind,
        "from_name": kind,
        "to_name": "image",
        "original_width": size_wh[0],
        "original_height": size_wh[1],
        "image_rotation": 0,
        "value": {**value, kind: [label]},
    }


def _mark(key: str, choice: str, size_wh: tuple[int, int]) -> dict[str, Any]:
    region = _region(key, "choices", choice, {}, size_wh)
    return {**region, "from_name": "marks"}


def _interface(categories: Sequence[Category]) -> ElementTree.Element:
    root = ElementTree.Element("View")
    ElementTree.SubElement(root, "Image", name="image", value="$image", zoom="true")
    blocks = {
        "RectangleLabels": [category.name for category in categories],
        "KeyPointLabels": categories[0].keypoints,
    }
    for tag, labels in blocks.items():
        block = ElementTree.SubElement(root, tag, name=tag.lower(), toName="image")
        for label in labels:
            ElementTree.SubElement(block, "Label", value=label)
    marks = ElementTree.SubElement(root, "Choices", name="marks", toName="image", perRegion="true", choice="multiple")
    for choice in (HIDDEN, CROWD):
        ElementTree.SubElement(marks, "Choice", value=choice)
    return root


FORMAT = Format(
    name="labelstudio",
    title="Label Studio JSON",
    recognises=recognises,
    read=read,
    write=write,
    loses=(
        *("other_keypoints", "unlabelled_positions", "areas", "segmentations", "tracks", "scores", "ids", "videos"),
        *("splits", "links", "swaps", "extra"),
    ),
    needs=frozenset({"boxes", "sizes"}),
    suffix=".json",
)
