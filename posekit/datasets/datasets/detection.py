"""Boxes of objects in the COCO format, for detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from posekit.datasets.base import BaseDataset
from posekit.datasets.readers.annotation_file import Problems, dicts_under, number_row_problem, number_rows
from posekit.datasets.readers.coco import is_ignored
from posekit.datasets.readers.images import Images, match_images
from posekit.datasets.records import Offsets, Ragged, Records, Strings
from posekit.files import read_json
from posekit.geometry.affine import EDGE
from posekit.registry import DATASETS


@DATASETS.register_module()
class CocoDetDataset(BaseDataset):
    """Boxes in a COCO annotation file; a sample is an image with all its boxes.

    Boxes with ``iscrowd`` or ``ignore``, and those that ``ignore_where`` describes, are regions where a detector
    learns nothing: what it finds there is neither right nor wrong.

    Args:
        ann_file: annotation file.
        metainfo: ``dict(classes=(...))``, names of the categories to find, in the order of their labels; by default
            all categories of the file, by id.
        ignore_where: fields of annotations -> values that mark a region to ignore, as ``dict(box_source="detector")``.
        options: arguments of ``BaseDataset``. In training, ``filter_cfg=dict(filter_empty_gt=True)`` leaves out images
            without boxes, and ``min_size`` images with a shorter side in pixels.
    """

    PROVIDES = ("bbox", "labels", "ignored")
    reader: BoxReader

    def __init__(
        self,
        ann_file: str = "",
        metainfo: Mapping[str, Any] | None = None,
        *,
        ignore_where: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.ignore_where = dict(ignore_where or {})
        super().__init__(ann_file, metainfo, **options)

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the names of the classes, as far as the config tells them."""
        names = (metainfo or {}).get("classes", (metainfo or {}).get("CLASSES"))
        if names is None:
            return {}
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{cls.__name__}.metainfo.classes: must be a list of names, found {names!r:.60}")
        return {"classes": tuple(names)}

    def make_reader(self) -> BoxReader:
        folder, classes = self.data_prefix.get("img", ""), self._metainfo.get("classes")
        return BoxReader(self.ann_file, folder, classes=classes, ignore_where=self.ignore_where)

    def load_data_list(self) -> Records:
        """Return one record for each image, with its boxes."""
        problems = Problems(self.ann_file)
        boxes = self.reader.read(problems)
        problems.report(strict=self.test_mode)
        self._metainfo.update(classes=boxes.classes, category_ids=boxes.category_ids, ignore_where=self.ignore_where)
        return boxes.records

    def filter_data(self) -> Sequence[dict[str, Any]]:
        """Leave out images that ``filter_cfg`` refuses; none in evaluation."""
        self.name_unused_filters("filter_empty_gt", "min_size")
        options = self.filter_cfg or {}
        if self.test_mode or not options:
            return self.data_list
        least, need_boxes = options.get("min_size", 0), options.get("filter_empty_gt", False)
        indices = [
            index
            for index, row in enumerate(self.data_list)
            if min(row["size_wh"]) >= least and (len(row["bbox"]) or not need_boxes)
        ]
        if not indices:
            raise ValueError(f"{self.ann_file}: no image passes filter_cfg {options}; loosen it")
        assert isinstance(self.data_list, Records)
        return self.data_list.take(np.array(indices, np.int64))


class LabelledBoxes(NamedTuple):
    """A file's images with their boxes.

    Attributes:
        records: one record for each image.
        classes: names of the categories, in the order of their labels.
        category_ids: their ids in the file.
    """

    records: Records
    classes: tuple[str, ...]
    category_ids: list[Any]


class BoxReader:
    """Reads a COCO file of boxes.

    Args:
        path: the annotation file.
        folder: folder that the file names of the images are relative to.
        classes: names of the categories to find, in the order of their labels; None for all of the file, by id.
        ignore_where: fields of annotations -> values that mark a region to ignore.
    """

    def __init__(
        self, path: str, folder: str, *, classes: Sequence[str] | None, ignore_where: Mapping[str, Any]
    ) -> None:
        self.path = path
        self.folder = folder
        self.classes = classes
        self.ignore_where = ignore_where

    def read(self, problems: Problems) -> LabelledBoxes:
        """Read the file; boxes that cannot be used are left out and named in ``problems``."""
        data = read_json(self.path, "annotation file")
        images = Images.read(dicts_under(data, "images", self.path), self.folder, problems)
        ids = self._category_ids(dicts_under(data, "categories", self.path))
        labels = {category: label for label, category in enumerate(ids.values())}
        annotations = [ann for ann in dicts_under(data, "annotations", self.path) if ann.get("category_id") in labels]
        annotations, image = match_images(annotations, images, problems)
        boxes, usable = read_boxes(annotations, images.size_wh[image], problems)
        annotations = [ann for ann, good in zip(annotations, usable, strict=True) if good]
        columns = {
            "labels": np.array([labels[ann["category_id"]] for ann in annotations], np.int64),
            "ignored": np.array([is_ignored(ann, self.ignore_where) for ann in annotations], bool),
        }
        records = box_records(images, image[usable], boxes[usable], columns)
        return LabelledBoxes(records, tuple(ids), list(ids.values()))

    def _category_ids(self, categories: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the id of each category to find, by its name.

        Raises:
            ValueError: if the file lacks one.
        """
        by_id = sorted((item for item in categories if "id" in item and "name" in item), key=lambda item: item["id"])
        ids = {str(item["name"]): item["id"] for item in by_id}
        names = tuple(ids) if self.classes is None else self.classes
        if missing := [name for name in names if name not in ids]:
            raise ValueError(
                f"{self.path}: no category named {missing[0]!r}; it has {', '.join(map(repr, ids)) or 'none'}. "
                "CocoDetDataset.metainfo.classes names the categories to find"
            )
        return {name: ids[name] for name in names}


def read_boxes(
    annotations: list[dict[str, Any]], size_wh: np.ndarray, problems: Problems
) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (N, 4) xyxy, cut at the images' borders (N, 2), and which have at least a pixel there (N,).

    The file's boxes count from the image's corner; here, as everywhere in a pipeline, pixel centres sit at integers.
    """
    lists = [ann.get("bbox") for ann in annotations]
    values, good = number_rows(lists, 4)
    for index in np.flatnonzero(~good).tolist():
        problem = number_row_problem(lists[index], 4)
        where = f"annotation {annotations[index]['id']}"
        problems.add(where, f"bbox: {problem}; give [x, y, width, height] in pixels", "box")
    limits = np.tile(size_wh, 2)
    boxes = np.clip(np.concatenate([values[:, :2], values[:, :2] + values[:, 2:]], axis=1), 0, limits)
    good &= ((boxes[:, 2:] - boxes[:, :2]) >= 1).all(axis=1)
    return (boxes - EDGE).astype(np.float32), good


def box_records(images: Images, image: np.ndarray, boxes: np.ndarray, columns: dict[str, np.ndarray]) -> Records:
    """Return a record of each image; boxes (N, 4) and further columns (N,) are sorted by their images (N,)."""
    count = len(images.ids)
    offsets = Offsets(np.searchsorted(image, np.arange(count + 1)))
    return Records(
        {
            "img_id": images.ids,
            "img_path": Strings(images.paths, np.arange(count)),
            "id": images.ids,
            "size_wh": images.size_wh,
            "bbox": Ragged(boxes, offsets),
            **{name: Ragged(column, offsets) for name, column in columns.items()},
        },
        np.arange(count),
    )
