"""COCO keypoint files: one JSON file, or a folder with one for each split and the keypoint set beside them."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import tracked
from posekit.files import write_atomically
from posekit.labels.image_files import files_beside, find_folder, names_below
from posekit.labels.keypoint_data import SPLITS, Category, Format, Hints, Instance, KeypointData, LabelledImage
from posekit.labels.keypoint_set_file import with_stored_swaps, write_keypoint_set
from posekit.labels.losses import numbered_names
from posekit.labels.place import FoundText, Place, json_pieces, json_text, read_object
from posekit.media.sources import IMAGE_ROOT
from posekit.media.video import VIDEO_SUFFIXES

KEYPOINT_SET = "keypoint_set.py"
SUBSETS = "subsets"
"""Folder of the files of subsets, beside those of the splits, so that reading these back finds no object twice."""

Part = list[tuple[LabelledImage, list[Instance]]]
MAX_CATEGORIES = 30_000
"""Categories of a file; the largest sets of images have 22,000."""
IMAGE_KEYS = {"id", "file_name", "width", "height", "video_id"}
INSTANCE_KEYS = {
    *("id", "image_id", "category_id", "keypoints", "num_keypoints", "bbox", "area", "iscrowd", "segmentation"),
    *("track_id", "keypoint_scores"),
}
CATEGORY_KEYS = {"id", "name", "keypoints", "skeleton"}
FILE_KEYS = {"images", "annotations", "categories", "videos"}


def recognises(source: Path) -> bool:
    if source.is_dir():
        return any(recognises(path) for path in _json_files(source)[:3])
    if source.suffix.lower() != ".json":
        return False
    text = json_text(source)
    return text.lstrip()[:1] == "{" and '"images"' in text and '"annotations"' in text and '"shapes"' not in text


def read(source: Path, hints: Hints) -> KeypointData:
    """Read a COCO file, or all of a folder or else of its folders, which then must have the same categories.

    Raises:
        ValueError: naming the first value that is not as it must be.
    """
    if not source.is_dir():
        return _read_file(source, hints, "")
    files = [path for path in _json_files(source) if recognises(path)]
    if not files:
        raise ValueError(f"{source}: no COCO file (.json with images and annotations) in this folder")
    parts = [_read_file(path, hints, _split_of(path.relative_to(source))) for path in files]
    for path, part in zip(files[1:], parts[1:], strict=True):
        if part.categories != parts[0].categories:
            raise ValueError(f"{path}: its categories differ from those of {files[0]}; convert them one by one")
    images = [image for part in parts for image in part.images]
    return KeypointData(parts[0].categories, images, {key: v for part in parts for key, v in part.extra.items()})


def _json_files(folder: Path) -> list[Path]:
    """Return the JSON files of a folder, or those of its folders: Roboflow has one for each part."""
    return sorted(folder.glob("*.json")) or sorted(folder.glob("*/*.json"))


def _split_of(path: Path) -> str:
    """Return the part that a file's name, or that of its folder below the source, means."""
    for text in (path.stem.lower(), path.parent.name.lower()):
        named = [name for name in SPLITS if re.search(rf"(?<![a-z]){name}(?![a-z])", text.replace("valid", "val"))]
        if named:
            return named[0] if len(named) == 1 else ""
    return ""


