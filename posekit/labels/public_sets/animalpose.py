"""Animal-Pose as handed out: XML files of single animals, on PASCAL VOC's images (train) and others (test).

The second part spells some keypoints differently, and keeps ``ymin`` under the name ``xmax``.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from posekit.console import tracked
from posekit.labels.keypoint_data import Category, Hints, Instance, KeypointData, LabelledImage
from posekit.labels.place import Place
from posekit.labels.public_sets.public_set import category_of, found_files, public_format
from posekit.labels.text_files import read_xml

VOC_IMAGES, OWN_IMAGES = ("VOC2012/JPEGImages", "VOCdevkit/VOC2012/JPEGImages"), "animalpose_image_part2"
VOC_LABELS = "Annotations"
"""PASCAL VOC's own folder of XML files, which know no keypoints."""

OWN_LABELS = "animalpose_anno2"
SPELLINGS = {"l_ear": "l_earbase", "r_ear": "r_earbase", "tail": "tailbase"}


def read(source: Path, hints: Hints) -> KeypointData:
    """Read all XML files below a folder.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: naming the first value that is not as it must be.
    """
    category = category_of("animalpose", "animal")
    index_of = {name.lower(): index for index, name in enumerate(category.keypoints)}
    root = hints.images or source
    voc = next((root / name for name in VOC_IMAGES if (root / name).is_dir()), root / VOC_IMAGES[0])
    images: dict[Path, LabelledImage] = {}
    for path in tracked(found_files(source, "*.xml", "Animal-Pose"), "reading"):
        if path.parent.name == VOC_LABELS:
            continue
        place, label = Place(path), read_xml(path)
        name, is_own = place.at("image").text(label.findtext("image")), OWN_LABELS in path.parts
        kind = place.at("category").text(label.findtext("category"))
        target = root / OWN_IMAGES / kind / name if is_own else voc / f"{Path(name).stem}.jpg"
        image = images.setdefault(target, LabelledImage(target, split="test" if is_own else ""))
        image.instances.append(_instance(place, label, category, index_of, "xmax" if is_own else "ymin"))
        image.instances[-1].extra = {"animal": kind}
    return KeypointData([category], list(images.values()))


def _instance(
    place: Place, label: ElementTree.Element, category: Category, index_of: dict[str, int], top: str
) -> Instance:
    bounds, where = label.find("visible_bounds"), place.at("visible_bounds")
    if bounds is None:
        raise where.wrong(None, "the animal's box")
    top = top if bounds.get(top) is not None else "ymin"
    x, y, width, height = (where.at(key).number(bounds.get(key)) for key in ("xmin", top, "width", "height"))
    points = np.zeros((len(category.keypoints), 3))
    for item in label.iter("keypoint"):
        name = (item.get("name") or "").lower()
        index = index_of.get(SPELLINGS.get(name, name))
        if index is None:
            raise place.at("keypoints").wrong(item.get("name"), f"one of {', '.join(category.keypoints)}")
        if item.get("visible") == "1":
            spot = place.at(f"keypoint {name}")
            points[index] = [spot.number(item.get("x")), spot.number(item.get("y")), 2]
    return Instance(points, box=where.box(x, y, width, height), area=width * height)


FORMAT = public_format("animalpose", "Animal-Pose", read)
