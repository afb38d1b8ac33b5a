"""An annotation file as columns, read the way training reads it, with everything that training leaves out noted."""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

import numpy as np

from posekit.datasets.readers.annotation_file import Problems, whole_numbers
from posekit.datasets.readers.coco import (
    BODY_SHARE,
    CocoFormat,
    annotated_areas,
    keypoint_lists,
    read_instances,
)
from posekit.datasets.readers.images import Images
from posekit.datasets.readers.instances import Instances
from posekit.files import paused_gc
from posekit.keypoints.proposed_skeleton import info_of_category, names_keypoints
from posekit.keypoints.skeleton import Skeleton
from posekit.labels.doctor.finding import MAX_PLACES, Finding, FindingPlace, Severity, Spot
from posekit.labels.doctor.image_scan import Scan
from posekit.labels.doctor.source import LabelSource, find_folder


@dataclass
class InstanceTable:
    """The instances of an annotation file that can be read.

    Shapes: I images, A annotations in the file, N instances, K keypoints.

    Attributes:
        metainfo: the keypoint set, see ``Skeleton.metainfo``.
        set_problem: why the keypoint set that the file names cannot be used; "" if it can.
        num_annotations: number of the whole file, A.
        ids: ids of all annotations that have one.
        image: index of each instance's image (N,).
        points: x, y and visibility as in the file (N, K, 3) float32; the first pixel's centre is at 0.
        boxes: xyxy, not cut to the image (N, 4).
        areas: as annotated, NaN where it is no number (N,).
        category_ids: as the file has them (N,), and so ``stated_counts`` of labelled keypoints.
        problems: entries that training leaves out.
        scan: what was seen in the image files; None if they were not looked at.
        repeated: pairs of instances (R, 2) that seem to be labelled twice; None until they are looked for.
    """

    source: LabelSource
    metainfo: dict[str, Any]
    set_problem: str
    categories: list[dict[str, Any]]
    num_annotations: int
    ids: np.ndarray
    instances: Instances = field(repr=False)
    points: np.ndarray
    areas: np.ndarray
    category_ids: list[Any] = field(repr=False)
    stated_counts: list[Any] = field(repr=False)
    problems: Problems
    scan: Scan | None = None
    repeated: np.ndarray | None = field(default=None, repr=False)

    @classmethod
    def read(cls, source: LabelSource) -> InstanceTable:
        """Read the file of a source.

        Raises:
            OSError: if there is no such file.
            ValueError: if it is no COCO-style file at all.
        """
        dataset = source.dataset
        problems = Problems(dataset.ann_file)
        with paused_gc():
            file = dataset.reader.read_file(problems, packed=True)
            if source.find_images:
                join_folder(file.images, dataset.ann_file)
            categories = [item for item in file.categories or () if isinstance(item, dict)]
            form = raw_format(dataset.FORMAT)
            ids, good = whole_numbers([ann.get("id") for ann in file.annotations])
            expanded = dataset.reader.expand(file.annotations)
            try:
                metainfo, set_problem = keypoint_set(dataset.metainfo, categories, expanded, form)
            except ValueError as error:
                raise ValueError(f"{dataset.ann_file}: {error}") from error
            instances = read_instances(expanded, file.images, form, metainfo["num_keypoints"], problems)
        arrays, raw = instances.arrays, instances.raw
        points = np.concatenate([arrays["keypoints"], arrays["keypoints_visible"][..., None]], axis=2)
        arrays.update(keypoints=points[..., :2], keypoints_visible=points[..., 2])  # kept once
        return cls(
            source,
            metainfo,
            set_problem,
            categories,
            num_annotations=len(file.annotations),
            ids=ids[good],
            instances=replace(instances, raw=[], objects={}),  # of a million annotations a gigabyte
            points=points,
            areas=annotated_areas(raw),
            category_ids=[ann.get("category_id") for ann in raw],
            stated_counts=[ann.get("num_keypoints") for ann in raw],
            problems=problems,
        )

    @property
    def file(self) -> str:
        return self.source.dataset.ann_file

    @property
    def images(self) -> Images:
        return self.instances.images

    @property
    def image(self) -> np.ndarray:
        return self.instances.image

    @property
    def boxes(self) -> np.ndarray:
        return self.instances.arrays["bbox"].astype(np.float64)

    @property
    def labelled(self) -> np.ndarray:
        """Which keypoints have a position (N, K)."""
        return self.points[..., 2] > 0

    @property
    def names(self) -> list[str]:
        return [self.metainfo["keypoint_id2name"][index] for index in range(self.metainfo["num_keypoints"])]

    @property
    def imaged(self) -> np.ndarray:
        """Width and height of each instance's image as the file states them (N, 2)."""
        return self.images.size_wh[self.image]

    def scales(self) -> np.ndarray:
        """Return the root of each instance's area (N,), at least 1 pixel: COCO's object scale."""
        size = np.maximum(self.boxes[:, 2:] - self.boxes[:, :2], 0)
        known = np.isfinite(self.areas) & (self.areas > 0)
        return np.sqrt(np.maximum(np.where(known, self.areas, size.prod(axis=1) * BODY_SHARE), 1))

    def spot(self, instance: int) -> Spot:
        return Spot(self.file, int(self.image[instance]), int(instance))

    def image_spot(self, image: int) -> Spot:
        return Spot(self.file, int(image))

    def finding(
        self,
        kind: str,
        severity: Severity,
        message: str,
        remedy: str,
        *,
        instances: Sequence[int] | np.ndarray = (),
        images: Sequence[int] | np.ndarray = (),
        texts: Sequence[str] = (),
        notes: Iterable[str] | None = None,
    ) -> Finding:
        """Make a finding whose places are instances, images or plain texts; ``notes`` go to the instances."""
        places = [
            FindingPlace(self.instances.where(row) + note, (self.spot(row),))
            for row, note in zip(instances[:MAX_PLACES], notes or repeat(""), strict=False)
        ]
        places += [FindingPlace(self.images.paths[index], (self.image_spot(index),)) for index in images[:MAX_PLACES]]
        places += [FindingPlace(text) for text in texts[:MAX_PLACES]]
        count = len(instances) + len(images) + len(texts)
        return Finding(kind, severity, message, remedy, self.file, tuple(places[:MAX_PLACES]), count)