def _read_file(path: Path, hints: Hints, split: str) -> KeypointData:
    place, document = Place(path), read_object(path, packed=("keypoints",))
    categories, index_of = _read_categories(place, document, hints)
    for name in (KEYPOINT_SET, f"{path.stem}_{KEYPOINT_SET}"):
        categories = [with_stored_swaps(category, path.parent / name) for category in categories]
    videos: dict[int, str] = {}
    for number, video in enumerate(place.list(document.get("videos") or [])):
        where = place.at(f"videos[{number}]")
        video_id = where.whole(where.get(video, "id"))
        videos[video_id] = str(video.get("name", video_id))
    images = _read_images(place, document, videos)
    info = document.get("info")
    root = info.pop(IMAGE_ROOT, None) if isinstance(info, dict) else None
    if hints.images is not None:
        names = names_below(hints.images, [image.path.as_posix() for image in images.values()])
        for image, name in zip(images.values(), names, strict=True):
            image.path = Path(name)
    folder = find_folder([str(p.path) for p in images.values()], path.parent, hints.images)
    if isinstance(root, str) and not any((folder / image.path).is_file() for image in list(images.values())[:10]):
        folder = Path(root)  # the file was moved
    for image in images.values():
        image.path, image.split = folder / image.path, split
    annotations = place.list(place.get(document, "annotations"))
    seen: set[int] = set()
    for number, annotation in enumerate(tracked(annotations, "reading")):
        annotations[number] = None  # a million of them and what is made of them need not be kept at once
        where = place.at(f"annotations[{number}]")
        instance = _read_annotation(where, where.dict(annotation), categories, index_of)
        if instance.id is not None and instance.id in seen:
            raise where.wrong(FoundText(f"id {instance.id} a second time"), "an id of its own")
        seen.update([] if instance.id is None else [instance.id])
        image_id = where.get(annotation, "image_id")
        if isinstance(image_id, bool) or not isinstance(image_id, (int, str)) or image_id not in images:
            raise where.wrong(FoundText(f"image_id {str(image_id)[:40]}"), "the id of an image in the file")
        images[image_id].instances.append(instance)
    extra = {key: value for key, value in document.items() if key not in FILE_KEYS}
    return KeypointData(categories, list(images.values()), extra)


def _read_categories(place: Place, document: dict[str, Any], hints: Hints) -> tuple[list[Category], dict[int, int]]:
    categories: list[Category] = []
    index_of: dict[int, int] = {}
    items = place.list(place.get(document, "categories"))
    if len(items) > MAX_CATEGORIES:
        raise place.at("categories").wrong(FoundText(f"{len(items):,}"), f"at most {MAX_CATEGORIES:,}", "remove others")
    unnamed = not any(isinstance(item, dict) and item.get("keypoints") for item in items)
    for number, item in enumerate(items):
        where = place.at(f"categories[{number}]")
        names = where.at("keypoints").names(where.dict(item).get("keypoints") or [])
        names = hints.keypoints if unnamed or (names and hints.keypoints) else names
        links = []
        for link in where.at("skeleton").list(item.get("skeleton") or []):
            ends = [where.at("skeleton").whole(end) - 1 for end in where.at("skeleton").list(link)]
            if len(ends) != 2 or not all(0 <= end < len(names) for end in ends):
                raise where.at("skeleton").wrong(link, f"two numbers of keypoints, 1 to {len(names)} as COCO counts")
            links.append((ends[0], ends[1]))
        category_id = where.whole(where.get(item, "id"))
        if category_id in index_of:
            raise where.wrong(FoundText(f"id {category_id} a second time"), "an id of its own")
        index_of[category_id] = len(categories)
        name = str(item.get("name", f"category {category_id}"))
        extra = {key: value for key, value in item.items() if key not in CATEGORY_KEYS}
        categories.append(Category(name, names, tuple(links), id=category_id, extra=extra))
    if not categories:
        raise place.at("categories").wrong(FoundText("none"), "at least one")
    if not any(category.keypoints for category in categories):
        categories = _with_numbered(categories, document)
    return categories, index_of


def _with_numbered(categories: list[Category], document: dict[str, Any]) -> list[Category]:
    """Name the keypoints of a file that names none by their numbers."""
    annotations = document.get("annotations")
    points = [
        len(annotation["keypoints"]) // 3
        for annotation in (annotations if isinstance(annotations, list) else [])
        if isinstance(annotation, dict) and isinstance(annotation.get("keypoints"), (list, array))
    ]
    names = numbered_names(max(points, default=0))
    return [replace(category, keypoints=names) for category in categories]


