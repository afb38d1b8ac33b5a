"""Boxes of objects in the COCO format, for detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posekit.datasets.annotation_file import Problems, dicts_under, number_row_problem, number_rows
from posekit.datasets.base import BaseDataset
from posekit.datasets.readers.coco import is_ignored
from posekit.datasets.readers.images import Images, match_images
from posekit.datasets.records import Offsets, Ragged, Records, Strings
from posekit.files import read_json
from posekit.geometry.affine import EDGE
from posekit.registry import DATASETS

Annotations = list[dict[str, Any]]


@DATASETS.register_module()
class CocoDetDataset(BaseDataset):
    """Boxes in a COCO annotation file; a sample is an image with all its boxes.

    Boxes with ``iscrowd`` or ``ignore``, and those that ``ignore_where`` describes, are regions where a detector
    learns nothing: what it finds there is neither right nor wrong.

    Args:
        ann_file: annotation file; see ``BaseDataset`` for this and all arguments not named here.
        metainfo: ``dict(classes=(...))``, names of the categories to find, in the order of their labels; by default
            all categories of the file, by id.
        filter_cfg: in training, ``filter_empty_gt`` leaves out images without boxes and ``min_size`` images with a
            shorter side in pixels.
        ignore_where: fields of annotations -> values that mark a region to ignore, as ``dict(box_source="detector")``.
    """

    PROVIDES = ("bbox", "labels", "ignored")

    def __init__(
        self,
        ann_file: str = "",
        metainfo: Mapping[str, Any] | None = None,
        data_root: str | None = "",
        data_prefix: Mapping[str, str] | None = None,
        filter_cfg: Mapping[str, Any] | None = None,
        ignore_where: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.ignore_where = dict(ignore_where or {})
        super().__init__(
            ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=data_prefix,
            filter_cfg=filter_cfg,
            **options,
        )

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the names of the classes, as far as the config tells them."""
        names = (metainfo or {}).get("classes", (metainfo or {}).get("CLASSES"))
        if names is None:
            return {}
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{cls.__name__}.metainfo.classes: must be a list of names, found {names!r:.60}")
        return {"classes": tuple(names)}

    def load_data_list(self) -> Records:
        """Return one record for each image, with its boxes."""
        problems = Problems(self.ann_file)
        data = read_json(self.ann_file, "annotation file")
        images = Images.read(dicts_under(data, "images", self.ann_file), self.data_prefix["img"], problems)
        labels = self.label_of_category(dicts_under(data, "categories", self.ann_file))
        wanted = [ann for ann in dicts_under(data, "annotations", self.ann_file) if ann.get("category_id") in labels]
        annotations, image = match_images(wanted, images, problems)
        boxes, usable = read_boxes(annotations, images.size_wh[image], problems)
        problems.report(strict=self.test_mode)
        annotations = [ann for ann, good in zip(annotations, usable, strict=True) if good]
        boxes, image = boxes[usable], image[usable]
        return box_records(images, image, boxes, self.columns_of(annotations, labels))

    def label_of_category(self, categories: Annotations) -> dict[int, int]:
        """Return the label of each category id, and note the names and ids of the classes.

        Raises:
            ValueError: if the file lacks a class that the config names.
        """
        by_id = sorted((item for item in categories if "id" in item and "name" in item), key=lambda item: item["id"])
        ids = {str(item["name"]): item["id"] for item in by_id}
        names = self._metainfo.get("classes", tuple(ids))
        if missing := [name for name in names if name not in ids]:
            raise ValueError(
                f"{self.ann_file}: no category named {missing[0]!r}; it has {', '.join(map(repr, ids)) or 'none'}. "
                f"{type(self).__name__}.metainfo.classes names the categories to find"
            )
        self._metainfo.update(
            classes=tuple(names), category_ids=[ids[name] for name in names], ignore_where=self.ignore_where
        )
        return {ids[name]: label for label, name in enumerate(names)}

    def columns_of(self, annotations: Annotations, labels: Mapping[int, int]) -> dict[str, np.ndarray]:
        """Return the labels (N,) of boxes and whether they mark regions to ignore (N,)."""
        return {
            "labels": np.array([labels[ann["category_id"]] for ann in annotations], np.int64),
            "ignored": np.array([is_ignored(ann, self.ignore_where) for ann in annotations], bool),
        }

    def filter_data(self) -> Sequence[dict[str, Any]]:
        """Leave out images that ``filter_cfg`` refuses; none in evaluation."""
        self.name_unused_filters("filter_empty_gt", "min_size")
        options = self.filter_cfg or {}
        if self.test_mode or not options:
            return self.data_list
        least, need_boxes = options.get("min_size", 0), options.get("filter_empty_gt", False)
        kept = [
            index
            for index, row in enumerate(self.data_list)
            if min(row["size_wh"]) >= least and (len(row["bbox"]) or not need_boxes)
        ]
        if not kept:
            raise ValueError(f"{self.ann_file}: no image passes filter_cfg {options}; loosen it")
        assert isinstance(self.data_list, Records)
        return self.data_list.take(np.array(kept, np.int64))


def read_boxes(annotations: Annotations, size_wh: np.ndarray, problems: Problems) -> tuple[np.ndarray, np.ndarray]:
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