def raw_format(form: CocoFormat) -> CocoFormat:
    """Return a dataset's format without what mends a file: boxes are not cut and nothing is left out on a flag."""
    return replace(form, clip=False, binary=False, marks=True, count=True, extra=())


def join_folder(images: Images, ann_file: str) -> None:
    """Join the image names to the folder that holds them, if one near the annotation file does."""
    folder = find_folder(ann_file, images.paths)
    if folder is not None:
        images.paths = [os.path.join(folder, name) for name in images.paths]  # noqa: PTH118 - as in Images.read


def keypoint_set(
    metainfo: dict[str, Any], categories: list[dict[str, Any]], annotations: Sequence[dict[str, Any]], form: CocoFormat
) -> tuple[dict[str, Any], str]:
    """Return the keypoint set given, or named by a category, or one without names; and why no better one was used."""
    if "num_keypoints" in metainfo:
        return metainfo, ""
    named = [category for category in categories if names_keypoints(category)]
    info, problem = {}, ""
    if named:
        try:
            info = info_of_category(named[0])
            return Skeleton.from_info(info, source="named by the file's categories").metainfo(), ""
        except ValueError as error:
            problem = str(error)
    count = len(info.get("keypoint_info", ())) or usual_count(annotations, form)
    points = {index: dict(id=index, name=f"keypoint {index + 1}") for index in range(count)}
    return Skeleton.from_info(dict(dataset_name="unnamed", keypoint_info=points)).metainfo(), problem


def usual_count(annotations: Sequence[dict[str, Any]], form: CocoFormat) -> int:
    """Return how many keypoints most annotations have."""
    annotated = [ann for ann in annotations if all(key in ann for key in form.keypoints)]
    lists = [points for points in keypoint_lists(annotated, form) if isinstance(points, (list, array))]
    lengths = Counter(len(points) // 3 for points in lists)
    return max(lengths.most_common(1)[0][0] if lengths else 1, 1)