def _read_images(place: Place, document: dict[str, Any], videos: dict[int, str]) -> dict[int | str, LabelledImage]:
    images: dict[int | str, LabelledImage] = {}
    seen: dict[int, Any] = {}
    for number, item in enumerate(place.list(place.get(document, "images"))):
        where = place.at(f"images[{number}]")
        image_id = where.whole(where.get(item, "id"))
        if image_id in seen and seen[image_id] == item:  # some files list an image once for each of its objects
            continue
        if image_id in seen:
            raise where.wrong(FoundText(f"id {image_id} a second time"), "an id of its own")
        seen[image_id] = item
        sides = item.get("width"), item.get("height")
        known = all(side not in (None, 0) for side in sides)  # some write 0 for a size that they do not know
        video = item.get("video_id")
        if video is not None and (not isinstance(video, (int, str)) or video not in videos):
            raise where.wrong(FoundText(f"video_id {str(video)[:40]}"), "the id of one of the file's videos")
        path = Path(where.at("file_name").text(where.get(item, "file_name")).replace("\\", "/"))
        of_video = "frame_id" in item and path.suffix.lower() in VIDEO_SUFFIXES
        images[image_id] = LabelledImage(
            path=path,
            frame=where.at("frame_id").whole(item["frame_id"]) if of_video else None,
            size_wh=where.size(*sides) if known else None,
            id=image_id,
            video=None if video is None else videos[video],
            extra={key: value for key, value in item.items() if key not in IMAGE_KEYS},
        )
    return images


def _read_annotation(
    where: Place, item: dict[str, Any], categories: Sequence[Category], index_of: dict[int, int]
) -> Instance:
    category_id = item.get("category_id", next(iter(index_of)))
    if not isinstance(category_id, (int, str)) or category_id not in index_of:
        raise where.wrong(FoundText(f"category_id {str(category_id)[:40]}"), "the id of a category in the file")
    category = index_of[category_id]
    points, scores = _read_keypoints(where.at("keypoints"), item, len(categories[category].keypoints))
    box = item.get("bbox")
    area, track = item.get("area"), item.get("track_id")
    stated = item.get("keypoint_scores")
    return Instance(
        keypoints=points,
        category=category,
        box=None if box is None else where.at("bbox").box(*where.at("bbox").numbers(box, 4)),
        area=None if area is None else where.at("area").number(area),
        crowd=item.get("iscrowd") in (1, True),
        segmentation=item.get("segmentation"),
        track=None if track is None else str(track),
        scores=scores if stated is None else np.array(where.at("keypoint_scores").numbers(stated, len(points))),
        id=None if item.get("id") is None else where.at("id").whole(item["id"]),
        extra={key: value for key, value in item.items() if key not in INSTANCE_KEYS},
    )


