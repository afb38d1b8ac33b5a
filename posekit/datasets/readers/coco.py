"""COCO keypoint files."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from posekit.datasets.readers.annotation_file import (
    INFINITE,
    Problems,
    dicts_under,
    is_id,
    is_number,
    number_row_problem,
    number_rows,
    packer,
    whole_numbers,
)
from posekit.datasets.readers.images import Images, match_images
from posekit.datasets.readers.instances import InstanceRows, Instances
from posekit.datasets.records import Records, Strings
from posekit.files import read_json

REFERENCE_HEIGHT = 200.0
"""Pixels per unit of ``scale`` in annotations with a centre and a scale (MPII's convention)."""

BODY_SHARE = 0.53
"""Area of a person relative to the box, where no area is annotated (COCO's mean)."""


JsonDict = dict[str, Any]
ParseAnnotation = Callable[[JsonDict, JsonDict], JsonDict | None]


@dataclass(frozen=True)
class CocoFormat:
    """How a dataset uses the COCO format.

    Attributes:
        keypoints: keys whose lists of (x, y, visibility) follow one another.
        box: key of an xywh box; ``"center_scale"`` for a centre and a scale; or one xyxy box for every image.
        clip: keep boxes inside the image.
        origin: coordinate of the first pixel's centre in the file.
        binary: any visibility above 0 counts as 1.
        marks: keep visibility as it is, above 1 too.
        count: trust the file's ``num_keypoints``.
        valid: key of a flag that an annotation needs to be used.
        extra: further keys to keep.
    """

    keypoints: tuple[str, ...] = ("keypoints",)
    box: str | tuple[float, float, float, float] = "bbox"
    clip: bool = True
    origin: float = 0.0
    binary: bool = False
    marks: bool = False
    count: bool = True
    valid: str | None = None
    extra: tuple[str, ...] = ()


class AnnotationFile(NamedTuple):
    """What an annotation file holds: its images and, unchecked, its annotations and categories, None without a list."""

    images: Images
    annotations: list[dict[str, Any]]
    categories: list[Any] | None = None


class CocoReader:
    """Reads a COCO keypoint file, all annotations at once.

    A subclass overrides ``read_file`` for a file that is written otherwise, ``expand`` for one that keeps several
    instances in one annotation.

    Args:
        path: the annotation file.
        folder: folder that the file names of the images are relative to.
        form: use that the dataset makes of the format.
        interval: number that divides the ids of the images to read.
    """

    def __init__(self, path: str, folder: str, form: CocoFormat, *, interval: int = 1) -> None:
        self.path = path
        self.folder = folder
        self.form = form
        self.interval = interval

    def read_file(self, problems: Problems, *, packed: bool = False) -> AnnotationFile:
        """Read the file; images that cannot be used are left out and named.

        Args:
            problems: what is wrong with entries of the file is added to these.
            packed: read the keypoints' lists as arrays, for a fraction of the memory.
        """
        data = read_json(self.path, "annotation file", hook=packer(self.form.keypoints) if packed else None)
        infos = dicts_under(data, "images", self.path)
        annotations = dicts_under(data, "annotations", self.path)
        categories = data.get("categories")
        images = Images.read(infos, self.folder, problems, interval=self.interval)
        return AnnotationFile(images, annotations, categories if isinstance(categories, list) else None)

    def expand(self, annotations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return one annotation for each instance; lists of numbers may be arrays."""
        return annotations

    def read(
        self, count_keypoints: Callable[[AnnotationFile], int], problems: Problems, *, packed: bool = False
    ) -> Instances | InstanceRows:
        """Read all instances; those that cannot be used are left out and named.

        Args:
            count_keypoints: function that says how many keypoints an annotation of the file must have.
            problems: what is wrong with entries of the file is added to these.
            packed: as for ``read_file``.
        """
        file = self.read_file(problems, packed=packed)
        count = count_keypoints(file)
        return read_instances(self.expand(file.annotations), file.images, self.form, count, problems)

    def rows_of(
        self, file: AnnotationFile, parse: ParseAnnotation, problems: Problems
    ) -> tuple[list[JsonDict], list[JsonDict]]:
        """Parse a file's annotations one by one; those that ``parse`` refuses are left out and named.

        Args:
            file: what ``read_file`` returned.
            parse: function that turns an annotation and its image, both as in the file, into an instance or None;
                the image also has ``img_id`` and ``img_path``.
            problems: what is wrong with entries of the file is added to these.

        Returns:
            The instances, and the images with these two keys.
        """
        images = [
            {**info, "img_id": info["id"], "img_path": path}
            for info, path in zip(file.images.infos, file.images.paths, strict=True)
        ]
        annotations, image = match_images(self.expand(file.annotations), file.images, problems)
        rows = []
        for annotation, index in zip(annotations, image.tolist(), strict=True):
            try:
                row = parse(annotation, images[index])
            except (LookupError, ArithmeticError, TypeError, ValueError) as error:
                problems.add(f"annotation {annotation['id']}", f"{type(error).__name__}: {error}")
                continue
            if row:
                rows.append(row)
        return rows, images

    def parse(self, annotation: dict[str, Any], image: dict[str, Any], num_keypoints: int) -> dict[str, Any] | None:
        """Return the instance of one annotation in plain values, None if it has no keypoints.

        Raises:
            ValueError: if the annotation is malformed.
        """
        problems = Problems(self.path)
        images = Images.read([image], self.folder, problems)
        instances = read_instances([annotation], images, self.form, num_keypoints, problems)
        problems.report(strict=True)
        return instances.row(0) if len(instances) else None


def read_instances(
    annotations: Sequence[dict[str, Any]],
    images: Images,
    form: CocoFormat,
    num_keypoints: int,
    problems: Problems,
) -> Instances:
    """Turn annotations into instances, sorted by image; unusable ones are left out and named."""
    # An object without keypoints is no problem: it is no instance.
    annotated = [ann for ann in annotations if all(key in ann for key in form.keypoints)]
    if form.valid:
        annotated = [ann for ann in annotated if ann.get(form.valid)]
    raw, image = match_images(annotated, images, problems)
    instances = Instances(images, image, {}, {"id": _whole_column(raw, "id", 0)}, {}, raw)
    points, good = _keypoints(instances, form, num_keypoints, problems)
    boxes, boxed = _boxes(instances, form, problems)
    good &= boxed
    instances.arrays = _arrays(points, boxes, form, images.size_wh[image])
    instances.arrays["area"] = _areas(raw, instances.arrays["bbox"])
    instances.arrays["category_id"] = _whole_column(raw, "category_id", 1)
    labelled = (instances.arrays["keypoints"].max(axis=2) != 0).sum(axis=1)
    instances.numbers["num_keypoints"] = _whole_column(raw, "num_keypoints", labelled) if form.count else labelled
    instances.numbers["iscrowd"] = np.array([ann.get("iscrowd") in (1, True) for ann in raw], np.int64)
    _add_extra(instances, form)
    return instances if good.all() else instances.select(good)


def is_ignored(annotation: Mapping[str, Any], ignore_where: Mapping[str, Any]) -> bool:
    """Whether an annotation marks a region where detections are neither right nor wrong.

    Args:
        annotation: annotation in COCO's format.
        ignore_where: fields -> values that mark such regions, besides ``iscrowd`` and ``ignore``.
    """
    return any(annotation.get(key) in (1, True) for key in ("iscrowd", "ignore")) or any(
        key in annotation and annotation[key] == value for key, value in ignore_where.items()
    )


def _keypoints(
    instances: Instances, form: CocoFormat, num_keypoints: int, problems: Problems
) -> tuple[np.ndarray, np.ndarray]:
    """Return the points (N, K, 3) float32 of all keypoint keys, and which are well-formed."""
    lists, width = keypoint_lists(instances.raw, form), 3 * num_keypoints
    values, good = number_rows(lists, width, np.float32)
    name = "+".join(form.keypoints)
    for index in np.flatnonzero(~good).tolist():
        problem = number_row_problem(lists[index], width)
        problems.add(
            instances.where(index),
            f"{name}: {problem} ({num_keypoints} keypoints of x, y, visibility); correct or remove it",
            "keypoints",
        )
    return values.reshape(-1, num_keypoints, 3), good


def keypoint_lists(annotations: Sequence[dict[str, Any]], form: CocoFormat) -> list[Any]:
    """Return each annotation's x, y, visibility of all keypoints, one after the other; unchecked."""
    if len(form.keypoints) == 1:
        return [_flat(ann[form.keypoints[0]]) for ann in annotations]
    return [_joined([ann[key] for key in form.keypoints]) for ann in annotations]


def _flat(points: Any) -> Any:
    """Join points that are lists of their own."""
    nested = isinstance(points, list) and points and isinstance(points[0], list)
    return _joined(points) if nested else points


def _joined(parts: list[Any]) -> Any:
    wrong = [part for part in parts if not isinstance(part, (list, array))]
    if not wrong and all(isinstance(part, array) for part in parts):
        return sum(parts[1:], parts[0])
    return wrong[0] if wrong else [value for part in parts for value in part]


def _boxes(instances: Instances, form: CocoFormat, problems: Problems) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes as the format has them, (N, 4) xywh or (N, 3) centre and scale, and which are well-formed."""
    raw = instances.raw
    if not isinstance(form.box, str):
        x1, y1, x2, y2 = form.box
        return np.tile(np.array([x1, y1, x2 - x1, y2 - y1]), (len(raw), 1)), np.ones(len(raw), bool)
    if form.box == "center_scale":
        lists = [_joined([ann.get("center"), [ann.get("scale")]]) for ann in raw]
        width, name, advice = 3, "center, scale", "give both"
    else:
        lists = [ann.get(form.box) for ann in raw]
        width, name, advice = 4, form.box, "give [x, y, width, height] in pixels"
    values, good = number_rows(lists, width)
    for index in np.flatnonzero(~good).tolist():
        problems.add(instances.where(index), f"{name}: {number_row_problem(lists[index], width)}; {advice}", "box")
    return values, good


def _arrays(points: np.ndarray, boxes: np.ndarray, form: CocoFormat, size_wh: np.ndarray) -> dict[str, np.ndarray]:
    visible = points[..., 2] > 0 if form.binary else points[..., 2]
    if not form.marks:
        visible = np.minimum(1, visible)
    arrays = dict(
        keypoints=points[..., :2] - np.float32(form.origin),
        keypoints_visible=visible.astype(np.float32),
        bbox_score=np.ones(len(points), np.float32),
    )
    if form.box == "center_scale":
        center, scale = boxes[:, :2], np.repeat(boxes[:, 2:], 2, axis=1) * REFERENCE_HEIGHT
        arrays.update(bbox_center=center.astype(np.float32), bbox_scale=scale.astype(np.float32))
        corners = np.concatenate([center - scale / 2, center + scale / 2], axis=1)
    else:
        low = boxes[:, :2] - form.origin
        corners = np.concatenate([low, low + boxes[:, 2:]], axis=1)
        if form.clip and isinstance(form.box, str):
            corners = np.clip(corners, 0, np.tile(size_wh - 1, 2))
    arrays["bbox"] = corners.astype(np.float32)
    return arrays


def _areas(raw: list[dict[str, Any]], boxes: np.ndarray) -> np.ndarray:
    """Return the annotated areas (N,), or a share of the box where there is none."""
    size = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64)
    guessed = np.clip(size[:, 0] * size[:, 1] * BODY_SHARE, 1.0, INFINITE)
    annotated = annotated_areas(raw)
    return np.where(np.isnan(annotated), guessed, annotated).astype(np.float32)


def annotated_areas(raw: Sequence[dict[str, Any]]) -> np.ndarray:
    """Return the areas of annotations (N,), NaN where there is none or it is no number."""
    values, good = number_rows([[ann.get("area")] for ann in raw], 1)
    return np.where(good, values[:, 0], np.nan)


def _whole_column(raw: Sequence[dict[str, Any]], key: str, default: int | np.ndarray) -> np.ndarray:
    """Return the whole numbers that annotations have under a key (N,), the default where it is none."""
    values, good = whole_numbers([ann.get(key) for ann in raw])
    return np.where(good, values, default)


def _add_extra(instances: Instances, form: CocoFormat) -> None:
    """Hand on the format's further keys: as numbers where all instances have them so, else as the file has them."""
    instances.objects["segmentation"] = [ann.get("segmentation") for ann in instances.raw]
    for key in form.extra:
        values = [ann.get(key) for ann in instances.raw]
        first = values[0] if values else None
        several = isinstance(first, list)
        lists = values if several else [[value] for value in values]
        rows, good = number_rows(lists, len(first) if isinstance(first, list) else 1)
        if not (rows.size and good.all()):
            instances.objects[key] = values
        elif several:
            instances.arrays[key] = rows.astype(np.float32)
        else:
            instances.numbers[key] = rows[:, 0]
    crowd = [info.get("crowdIndex") for info in instances.images.infos]
    if any(map(is_number, crowd)):
        column = np.array([value if is_number(value) else np.nan for value in crowd], np.float64)
        instances.numbers["crowd_index"] = column[instances.image]


def read_detections(path: str, images: Images, num_keypoints: int) -> Records:
    """Read a JSON list of detections (image_id, category_id, bbox xywh, score) of category 1, as samples to predict.

    Raises:
        ValueError: naming every malformed detection.
    """
    problems = Problems(path)
    detections = read_json(path, "detection file")
    if not isinstance(detections, list) or not all(isinstance(item, dict) for item in detections):
        raise ValueError(f"detection file '{path}': must be a list of dicts, found {type(detections).__name__}")
    detections = [item for item in detections if item.get("category_id") == 1]
    index_of = {image_id: index for index, image_id in enumerate(images.ids.tolist())}
    rows, image = [], []
    for number, item in enumerate(detections):
        box, image_id = item.get("bbox"), item.get("image_id")
        row = [*(box[:4] if isinstance(box, list) else [box]), item.get("score")]
        problem = number_row_problem(row, 5)
        if problem:
            problems.add(f"detection {number}", f"bbox, score: {problem}; give bbox [x, y, width, height] and score")
        elif not is_id(image_id) or image_id not in index_of:
            if image_id not in images.unused:
                problems.add(f"detection {number}", f"image_id {str(image_id)[:40]} is the id of no annotated image")
        else:
            rows.append(row)
            image.append(index_of[image_id])
    problems.report(strict=True)
    values = np.array(rows, np.float64).reshape(-1, 5)
    corners = np.concatenate([values[:, :2], values[:, :2] + values[:, 2:4]], axis=1)
    index, count = np.array(image, np.int64), len(rows)
    columns = dict(
        img_id=images.ids[index],
        img_path=Strings(images.paths, index),
        bbox=corners.astype(np.float32)[:, None],
        bbox_score=values[:, 4:].astype(np.float32),
        keypoints=np.broadcast_to(np.float32(0), (count, 1, num_keypoints, 2)),
        keypoints_visible=np.broadcast_to(np.float32(1), (count, 1, num_keypoints)),
        id=np.arange(count),
    )
    return Records(columns, np.arange(count))
