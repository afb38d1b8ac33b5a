"""Numbers that describe a dataset: how often, how many, how large."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from posekit.labels.doctor.repeated_labels import estimated_sigmas
from posekit.labels.doctor.table import InstanceTable

PERCENTILES = (1, 10, 50, 90, 99)
MOST_CATEGORIES = 100
"""So many are counted by name, the rarer ones together."""


@dataclass(frozen=True)
class KeypointStatistics:
    """One keypoint: in how many instances it is labelled, how many of these are marked as seen (v = 2), and sigmas."""

    name: str
    labelled: int
    seen: int
    sigma: float | None
    estimated_sigma: float | None


@dataclass(frozen=True)
class Statistics:
    """What one annotation file holds.

    Attributes:
        instances: annotations that can be read; ``usable`` of them have labelled keypoints and a box, and are no crowd.
        images_read: image files looked at.
        categories: instances by category name, the most frequent first.
        box_side_px: percentiles of the longer side of boxes.
        image_side_px: percentiles of the longer side of images, as the file states it.
    """

    name: str
    file: str
    keypoint_set: str
    images: int
    images_read: int
    annotations: int
    instances: int
    usable: int
    categories: dict[str, int]
    keypoints: tuple[KeypointStatistics, ...]
    labelled_per_instance: float
    box_side_px: dict[int, float]
    image_side_px: dict[int, float]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def statistics(table: InstanceTable) -> Statistics:
    """Count what a table holds."""
    usable = table.instances.usable()
    return Statistics(
        name=table.source.name,
        file=table.file,
        keypoint_set=table.metainfo["dataset_name"],
        images=len(table.images.ids),
        images_read=0 if table.scan is None else int(table.scan.readable.sum()),
        annotations=table.num_annotations,
        instances=len(table.instances),
        usable=int(usable.sum()),
        categories=categories(table),
        keypoints=keypoint_statistics(table),
        labelled_per_instance=float(table.labelled[usable].sum(axis=1).mean()) if usable.any() else 0.0,
        box_side_px=percentiles(box_sides(table)),
        image_side_px=percentiles(table.images.size_wh.max(axis=1)),
    )


def categories(table: InstanceTable) -> dict[str, int]:
    """Count instances by category name; ids without a name count by themselves."""
    names = {str(category.get("id")): str(category.get("name")) for category in table.categories}
    used: Counter[str] = Counter()
    for key, count in Counter(str(value)[:40] for value in table.category_ids).items():
        used[names.get(key, f"id {key}")] += count
    counts = dict(used.most_common(MOST_CATEGORIES))
    rest = used.total() - sum(counts.values())
    return {**counts, f"{len(used) - len(counts)} others": rest} if rest else counts


def keypoint_statistics(table: InstanceTable) -> tuple[KeypointStatistics, ...]:
    estimated = [float(value) if np.isfinite(value) else None for value in estimated_sigmas(table)]
    sigmas = [float(value) for value in table.metainfo["sigmas"]] or [None] * len(table.names)
    labelled = table.labelled.sum(axis=0).tolist()
    seen = (table.points[..., 2] >= 2).sum(axis=0).tolist()
    return tuple(map(KeypointStatistics, table.names, labelled, seen, sigmas, estimated))


def box_sides(table: InstanceTable) -> np.ndarray:
    """Return the longer side of the boxes of usable instances, in pixels."""
    boxes = table.boxes[table.instances.usable()]
    return (boxes[:, 2:] - boxes[:, :2]).max(axis=1)


def percentiles(values: np.ndarray) -> dict[int, float]:
    if not len(values):
        return {}
    return dict(zip(PERCENTILES, np.percentile(values, PERCENTILES).round(1).tolist(), strict=True))