def _read_keypoints(where: Place, item: dict[str, Any], count: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return points (K, 3) and, where the third numbers are scores of a prediction, those (K,)."""
    if item.get("keypoints") is None:
        return np.zeros((count, 3)), None
    points = np.array(where.numbers(item["keypoints"], 3 * count)).reshape(count, 3)
    third = points[:, 2].copy()
    if ((third == 0) | (third == 1) | (third == 2)).all():
        return points, None
    if "score" in item:  # a prediction: the height of a heatmap may lie a little outside of 0 to 1
        third = third.clip(0, 1)
    if (third < 0).any() or (third > 1).any():
        wrong = next(value for value in third.tolist() if value not in (0, 1, 2))
        raise where.wrong(wrong, "visibility 0, 1 or 2, or scores from 0 to 1, as every third number")
    points[:, 2] = np.where(third > 0, 2, 0)
    return points, third


def write(data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]:
    """Write one file, or one for each split, those of ``subsets``, and the keypoint set to a folder."""
    folder = dest.parent if dest.suffix.lower() == ".json" else dest
    names = files_beside(data, folder, copy=copy_images)
    if folder is not dest:
        parts, stem = {dest: _labelled(data.images)}, f"{dest.stem}_"
    else:
        parts, stem = _parts(data, folder), ""
    ids = Ids(data)
    for path, part in parts.items():
        head = _head(data, [image for image, _ in part], names, ids)
        annotations = (
            _annotation(instance, ids[image], ids)
            for image, instances in tracked(part, "writing")
            for instance in instances
        )
        pieces = json_pieces(head, "annotations", annotations)
        write_atomically(path, lambda file, pieces=pieces: file.writelines(pieces))
    main = data.categories[data.main_category()]
    if not main.keypoints:
        return list(parts)
    write_keypoint_set(main, folder / (stem + KEYPOINT_SET))
    return [*parts, folder / (stem + KEYPOINT_SET)]


def _labelled(images: list[LabelledImage]) -> Part:
    return [(image, image.instances) for image in images]


def _parts(data: KeypointData, folder: Path) -> dict[Path, Part]:
    """Return the file of each split and of its subsets that have any objects, and what belongs there."""
    parts = {}
    for split, images in data.by_split().items():
        parts[folder / f"{split or 'annotations'}.json"] = _labelled(images)
        for name, belongs in data.subsets.items():
            chosen = [(image, [item for item in image.instances if belongs(image, item)]) for image in images]
            if any(instances for _, instances in chosen):
                parts[folder / SUBSETS / f"{split}_{name}.json"] = [
                    (p, instances) for p, instances in chosen if instances
                ]
    return parts


class Ids:
    """Ids that are there stay, unless they are there twice; others follow the largest."""

    def __init__(self, data: KeypointData) -> None:
        self._images = _numbered([(id(image), image.id) for image in data.images])
        self._instances = _numbered([(id(instance), instance.id) for instance in data.instances()])
        numbers = _numbered([(index, category.id) for index, category in enumerate(data.categories)])
        self.categories = list(numbers.values())

    def __getitem__(self, item: LabelledImage | Instance) -> int:
        return (self._images if isinstance(item, LabelledImage) else self._instances)[id(item)]


def _numbered(items: list[tuple[int, int | None]]) -> dict[int, int]:
    counts = Counter(number for _, number in items if number is not None)
    following = max((number for number in counts), default=0) + 1
    numbers: dict[int, int] = {}
    for key, number in items:
        if number is None or counts[number] > 1:
            number, following = following, following + 1
        numbers[key] = number
    return numbers


def _head(data: KeypointData, images: list[LabelledImage], names: dict[int, str], ids: Ids) -> dict[str, Any]:
    """Return a file's content but for its annotations."""
    videos = {name: index + 1 for index, name in enumerate(dict.fromkeys(p.video for p in images if p.video))}
    entries = []
    for image in images:
        assert image.size_wh is not None
        entry = {"id": ids[image], "file_name": names[id(image)]}
        entry.update(zip(("width", "height"), image.size_wh, strict=True))
        entries.append({**entry, **({"video_id": videos[image.video]} if image.video else {}), **image.extra})
    categories = [
        {
            "id": number,
            "name": category.name,
            "keypoints": list(category.keypoints),
            "skeleton": [[a + 1, b + 1] for a, b in category.links],
            **category.extra,
        }
        for number, category in zip(ids.categories, data.categories, strict=True)
    ]
    listed = {"videos": [{"id": number, "name": name} for name, number in videos.items()]} if videos else {}
    return {**data.extra, **listed, "categories": categories, "images": entries}


def _annotation(instance: Instance, image_id: int, ids: Ids) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": ids[instance],
        "image_id": image_id,
        "category_id": ids.categories[instance.category],
        "bbox": list(instance.box or ()),
        "area": instance.area,
        "iscrowd": int(instance.crowd),
        "num_keypoints": int(instance.labelled.sum()),
        "keypoints": [
            int(value) if value == int(value) else value for value in instance.keypoints.reshape(-1).tolist()
        ],
    }
    if instance.segmentation is not None:
        item["segmentation"] = instance.segmentation
    if instance.track is not None:
        item["track_id"] = int(instance.track) if _canonical(instance.track) else instance.track
    if instance.scores is not None:
        item["keypoint_scores"] = instance.scores.tolist()
    return {**item, **instance.extra}


def _canonical(text: str) -> bool:
    return text.isascii() and text.isdecimal() and str(int(text)) == text


FORMAT = Format(
    name="coco",
    title="COCO keypoints",
    recognises=recognises,
    read=read,
    write=write,
    loses=(),
    needs=frozenset({"boxes", "areas", "sizes", "swaps"}),
    suffix=".json",
)
