"""Filling in what a format needs and the labels do not have."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from posekit.datasets.readers.coco import BODY_SHARE
from posekit.labels.image_files import fill_sizes, safe_name
from posekit.labels.keypoint_data import Instance, KeypointData, LabelledImage

PADDING = 0.25
LEAST_SIDE = 0.05
"""Shortest side of a box made from keypoints, as a share of the image's: a line of points has no area."""


def complete(data: KeypointData, needs: Iterable[str], *, padding: float = PADDING, whole: bool = False) -> list[str]:
    """Fill in sizes, boxes, areas, splits and videos, in place; return texts such as ``"116 boxes around …"``.

    Args:
        padding: see ``keypoint_box``.
        whole: make boxes of the whole image instead, as for a single object that is looked for everywhere.

    Raises:
        FileNotFoundError: if a size is needed and the image is missing.
    """
    done = []
    if "sizes" in needs or "boxes" in needs:
        count = fill_sizes(data)
        done += [f"{count:,} image sizes, from the files"] if count else []
    if "areas" in needs:
        done += _fill_areas(data, padding)
    if "boxes" in needs:
        done += _fill_boxes(data, None if whole else padding)
    for image in data.images:
        if "splits" in needs:
            image.split = image.split or "train"
        if "videos" in needs:
            image.video = safe_name(image.video or image.path.parent.name or "images")
    return done


def _fill_areas(data: KeypointData, padding: float) -> list[str]:
    count = 0
    for image in data.images:
        for instance in image.instances:
            if instance.area is None:
                box = instance.box or keypoint_box(instance, _size(image), padding)
                instance.area = round(box[2] * box[3] * BODY_SHARE, 3)
                count += 1
    return [f"{count:,} areas, {BODY_SHARE} of the box (COCO's mean)"] if count else []


def _fill_boxes(data: KeypointData, padding: float | None) -> list[str]:
    count = 0
    for image in data.images:
        size = _size(image)
        for instance in image.instances:
            if instance.box is None:
                whole = (0.0, 0.0, float(size[0]), float(size[1]))
                instance.box = whole if padding is None else keypoint_box(instance, size, padding)
                count += 1
    how = "of the whole image" if padding is None else f"around the keypoints, {padding:.0%} larger to each side"
    return [f"{count:,} boxes {how}"] if count else []


def _size(image: LabelledImage) -> tuple[int, int]:
    assert image.size_wh is not None
    return image.size_wh


def keypoint_box(instance: Instance, size_wh: tuple[int, int], padding: float) -> tuple[float, float, float, float]:
    """Return a box xywh around the labelled keypoints, inside the image; the whole image if none is labelled.

    Args:
        padding: share of the keypoints' width and height to add on each side.
    """
    size = np.array(size_wh, np.float64)
    points = instance.keypoints[instance.labelled, :2]
    if not len(points):
        return 0.0, 0.0, float(size[0]), float(size[1])
    low, high = points.min(axis=0), points.max(axis=0)
    half = np.maximum((high - low) * (0.5 + padding), LEAST_SIDE * size.min() / 2)
    center = (low + high) / 2
    low, high = np.clip(center - half, 0, size), np.clip(center + half, 0, size)
    x, y, width, height = np.round([*low, *(high - low)], 2).tolist()
    return x, y, width, height
