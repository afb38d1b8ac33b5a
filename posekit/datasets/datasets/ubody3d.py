"""UBody in 3D, and the reader of its annotations."""

from __future__ import annotations

import os
from collections import Counter
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from posekit.datasets.base_mocap import BaseMocapDataset
from posekit.datasets.readers.annotation_file import Problems, dicts_under, number_row_problem
from posekit.datasets.readers.images import Images, match_images
from posekit.datasets.readers.mocap import Frames, MocapReader
from posekit.files import read_json
from posekit.registry import DATASETS

NUM_KEYPOINTS = (133, 137)
"""Keypoints of files: older ones lack the last four of the set."""

FIELDS = {"keypoints": 2, "keypoints_3d": 3, "keypoints_valid": 1}


@DATASETS.register_module()
class UBody3dDataset(BaseMocapDataset):
    """UBody: 137 keypoints of people in videos, in pixels and in 3D (Lin et al., CVPR 2023)."""

    METAINFO = dict(from_file="configs/_base_/datasets/ubody3d.py")

    def make_reader(self) -> UBody3dReader:
        return UBody3dReader(self.ann_file, os.path.join(self.data_root, "images"), strict=self.test_mode)  # noqa: PTH118 - as in BaseDataset

    def _windows(self, frames: np.ndarray) -> np.ndarray:
        windows = super()._windows(frames)
        return windows if self.multiple_target or self.pad_video_seq else windows[:: self.seq_step]


class UBody3dReader(MocapReader):
    """Reads UBody's COCO-like file.

    Args:
        path: the file.
        folder: folder of the images.
        strict: refuse a file with unusable annotations instead of leaving these out.
    """

    def __init__(self, path: str, folder: str, *, strict: bool) -> None:
        super().__init__(path, folder)
        self.strict = strict

    def read(self, num_keypoints: int) -> Frames:
        problems = Problems(self.path)
        data = read_json(self.path, "annotation file")
        images = Images.read(dicts_under(data, "images", self.path), "", problems)
        anns, image = match_images(dicts_under(data, "annotations", self.path), images, problems)
        lengths = Counter(len(ann["keypoints"]) for ann in anns if isinstance(ann.get("keypoints"), list))
        count = max(NUM_KEYPOINTS, key=lengths.__getitem__)
        good = [_complete(ann, problems, count) for ann in anns]
        problems.report(strict=self.strict)
        complete = [(ann, images.paths[index]) for ann, index, fine in zip(anns, image, good, strict=True) if fine]
        if not complete:
            raise ValueError(f"{self.path}: no usable annotation; it needs {', '.join(FIELDS)} and camera_param")
        anns, names = [ann for ann, _ in complete], [name for _, name in complete]
        paths = [self.image_path(name) for name in names]
        visible = np.array([ann["keypoints_valid"] for ann in anns], np.float32)
        return Frames(
            paths=paths,
            video=[(PurePosixPath(name).parent.name, str(ann.get("person_id", ""))) for ann, name in complete],
            keypoints=np.array([ann["keypoints"] for ann in anns], np.float32),
            visible=visible,
            keypoints_3d=np.array([ann["keypoints_3d"] for ann in anns], np.float32),
            visible_3d=visible,
            extra=dict(
                scale=np.array([ann.get("scale", (0, 0)) for ann in anns], np.float32),
                center=np.array([ann.get("center", (0, 0)) for ann in anns], np.float32),
                bbox=np.array([ann["bbox"] for ann in anns], np.float32),
                bbox_scales=np.ones((len(anns), 2), np.float32),
                bbox_scores=np.ones(len(anns), np.float32),
                factor=np.zeros(len(anns), np.float32),
            ),
            target=dict(
                camera_param=[[_camera(ann["camera_param"])] for ann in anns],
                img_path=paths,
            ),
        )


def _complete(ann: dict[str, Any], problems: Problems, count: int) -> bool:
    """Whether an annotation has all it needs; what it lacks is added to ``problems``."""
    camera = ann.get("camera_param")
    camera = camera if isinstance(camera, dict) else {}
    texts = {key: _table_problem(ann.get(key), size, count) for key, size in FIELDS.items()}
    texts["bbox"] = number_row_problem(ann.get("bbox"), 4)
    texts |= {f"camera_param.{key}": number_row_problem(camera.get(key), 2) for key in ("focal", "princpt")}
    texts |= {key: number_row_problem(ann.get(key, (0, 0)), 2) for key in ("center", "scale")}
    wrong = [f"{key}: {problem}" for key, problem in texts.items() if problem]
    if wrong:
        problems.add(f"annotation {ann['id']}", f"{wrong[0]}; correct or remove it")
    return not wrong


def _table_problem(rows: Any, size: int, count: int) -> str | None:
    """Say what keeps ``rows`` from holding ``size`` numbers, or one number, for each of ``count`` keypoints."""
    if size > 1:
        if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == size for row in rows):
            return f"must be a list of {count} lists of {size} numbers"
        rows = list(chain.from_iterable(rows))
    return number_row_problem(rows, count * size)


def _camera(camera: dict[str, Any]) -> dict[str, Any]:
    return dict(f=camera["focal"], c=camera["princpt"])
