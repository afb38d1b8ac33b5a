"""OpenPose: a JSON file NAME_keypoints.json for each image, with people as x, y, confidence of each keypoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import tracked
from posekit.files import write_atomically
from posekit.labels.image_files import image_named, images_in, placed_names
from posekit.labels.keypoint_data import Category, Format, Hints, Instance, KeypointData, LabelledImage
from posekit.labels.losses import DEFAULT_CATEGORY, numbered_names
from posekit.labels.place import FoundText, Place, json_bytes, read_object
from posekit.media.video import VIDEO_SUFFIXES

ENDING = "_keypoints"
BODY_18 = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist"),
    *("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"),
    *("right_eye", "left_eye", "right_ear", "left_ear"),
)
BODY_25 = (
    *BODY_18[:8],
    *("mid_hip", *BODY_18[8:]),
    *("left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel"),
)
BODIES: Mapping[int, tuple[str, ...]] = {18: BODY_18, 25: BODY_25}
"""Names of OpenPose's own body models, by their number of keypoints."""

LEAST_SCORE = 1e-6
"""Score of a labelled keypoint without one; a score of 0 would mark it as missing."""

PARTS = ("pose", "face", "hand_left", "hand_right")


def recognises(source: Path) -> bool:
    return any(b'"people"' in path.read_bytes() for path in _paths(source)[:3])


def _paths(source: Path) -> list[Path]:
    if source.is_file():
        return [source] if source.suffix == ".json" else []
    return sorted(source.rglob(f"*{ENDING}.json"))


def read(source: Path, hints: Hints) -> KeypointData:
    """Read one file or all of a folder; face and hands follow the body where some file has them.

    Raises:
        ValueError: naming the first value that is not as it must be.
    """
    paths = _paths(source)
    if not paths:
        raise ValueError(f"{source}: no OpenPose file (*{ENDING}.json) here")
    images: list[LabelledImage] = []
    people: list[list[tuple[Place, dict[str, Any]]]] = []
    located = _by_name(hints.images) if hints.images else {}
    counts: dict[str, int] = dict.fromkeys(PARTS, 0)
    for path in tracked(paths, "reading"):
        place, stem = Place(path), path.stem.removesuffix(ENDING)
        persons = place.at("people").list(place.get(read_object(path), "people"))
        places = [place.at(f"people[{i}]") for i in range(len(persons))]
        people.append([(at, at.dict(item)) for at, item in zip(places, persons, strict=True)])
        images.append(_image(stem, path.parent, hints.images, located))
        for where, person in people[-1]:
            for part in PARTS:
                counts[part] = max(counts[part], len(where.at(_key(part)).list(_numbers(person, part))) // 3)
    names = hints.keypoints or _names(counts)
    for image, group in zip(images, people, strict=True):
        image.instances = [_instance(where, person, counts, len(names)) for where, person in group]
    return KeypointData([Category(DEFAULT_CATEGORY, names)], images)


def _by_name(folder: Path) -> dict[str, Path]:
    """Return the images of a folder by their names without folders, and with these joined by ``_``."""
    paths = images_in(folder)
    joined = {path.relative_to(folder).with_suffix("").as_posix().replace("/", "_"): path for path in paths}
    return {**{path.stem: path for path in paths}, **joined}


def _key(part: str) -> str:
    return f"{part}_keypoints_2d"


def _numbers(person: dict[str, Any], part: str) -> Any:
    """Return a part's numbers, if necessary under the key that OpenPose used before it had 3D."""
    return person.get(_key(part)) or person.get(f"{part}_keypoints") or []


def _image(stem: str, near: Path, images: Path | None, located: Mapping[str, Path]) -> LabelledImage:
    """Return the image of this name; where it ends in twelve digits, and only the video is there, a frame of that."""
    named = re.fullmatch(r"(.+)_(\d{12})", stem)
    path = located.get(stem) or image_named(near / stem)
    if named is None:
        return LabelledImage(path)
    videos = [folder / (named[1] + suffix) for folder in (images or near, near) for suffix in sorted(VIDEO_SUFFIXES)]
    video = None if path.is_file() else next((file for file in videos if file.is_file()), None)
    return LabelledImage(video or path, video=named[1], frame=int(named[2]) if video else None)


def _names(counts: Mapping[str, int]) -> tuple[str, ...]:
    body = counts["pose"]
    names = list(BODIES.get(body) or numbered_names(body))
    for part in PARTS[1:]:
        names += [f"{part}_{index}" for index in range(counts[part])]
    return tuple(names)


def _instance(place: Place, person: dict[str, Any], counts: Mapping[str, int], total: int) -> Instance:
    rows = []
    for part, count in counts.items():
        where = place.at(_key(part))
        numbers = where.numbers(_numbers(person, part) or [0.0] * (3 * count), 3 * count)
        rows.append(np.array(numbers).reshape(count, 3))
    points = np.concatenate(rows)
    if len(points) != total:
        raise place.wrong(FoundText(f"{len(points)} keypoints"), f"{total}, as --keypoints has names")
    scores, points = points[:, 2].copy(), points.copy()
    points[:, 2] = np.where(scores > 0, 2, 0)
    number = person.get("person_id")
    number = number[0] if isinstance(number, list) and number else number
    known = isinstance(number, int) and number >= 0
    certain = np.isin(scores, (0, 1)).all()
    return Instance(points, track=str(number) if known else None, scores=None if certain else scores)


def write(data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]:
    """Write a file for each image; images stay where they are, as these files name none."""
    for image, name in tracked(list(zip(data.images, placed_names(data.images, flat=True), strict=True)), "writing"):
        document = {"version": 1.3, "people": [_person(instance) for instance in image.instances]}
        target = dest / f"{Path(name).stem}{ENDING}.json"
        write_atomically(target, lambda file, document=document: file.write(json_bytes(document)))
    return [dest]


def _person(instance: Instance) -> dict[str, Any]:
    points = instance.keypoints.copy()
    points[:, 2] = instance.labelled * (1.0 if instance.scores is None else np.maximum(instance.scores, LEAST_SCORE))
    person: dict[str, Any] = {_key(part): [] for part in PARTS}
    person["pose_keypoints_2d"] = points.reshape(-1).tolist()
    return {"person_id": [-1 if instance.track is None else int(instance.track)], **person}


FORMAT = Format(
    name="openpose",
    title="OpenPose JSON files",
    recognises=recognises,
    read=read,
    write=write,
    loses=(
        *("crowds", "other_categories", "hidden", "unlabelled_positions", "boxes", "areas", "segmentations"),
        *("worded_tracks", "ids", "videos", "splits", "sizes", "links", "swaps", "keypoint_names", "category_names"),
        "extra",
    ),
)
