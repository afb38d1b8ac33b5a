"""A data set of one's own: a CSV file with a line per animal, ``image,x1,y1,v1,x2,y2,v2,...``.

Use it with ``posekit train CONFIG --plugin examples.custom_dataset`` and in the config

    dataset=dict(type="CsvDataset", data_root="data/fish", ann_file="train.csv", data_prefix=dict(img="images"))

A COCO file needs no class: ``type="CocoDataset"`` and the keypoint set as ``metainfo`` do.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.registry import DATASETS


@DATASETS.register_module()
class CsvDataset(BaseCocoStyleDataset):
    """Keypoints of a CSV file; an animal's box encloses them with a tenth of its size around."""

    METAINFO = dict(from_file=str(Path(__file__).with_name("custom_keypoint_set.py")))

    def _load_annotations(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        with Path(self.ann_file).open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        images = {row[0]: dict(img_id=index, img_path=str(self._path(row[0]))) for index, row in enumerate(rows)}
        instances = [self._instance(number, images[row[0]], row[1:]) for number, row in enumerate(rows)]
        return instances, list(images.values())

    def _path(self, name: str) -> Path:
        return Path(self.data_prefix["img"], name)

    def _instance(self, number: int, image: dict[str, Any], values: list[str]) -> dict[str, Any]:
        points = np.array(values, np.float32).reshape(1, -1, 3)
        labelled = points[0, points[0, :, 2] > 0, :2]
        margin = 0.1 * (labelled.max(axis=0) - labelled.min(axis=0))
        return dict(
            **image,
            id=number,
            bbox=np.concatenate([labelled.min(axis=0) - margin, labelled.max(axis=0) + margin])[None],
            bbox_score=np.ones(1, np.float32),
            keypoints=points[..., :2],
            keypoints_visible=np.minimum(1, points[..., 2]),
        )
