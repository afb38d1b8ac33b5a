"""Boxes of objects in the COCO format, for detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posekit.datasets.base import BaseDataset
from posekit.datasets.readers.annotation_file import Problems
from posekit.datasets.readers.boxes import BoxReader
from posekit.datasets.records import Records
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
