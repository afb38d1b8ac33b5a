"""An annotation file as columns, read the way training reads it, with everything that training leaves out noted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from posekit.datasets.annotation_file import INFINITE, Problems, is_number, number_rows, paused_gc
from posekit.datasets.coco_reader import (
    BODY_SHARE,
    CocoFormat,
    Images,
    Instances,
    keypoint_lists,
    read_instances,
)
from posekit.datasets.doctor.finding import MAX_PLACES, Finding, Place, Severity, Spot
from posekit.datasets.doctor.image_scan import Scan
from posekit.datasets.doctor.source import Source, find_folder
from posekit.datasets.proposed_skeleton import info_of_category, names_keypoints
from posekit.datasets.skeleton import Skeleton


@dataclass
class Table:
    """The instances of an annotation file that can be read.

    Shapes: I images, A annotations in the file, N instances, K keypoints.

    Attributes:
        metainfo: the keypoint set, see ``Skeleton.metainfo``.
        set_problem: why the keypoint set that the file names cannot be used; "" if it can.
        annotations: all of the file (A,), as it has them.
        image: index of each instance's image (N,).
        points: x, y and visibility as in the file (N, K, 3); the first pixel's centre is at 0.
        boxes: xyxy, not cut to the picture (N, 4).
        areas: as annotated, NaN where it is no number (N,).
        problems: entries that training leaves out.
        scan: what was seen in the image files; None if they were not looked at.
    """

    source: Source
    metainfo: dict[str, Any]
    set_problem: str
    categories: list[dict[str, Any]]
    annotations: list[dict[str, Any]] = field(repr=False)
    instances: Instances = field(repr=False)
    points: np.ndarray
    areas: np.ndarray
    problems: Problems
    scan: Scan | None = None

    @classmethod
    def read(cls, source: Source) -> Table:
        """Read the file of a source.

        Raises:
            OSError: if there is no such file.
            ValueError: if it is no COCO-style file at all.
        """
        dataset = source.dataset
        problems = Problems(dataset.ann_file)
        with paused_gc():
            images, annotations = dataset.read_file(problems)
            if source.find_images:
                join_folder(images, dataset.ann_file)
            categories = [item for item in dataset._metainfo.get("CLASSES") or () if isinstance(item, dict)]
            form = raw_format(dataset.FORMAT)
            expanded = dataset.expand_annotations(annotations)
            metainfo, set_problem = keypoint_set(dataset.metainfo, categories, expanded, form)
            instances = read_instances(expanded, images, form, metainfo["num_keypoints"], problems)
        count, raw = metainfo["num_keypoints"], instances.raw
        points = number_rows(keypoint_lists(raw, form), 3 * count)[0].reshape(-1, count, 3)
        points = points - np.array([form.origin, form.origin, 0])
        areas = [ann["area"] if is_number(ann.get("area")) else np.nan for ann in raw]
        areas = np.array([area if abs(area) < INFINITE else np.nan for area in areas], np.float64)
        return cls(
            source, metainfo, set_problem, categories, annotations, instances, points, areas, problems
        )  # fmt: skip

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
    def pictured(self) -> np.ndarray:
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
        instances: Iterable[int] = (),
        images: Iterable[int] = (),
        texts: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> Finding:
        """Make a finding whose places are instances, images or plain texts; ``notes`` go to the instances."""
        rows, pictures = list(instances), list(images)
        words = notes or [""] * len(rows)
        places = [
            Place(self.instances.where(row) + note, (self.spot(row),))
            for row, note in zip(rows[:MAX_PLACES], words, strict=False)
        ]
        places += [Place(self.images.paths[index], (self.image_spot(index),)) for index in pictures[:MAX_PLACES]]
        places += [Place(text) for text in texts[:MAX_PLACES]]
        count = len(rows) + len(pictures) + len(texts)
        return Finding(kind, severity, message, remedy, self.file, tuple(places[:MAX_PLACES]), count)


def raw_format(form: CocoFormat) -> CocoFormat:
    """Return a data set's format without what mends a file: boxes are not cut and nothing is left out on a flag."""
    return CocoFormat(keypoints=form.keypoints, box=form.box, clip=False, origin=form.origin, valid=form.valid)


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
        info = info_of_category(named[0])
        try:
            return Skeleton.from_info(info, source="named by the file's categories").metainfo(), ""
        except ValueError as error:
            problem = str(error)
    count = len(info.get("keypoint_info", ())) or usual_count(annotations, form)
    points = {index: dict(id=index, name=f"keypoint {index + 1}") for index in range(count)}
    return Skeleton.from_info(dict(dataset_name="unnamed", keypoint_info=points)).metainfo(), problem


def usual_count(annotations: Sequence[dict[str, Any]], form: CocoFormat) -> int:
    """Return how many keypoints most annotations have."""
    annotated = [ann for ann in annotations if all(key in ann for key in form.keypoints)]
    lengths = Counter(len(points) // 3 for points in keypoint_lists(annotated, form) if isinstance(points, list))
    return max(lengths.most_common(1)[0][0] if lengths else 1, 1)
