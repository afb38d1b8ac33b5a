"""Label Studio: tasks with regions (rectangles and keypoints) in JSON, and the labelling interface as XML beside it.

Positions are per cent of the picture. A keypoint belongs to the rectangle that ``parentID`` names. Hidden keypoints
and crowd regions are marked by a choice for each region, ``hidden`` or ``crowd``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.etree import ElementTree

from posekit.atomic_file import write_atomically
from posekit.datasets.converters.grouping import LooseBox, LooseObject, LoosePoint, as_instances, group_points
from posekit.datasets.converters.keypoint_data import Category, Format, Hints, Instance, KeypointData, Picture
from posekit.datasets.converters.pictures import files_beside, find_folder
from posekit.datasets.converters.place import Place, json_bytes, read_object
from posekit.datasets.converters.xml_file import read_xml, xml_bytes
from posekit.progress import tracked

TASKS, INTERFACE = "tasks.json", "label_config.xml"
LOCAL = "/data/local-files/?d="
POINT_SHARE = 0.75
"""Drawn size of a keypoint, in per cent of the width, as Label Studio wants one."""

HIDDEN, CROWD = "hidden", "crowd"


def recognises(source: Path) -> bool:
    if source.is_dir():
        return (source / TASKS).is_file() and recognises(source / TASKS)
    if source.suffix.lower() != ".json" or not source.is_file():
        return False
    head = source.read_bytes()
    return head.lstrip()[:1] == b"[" and b'"data"' in head and b'"annotations"' in head


def read(source: Path, hints: Hints) -> KeypointData:
    """Read the tasks of an export; of each its first annotation that was not cancelled.

    Raises:
        ValueError: naming the first value that is not as it must be.
    """
    source = source / TASKS if source.is_dir() else source
    place, tasks = Place(source), read_object(source, list)
    pictures, groups = [], []
    for number, task in enumerate(tracked(tasks, "reading")):
        where = place.at(f"[{number}]")
        picture, regions = _read_task(where, where.dict(task))
        found, size = _read_regions(where, regions)
        picture.size_wh = picture.size_wh or size
        pictures.append(picture)
        groups.append(found)
    folder = find_folder([str(picture.path) for picture in pictures], source.parent, hints.images)
    for picture in pictures:
        picture.path = folder / _found_name(folder, picture.path)
    named = list(dict.fromkeys(point.name for group in groups for found in group for point in found.points))
    kinds, listed = _read_interface(source.parent / INTERFACE)
    names = hints.keypoints or list(dict.fromkeys([*listed, *named]))
    missing = next((name for name in named if name not in names), None)
    if missing is not None:
        raise ValueError(f"--keypoints: {source} has keypoints '{missing}', which is none of {', '.join(names)}")
    categories, instances = as_instances(groups, names, kinds)
    for picture, found in zip(pictures, instances, strict=True):
        picture.instances = found
    return KeypointData(categories, pictures)


def _read_task(place: Place, task: dict[str, Any]) -> tuple[Picture, list[Any]]:
    data = place.at("data").dict(place.get(task, "data"))
    address = next((value for value in data.values() if isinstance(value, str) and value.strip()), None)
    if address is None:
        raise place.at("data").wrong(data, "the address of a picture", "keep the key that your interface names")
    annotations = [place.at("annotations").dict(item) for item in place.list(task.get("annotations") or [])]
    done = [item for item in annotations if not item.get("was_cancelled")]
    regions = place.at("annotations").list(done[0].get("result") or []) if done else []
    sides = [data.get("width"), data.get("height")]
    known = all(isinstance(side, int) for side in sides)
    return Picture(Path(_local_name(address)), size_wh=place.at("data").size(*sides) if known else None), regions


def _local_name(address: str) -> str:
    """Return the file that an address of a picture stands for."""
    parts = urlsplit(address)
    if "d" in (query := parse_qs(parts.query)):
        return query["d"][0]
    return unquote(parts.path if parts.scheme in ("http", "https", "s3", "gs") else address).replace("\0", "")


def _found_name(folder: Path, path: Path) -> Path:
    """Return the name under which a picture is there; uploads bear a prefix of eight letters and digits."""
    last = PurePosixPath(path).name
    for name in (str(path), last, re.sub(r"^[0-9a-f]{8}-", "", last)):
        if (folder / name).is_file():
            return Path(name)
    return path


def _read_regions(place: Place, regions: Sequence[Any]) -> tuple[list[LooseObject], tuple[int, int] | None]:
    marks: dict[Any, list[Any]] = {}
    for number, region in enumerate(regions):
        where = place.at(f"result[{number}]")
        if where.dict(region).get("type") == "choices":
            value = where.at("value").dict(where.get(region, "value"))
            marks.setdefault(str(region.get("id")), []).extend(where.list(value.get("choices") or []))
    points, boxes, size = [], [], None
    for number, region in enumerate(regions):
        where, kind = place.at(f"result[{number}]"), region.get("type")
        if kind not in ("keypointlabels", "rectanglelabels"):
            continue
        size = where.size(where.get(region, "original_width"), where.get(region, "original_height"))
        value, chosen = where.at("value").dict(where.get(region, "value")), marks.get(str(region.get("id")), [])
        labels = where.at(kind).list(where.get(value, kind))
        label = where.at(kind).text(labels[0] if labels else None)
        x, y = (where.at(key).number(where.get(value, key)) * side / 100 for key, side in zip("xy", size, strict=True))
        if kind == "keypointlabels":
            parent = region.get("parentID")
            visible = 1 if HIDDEN in chosen else 2
            points.append(LoosePoint(label, x, y, visible, None if parent is None else str(parent)))
            continue
        sides = zip(("width", "height"), size, strict=True)
        width, height = (where.at(key).number(where.get(value, key)) * side / 100 for key, side in sides)
        box = where.box(x, y, width, height)
        boxes.append(LooseBox(label, box, str(region.get("id", f"box {number}")), crowd=CROWD in chosen))
    return group_points(points, boxes), size


def _read_interface(path: Path) -> tuple[list[str], list[str]]:
    """Return the categories and keypoints that the labelling interface lists."""
    if not path.is_file():
        return [], []
    root = read_xml(path)
    found = []
    for tag in ("RectangleLabels", "KeyPointLabels"):
        found.append([label.get("value") or "" for block in root.iter(tag) for label in block.iter("Label")])
    return [label for label in found[0] if label], [label for label in found[1] if label]


def write(data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]:
    """Write tasks and the labelling interface."""
    path = dest if dest.suffix.lower() == ".json" else dest / TASKS
    names = files_beside(data, path.parent, copy=copy_images)
    tasks = []
    for number, picture in enumerate(tracked(data.pictures, "writing"), 1):
        assert picture.size_wh is not None
        address = LOCAL + quote(names[id(picture)])
        regions = [
            region
            for index, instance in enumerate(picture.instances, 1)
            for region in _regions(instance, data.categories[instance.category], f"{number}-{index}", picture.size_wh)
        ]
        width, height = picture.size_wh
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
