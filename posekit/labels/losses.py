"""What formats cannot hold: each thing is counted, named, and taken out before a file is written.

A writer receives what remains, so that nothing outside the list can get lost.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from posekit.labels.keypoint_data import Instance, KeypointData


@dataclass(frozen=True)
class Loss:
    """Something that a format may be unable to hold.

    Attributes:
        title: its name for a count of several; ``one`` for a single one.
        remove: function that takes it out of the data and returns how many there were.
    """

    title: str
    one: str
    remove: Callable[[KeypointData], int]


def lose(data: KeypointData, names: Sequence[str]) -> tuple[KeypointData, list[str]]:
    """Return a copy of the data without some things, and a text on each that was there: ``"172 boxes"``."""
    rest = KeypointData(
        categories=list(data.categories),
        images=[
            replace(image, instances=[copy.copy(instance) for instance in image.instances]) for image in data.images
        ],
        extra=data.extra,
        subsets=data.subsets,
    )
    lost = []
    for name in in_order(names):
        count = LOSSES[name].remove(rest)
        if count:
            lost.append(f"{count:,} {LOSSES[name].title if count > 1 else LOSSES[name].one}")
    return rest, lost


def in_order(names: Sequence[str]) -> list[str]:
    """Order names as the table does: what takes whole objects out comes first, so that their parts count once."""
    unknown = set(names) - set(LOSSES)
    assert not unknown, unknown
    return [name for name in LOSSES if name in names]


def _field(name: str, empty: Any = None) -> Callable[[KeypointData], int]:
    """Return a function that empties a field of all objects."""

    def remove(data: KeypointData) -> int:
        count = 0
        for instance in data.instances():
            value = getattr(instance, name)
            count += value is not None and value is not False
            setattr(instance, name, empty)
        return count

    return remove


def _keep(wanted: Callable[[Instance], bool]) -> Callable[[KeypointData], int]:
    """Return a function that keeps only some objects."""

    def remove(data: KeypointData) -> int:
        before = sum(len(image.instances) for image in data.images)
        for image in data.images:
            image.instances = [instance for instance in image.instances if wanted(instance)]
        return before - sum(len(image.instances) for image in data.images)

    return remove


def _other_categories(data: KeypointData) -> int:
    return _keep_categories(data, [data.main_category()]) if data.categories else 0


def _other_keypoints(data: KeypointData) -> int:
    if not data.categories:
        return 0
    names = data.categories[data.main_category()].keypoints
    return _keep_categories(data, [i for i, category in enumerate(data.categories) if category.keypoints == names])


def _keep_categories(data: KeypointData, chosen: list[int]) -> int:
    dropped = len(data.categories) - len(chosen)
    count = _keep(lambda instance: instance.category in chosen)(data)
    data.categories = [data.categories[index] for index in chosen]
    for instance in data.instances():
        instance.category = chosen.index(instance.category)
    return max(count, dropped)


def _empty_images(data: KeypointData) -> int:
    before = len(data.images)
    data.images = [image for image in data.images if image.instances]
    return before - len(data.images)


def _hidden(data: KeypointData) -> int:
    return _change_points(data, lambda points: points[:, 2] == 1, (None, None, 2))


def _unlabelled_positions(data: KeypointData) -> int:
    return _change_points(data, lambda points: (points[:, 2] == 0) & points[:, :2].any(axis=1), (0, 0, None))


def _change_points(
    data: KeypointData, where: Callable[[np.ndarray], np.ndarray], values: tuple[float | None, ...]
) -> int:
    count = 0
    for instance in data.instances():
        chosen = where(instance.keypoints)
        if chosen.any():
            count += int(chosen.sum())
            instance.keypoints = instance.keypoints.copy()
            for column, value in enumerate(values):
                if value is not None:
                    instance.keypoints[chosen, column] = value
    return count


def _outside(data: KeypointData) -> int:
    count = 0
    for image in data.images:
        size = np.array(image.size_wh or (np.inf, np.inf))
        for instance in image.instances:
            points = instance.keypoints
            chosen = np.any((points[:, :2] < 0) | (points[:, :2] > size), axis=1)
            if chosen.any():
                count += int(chosen.sum())
                instance.keypoints = np.where(chosen[:, None], 0, points)
    return count


def _category_ids(data: KeypointData) -> int:
    count = sum(category.id is not None for category in data.categories)
    data.categories = [replace(category, id=None) for category in data.categories]
    return count


def _ids(data: KeypointData) -> int:
    return _category_ids(data) + _image_field("id")(data) + _field("id")(data)


def _image_field(name: str, empty: Any = None) -> Callable[[KeypointData], int]:
    def remove(data: KeypointData) -> int:
        count = 0
        for image in data.images:
            count += getattr(image, name) not in (None, empty)
            setattr(image, name, empty)
        return count

    return remove


def _extra(data: KeypointData) -> int:
    count = len(data.extra) + sum(len(category.extra) for category in data.categories)
    data.extra = {}
    data.categories = [replace(category, extra={}) for category in data.categories]
    for item in (*data.images, *data.instances()):
        count += len(item.extra)
        item.extra = {}
    return count


def _category_field(name: str, empty: Any) -> Callable[[KeypointData], int]:
    def remove(data: KeypointData) -> int:
        count = sum(len(getattr(category, name) or ()) for category in data.categories)
        data.categories = [replace(category, **{name: empty}) for category in data.categories]
        return count

    return remove


def _swaps(data: KeypointData) -> int:
    pairs = [sum(i < j for i, j in enumerate(category.swaps or ())) for category in data.categories]
    data.categories = [replace(category, swaps=None) for category in data.categories]
    return sum(pairs)


def _keypoint_names(data: KeypointData) -> int:
    count = sum(len(category.keypoints) for category in data.categories)
    data.categories = [
        replace(category, keypoints=numbered_names(len(category.keypoints))) for category in data.categories
    ]
    return count


def _category_names(data: KeypointData) -> int:
    data.categories = [replace(category, name=DEFAULT_CATEGORY) for category in data.categories]
    return len(data.categories)


def _uneven_tracks(data: KeypointData) -> int:
    names = [[instance.track for instance in image.instances] for image in data.images]
    even = all(None not in row and len(set(row)) == len(row) for row in names)
    return 0 if even else _field("track")(data)


def _worded_tracks(data: KeypointData) -> int:
    worded = [instance for instance in data.instances() if instance.track and not instance.track.isdecimal()]
    return _field("track")(data) if worded else 0


def _mixed_scores(data: KeypointData) -> int:
    count = 0
    for image in data.images:
        scored = [instance for instance in image.instances if instance.scores is not None]
        if len(scored) < len(image.instances):
            count += len(scored)
            for instance in scored:
                instance.scores = None
    return count


DEFAULT_CATEGORY = "object"


def numbered_names(count: int) -> tuple[str, ...]:
    """Return names for keypoints that have none."""
    return tuple(f"point_{index}" for index in range(count))


LOSSES = {
    "crowds": Loss("crowd regions", "crowd region", _keep(lambda instance: not instance.crowd)),
    "other_categories": Loss(
        "objects of other categories (choose one with --category)",
        "object of another category (choose one with --category)",
        _other_categories,
    ),
    "other_keypoints": Loss(
        "objects of categories with other keypoints (choose one with --category)",
        "object of a category with other keypoints (choose one with --category)",
        _other_keypoints,
    ),
    "unlabelled": Loss(
        "objects without labelled keypoints",
        "object without labelled keypoints",
        _keep(lambda instance: bool(instance.labelled.any())),
    ),
    "empty_images": Loss("images without objects", "image without objects", _empty_images),
    "outside": Loss("keypoints outside of their image", "keypoint outside of its image", _outside),
    "hidden": Loss("marks of hidden keypoints (visibility 1)", "mark of a hidden keypoint (visibility 1)", _hidden),
    "unlabelled_positions": Loss(
        "positions of keypoints that are not labelled (visibility 0)",
        "position of a keypoint that is not labelled (visibility 0)",
        _unlabelled_positions,
    ),
    "boxes": Loss("boxes", "box", _field("box")),
    "areas": Loss("areas", "area", _field("area")),
    "segmentations": Loss("segmentations", "segmentation", _field("segmentation")),
    "tracks": Loss("track ids", "track id", _field("track")),
    "uneven_tracks": Loss("track ids (not every object of every image has one of its own)", "track id", _uneven_tracks),
    "worded_tracks": Loss("track ids (not all are whole numbers)", "track id that is no whole number", _worded_tracks),
    "scores": Loss("objects' keypoint scores", "object's keypoint scores", _field("scores")),
    "mixed_scores": Loss(
        "objects' keypoint scores (in images where others have none)", "object's keypoint scores", _mixed_scores
    ),
    "ids": Loss("ids of images, objects and categories", "id of an image, object or category", _ids),
    "category_ids": Loss("ids of categories", "id of a category", _category_ids),
    "instance_ids": Loss("ids of objects", "id of an object", _field("id")),
    "videos": Loss("images' video names", "image's video name", _image_field("video")),
    "splits": Loss("images' splits", "image's split", _image_field("split", "")),
    "sizes": Loss("image sizes", "image size", _image_field("size_wh")),
    "links": Loss("skeleton links", "skeleton link", _category_field("links", ())),
    "swaps": Loss("flip pairs", "flip pair", _swaps),
    "keypoint_names": Loss("keypoint names", "keypoint name", _keypoint_names),
    "category_names": Loss("category names", "category name", _category_names),
    "extra": Loss("other values (license, captions …)", "other value (license, captions …)", _extra),
}
"""Everything that some format cannot hold; entries that remove whole objects come first."""
