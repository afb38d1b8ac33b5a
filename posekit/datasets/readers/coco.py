"""From a COCO keypoint file to columns of instances."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np

from posekit.datasets.annotation_file import (
    INFINITE,
    Problems,
    is_id,
    is_number,
    number_row_problem,
    number_rows,
    whole_numbers,
)
from posekit.datasets.records import Offsets, Packed, PackedGroups, Ragged, Records, Strings, present
from posekit.files import read_json

REFERENCE_HEIGHT = 200.0
"""Pixels per unit of ``scale`` in annotations with a centre and a scale (MPII's convention)."""

BODY_SHARE = 0.53
"""Area of a person relative to the box, where no area is annotated (COCO's mean)."""


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
        extra: further keys that are handed on.
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


@dataclass
class Images:
    """The images of a file, in its order; ``unused`` are the ids of those left out."""

    ids: np.ndarray
    paths: list[str]
    size_wh: np.ndarray
    infos: list[dict[str, Any]] = field(repr=False)
    unused: frozenset[int] = frozenset()

    @classmethod
    def read(cls, infos: Sequence[dict[str, Any]], prefix: str, problems: Problems, *, interval: int = 1) -> Images:
        """Check images and join their names to the folder ``prefix``; unusable ones are left out and named."""
        kept: dict[int, dict[str, Any]] = {}
        unused: set[int] = set()
        for index, info in enumerate(infos):
            problem = _image_problem(info)
            if problem:
                problems.add(f"images[{index}]", problem, "image")
                unused.update([info["id"]] if is_id(info.get("id")) else [])
            elif kept.get(info["id"], info) != info:
                problems.add(
                    f"images[{index}]", f"id {info['id']} is another image's; give each image its own", "image"
                )
            elif info["id"] % interval == 0:
                kept[info["id"]] = info
            else:
                unused.add(info["id"])
        return cls(
            ids=np.array(list(kept), np.int64),
            paths=[os.path.join(prefix, info["file_name"]) for info in kept.values()],  # noqa: PTH118 - may be a URL
            size_wh=np.array([(info["width"], info["height"]) for info in kept.values()], np.float64).reshape(-1, 2),
            infos=list(kept.values()),
            unused=frozenset(unused - set(kept)),
        )

    def index_of(self, ids: np.ndarray) -> np.ndarray:
        """Return the indices of the images with these ids (N,), -1 where there is none."""
        order = np.argsort(self.ids)
        place = np.searchsorted(self.ids, ids, sorter=order)
        index = np.append(order, -1)[place]
        return np.where(np.append(self.ids, 0)[index] == ids, index, -1)

    def ordered(self, ids: Iterable[int]) -> Images:
        """Bring the images with these ids to the front, in this order."""
        index_of = {image_id: index for index, image_id in enumerate(self.ids.tolist())}
        front = [index_of[image_id] for image_id in dict.fromkeys(ids) if image_id in index_of]
        order = list(dict.fromkeys([*front, *range(len(self.ids))]))
        paths, infos = [self.paths[i] for i in order], [self.infos[i] for i in order]
        return Images(self.ids[order], paths, self.size_wh[order], infos, self.unused)


def _image_problem(info: Mapping[str, Any]) -> str | None:
    missing = [key for key in ("id", "file_name", "width", "height") if key not in info]
    if missing:
        return f"no {' and no '.join(missing)}; an image needs id, file_name, width and height"
    if not is_id(info["id"]):
        return f"id must be a whole number, found {str(info['id'])[:40]!r}"
    if not isinstance(info["file_name"], str) or not info["file_name"]:
        return f"file_name must be a text, found {str(info['file_name'])[:40]!r}"
    wrong = [key for key in ("width", "height") if not is_number(info[key]) or not 0 < info[key] < 1e9]
    return f"{wrong[0]} must be a number of pixels above 0, found {str(info[wrong[0]])[:40]}" if wrong else None


@dataclass
class Instances:
    """Annotated instances, sorted by image.

    Attributes:
        image: index of each instance's image.
        arrays: columns (N, ...) that rows show with a leading axis of instances.
        numbers: columns (N,) that rows show as a python number (top-down) or a list of them (bottom-up).
        objects: JSON values of the instances, such as segmentations; None where an annotation has none.
        raw: the annotations as the file has them, but for keypoints that ``packer`` packed.
    """

    images: Images
    image: np.ndarray
    arrays: dict[str, np.ndarray]
    numbers: dict[str, np.ndarray]
    objects: dict[str, list[Any]]
    raw: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.image)

    def select(self, keep: np.ndarray) -> Instances:
        """Keep the instances of a mask."""
        return Instances(
            images=self.images,
            image=self.image[keep],
            arrays={key: column[keep] for key, column in self.arrays.items()},
            numbers={key: column[keep] for key, column in self.numbers.items()},
            objects={key: list(compress(values, keep)) for key, values in self.objects.items()},
            raw=list(compress(self.raw, keep)),
        )

    def usable(self, problems: Problems | None = None) -> np.ndarray:
        """Mask the instances to train on one by one: labelled keypoints, a box with an area, no crowd."""
        low, high = self.arrays["bbox"][:, :2], self.arrays["bbox"][:, 2:]
        labelled = (self.numbers["num_keypoints"] != 0) & (self.arrays["keypoints"].max(axis=(1, 2)) > 0)
        labelled &= self.numbers["iscrowd"] == 0
        has_area = (high > low).all(axis=1)
        for index in np.flatnonzero(labelled & ~has_area).tolist() if problems else ():
            box = self.arrays["bbox"][index].tolist()
            text = f"the box has no area inside the image (xyxy {box}); correct or remove it"
            problems.add(self.where(index), text)  # pyright: ignore[reportOptionalMemberAccess]
        return labelled & has_area

    def where(self, index: int) -> str:
        return f"annotation {self.numbers['id'][index]} on image {self.images.ids[self.image[index]]}"

    def row(self, index: int) -> dict[str, Any]:
        """Return one instance as a top-down record with its annotation, in plain values."""
        image = self.image[index]
        return {
            "img_id": int(self.images.ids[image]),
            "img_path": self.images.paths[image],
            **{key: column[index : index + 1] for key, column in self.arrays.items()},
            **{key: column[index].item() for key, column in self.numbers.items()},
            **present({key: values[index] for key, values in self.objects.items()}),
            "raw_ann_info": self.raw[index],
        }

    def topdown(self, *, keep_raw: bool) -> Records:
        """Make one record of each instance."""
        columns: dict[str, Any] = self._image_columns(self.image)
        columns.update({key: column[:, None] for key, column in self.arrays.items()})
        columns.update(self.numbers)
        columns.update({key: Packed(values) for key, values in self.objects.items()})
        if keep_raw:
            columns["raw_ann_info"] = Packed(self.raw)
        return Records(columns, np.arange(len(self)))

    def bottomup(self, *, keep_raw: bool, keep_empty: bool = False) -> Records:
        """Make one record of each image with instances; then, with ``keep_empty``, one of each without."""
        image, first = np.unique(self.image, return_index=True)
        empty = np.setdiff1d(np.arange(len(self.images.ids)), image)[: None if keep_empty else 0]
        offsets = Offsets(np.concatenate([first, np.full(len(empty) + 1, len(self))]))
        image = np.concatenate([image, empty])
        columns: dict[str, Any] = self._image_columns(image)
        columns.update({key: Ragged(column, offsets) for key, column in self.arrays.items()})
        columns.update({key: Ragged(column, offsets, as_list=True) for key, column in self.numbers.items()})
        columns.update({key: PackedGroups(Packed(values), offsets) for key, values in self.objects.items()})
        columns["invalid_segs"] = PackedGroups(columns["segmentation"].column, offsets, ~self.usable())
        if keep_raw:
            columns["raw_ann_info"] = PackedGroups(Packed(self.raw), offsets)
        return Records(columns, np.arange(len(image)))

    def _image_columns(self, image: np.ndarray) -> dict[str, Any]:
        return {"img_id": self.images.ids[image], "img_path": Strings(self.images.paths, image)}


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
        annotation: in COCO's format.
        ignore_where: fields -> values that mark such regions, besides ``iscrowd`` and ``ignore``.
    """
    return any(annotation.get(key) in (1, True) for key in ("iscrowd", "ignore")) or any(
        key in annotation and annotation[key] == value for key, value in ignore_where.items()
    )


def match_images(
    annotations: Sequence[dict[str, Any]], images: Images, problems: Problems
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Return the annotations that have an image, sorted by image, and the index of that image (N,)."""
    image_ids, good = whole_numbers([ann.get("image_id") for ann in annotations])
    good &= whole_numbers([ann.get("id") for ann in annotations])[1]
    index = images.index_of(image_ids)
    for number in np.flatnonzero(~good | (index < 0)).tolist():
        ann = annotations[number]
        if not good[number]:
            key = "image_id" if is_id(ann.get("id")) else "id"
            problems.add(
                f"annotations[{number}]", f"{key} must be a whole number, found {str(ann.get(key))[:40]}", "id"
            )
        elif ann["image_id"] not in images.unused:
            text = f"image_id {ann['image_id']} is the id of no image in the file; add the image or correct the id"
            problems.add(f"annotation {ann['id']}", text, "image id")
    kept = np.flatnonzero(good & (index >= 0))
    kept = kept[np.argsort(index[kept], kind="stable")]
    return [annotations[number] for number in kept.tolist()], index[kept]


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
    given = annotated_areas(raw)
    return np.where(np.isnan(given), guessed, given).astype(np.float32)


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
    found = read_json(path, "detection file")
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ValueError(f"detection file '{path}': must be a list of dicts, found {type(found).__name__}")
    found = [item for item in found if item.get("category_id") == 1]
    index_of = {image_id: index for index, image_id in enumerate(images.ids.tolist())}
    rows, image = [], []
    for number, item in enumerate(found):
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
