"""Objects out of loose points and boxes, as labelling tools keep them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from posekit.labels.keypoint_data import Category, Instance
from posekit.labels.losses import DEFAULT_CATEGORY
from posekit.labels.place import FoundText, Place

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class LoosePoint:
    """A labelled point; ``group`` is what a tool says it belongs to, None if it says nothing."""

    name: str
    x: float
    y: float
    visible: int = 2
    group: Hashable = None


@dataclass(frozen=True)
class LooseBox:
    """A labelled box, xywh."""

    label: str
    box: Box
    group: Hashable = None
    crowd: bool = False


@dataclass
class LooseObject:
    """A box, if there is one, and the points that belong to it."""

    box: LooseBox | None = None
    points: list[LoosePoint] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return any(point.name == name for point in self.points)


def group_points(place: Place, points: Sequence[LoosePoint], boxes: Sequence[LooseBox]) -> list[LooseObject]:
    """Gather points and boxes of an image to objects.

    Points go to their group, and to its first box; without a group to the smallest box around them that has no such
    point yet; else to the first object without a box that has none, so that a name that comes again starts another.

    Raises:
        ValueError: if a group has two points of one name.
    """
    objects = [LooseObject(box) for box in boxes]
    by_group: dict[Hashable, LooseObject] = {}
    for item in objects:
        if item.box and item.box.group is not None:
            by_group.setdefault(item.box.group, item)
    free: list[LooseObject] = []
    for point in points:
        if point.group is not None:
            if point.group not in by_group:
                by_group[point.group] = LooseObject()
                objects.append(by_group[point.group])
            if by_group[point.group].has(point.name):
                raise place.wrong(
                    FoundText(f"two points '{point.name}' in group {point.group}"), "each name once in a group"
                )
            by_group[point.group].points.append(point)
            continue
        around = [item for item in objects if item.box and _inside(point, item.box.box) and not item.has(point.name)]
        target = min(around, key=_area, default=None) or next((f for f in free if not f.has(point.name)), None)
        if target is None:
            target = LooseObject()
            free.append(target)
            objects.append(target)
        target.points.append(point)
    return objects


def box_around_rotated(
    corner: tuple[float, float], size: tuple[float, float], degrees: float, pivot: tuple[float, float] = (0, 0)
) -> Box:
    """Return the upright box around a box that was turned clockwise, as seen on the image.

    Args:
        corner: its upper left one before.
        pivot: the point it turned about, as shares of its sides from that corner.
    """
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [((i - pivot[0]) * size[0], (j - pivot[1]) * size[1]) for i in (0, 1) for j in (0, 1)]
    turned = [(x * cos - y * sin, x * sin + y * cos) for x, y in corners]
    low = [min(point[axis] for point in turned) for axis in (0, 1)]
    high = [max(point[axis] for point in turned) for axis in (0, 1)]
    left, top = (corner[axis] + pivot[axis] * size[axis] + low[axis] for axis in (0, 1))
    return left, top, high[0] - low[0], high[1] - low[1]


def _inside(point: LoosePoint, box: Box) -> bool:
    return box[0] <= point.x <= box[0] + box[2] and box[1] <= point.y <= box[1] + box[3]


def _area(item: LooseObject) -> float:
    assert item.box is not None
    return item.box.box[2] * item.box.box[3]


def as_instances(
    groups: Sequence[Sequence[LooseObject]], names: Sequence[str], labels: Sequence[str] = ()
) -> tuple[list[Category], list[list[Instance]]]:
    """Return categories after the boxes' labels, all with the same keypoints, and each image's instances.

    Args:
        groups: the objects of each image.
        names: names of the keypoints, in order.
        labels: names of categories, in order; others follow as they come.
    """
    box_labels = [box_labels.box.label for group in groups for box_labels in group if box_labels.box]
    order = list(dict.fromkeys([*labels, *box_labels])) or [DEFAULT_CATEGORY]
    categories = [Category(label, tuple(names)) for label in order]
    index_of = {name: index for index, name in enumerate(names)}
    return categories, [[_instance(item, index_of, order) for item in group] for group in groups]


def _instance(item: LooseObject, index_of: dict[str, int], order: list[str]) -> Instance:
    keypoints = np.zeros((len(index_of), 3))
    for point in item.points:
        keypoints[index_of[point.name]] = point.x, point.y, point.visible
    if item.box is None:
        return Instance(keypoints)
    return Instance(keypoints, order.index(item.box.label), item.box.box, crowd=item.box.crowd)
