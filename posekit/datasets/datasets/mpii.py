"""MPII and MPII-TRB, whose boxes are a centre and a scale."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import numpy as np

from posekit.datasets.annotation_file import Problems, is_id, number_row_problem
from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.readers.coco import CocoFormat
from posekit.datasets.readers.images import Images
from posekit.files import read_json
from posekit.registry import DATASETS

HEAD_SHARE = 0.6
"""Head size relative to the diagonal of the annotated head box (PCKh)."""


@DATASETS.register_module()
class MpiiDataset(BaseCocoStyleDataset):
    """MPII: 16 keypoints (Andriluka et al., CVPR 2014).

    Its JSON file is a list of dicts with image, center, scale, joints and joints_vis.

    Args:
        headbox_file: the .mat file of head boxes, for PCKh; top-down with ``test_mode`` only.
        kwargs: of ``BaseCocoStyleDataset``.
    """

    METAINFO = dict(from_file="configs/_base_/datasets/mpii.py")
    FORMAT = CocoFormat(box="center_scale", count=False, extra=("head_size",))

    def __init__(
        self, ann_file: str = "", bbox_file: str | None = None, headbox_file: str | None = None, **kwargs: Any
    ) -> None:
        mode, test_mode = kwargs.get("data_mode", "topdown"), kwargs.get("test_mode", False)
        if headbox_file and (mode != "topdown" or not test_mode):
            raise ValueError(
                "MpiiDataset.headbox_file: head boxes are for evaluation, with data_mode='topdown' and "
                f"test_mode=True; found data_mode='{mode}' and test_mode={test_mode}"
            )
        if headbox_file and not str(headbox_file).endswith(".mat"):
            raise ValueError(f"MpiiDataset.headbox_file: '{headbox_file}' must be a .mat file")
        self.headbox_file = headbox_file
        super().__init__(ann_file, bbox_file, **kwargs)

    def read_file(self, problems: Problems) -> tuple[Images, list[dict[str, Any]]]:
        entries = read_json(self.ann_file, "annotation file")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ValueError(f"{self.ann_file}: must be a list of dicts, found {type(entries).__name__}")
        sizes = self._head_sizes(len(entries))
        infos, annotations = [], []
        for number, entry in enumerate(entries):
            name = entry.get("image")
            stem = PurePosixPath(name).name.split(".")[0] if isinstance(name, str) else ""
            if not stem.isdecimal():
                problems.add(f"entry {number}", f"image: must be a file named by a number, found {name!r}")
                continue
            infos.append(dict(id=int(stem), file_name=name, width=1, height=1))  # the file has no sizes; none is needed
            annotations.append(_as_coco(entry, number, int(stem)))
            if sizes is not None:
                annotations[-1]["head_size"] = [float(sizes[number])]
        return Images.read(infos, self.data_prefix["img"], problems, interval=self.sample_interval), annotations

    def _head_sizes(self, count: int) -> np.ndarray | None:
        if not self.headbox_file:
            return None
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError

        try:
            boxes = loadmat(self.headbox_file).get("headboxes_src", np.zeros(0))
        except FileNotFoundError:
            raise
        except (MatReadError, OSError, ValueError, TypeError, NotImplementedError) as error:
            raise ValueError(f"{self.headbox_file}: not readable as a .mat file ({error}); is it whole?") from error
        if boxes.dtype.kind not in "uif" or boxes.shape[:2] != (2, 2):
            raise ValueError(f"{self.headbox_file}: headboxes_src must hold numbers (2, 2, N), as MPII's own file does")
        if boxes.shape != (2, 2, count):
            raise ValueError(f"{self.headbox_file}: {boxes.shape[-1]} head boxes for {count} annotations; wrong split?")
        return HEAD_SHARE * np.linalg.norm(boxes[1] - boxes[0], axis=0)


def _as_coco(entry: dict[str, Any], number: int, image_id: int) -> dict[str, Any]:
    """Write an entry in COCO's keys; what does not fit stays as it is, for the reader to name."""
    joints, visible = entry.get("joints"), entry.get("joints_vis")
    points: Any = joints
    if isinstance(joints, list) and isinstance(visible, list) and len(joints) == len(visible):
        points = [
            value
            for joint, seen in zip(joints, visible, strict=True)
            for value in (*(joint if isinstance(joint, list) else [joint]), seen)
        ]
    center: Any = entry.get("center")
    scale: Any = entry.get("scale")
    if isinstance(center, list) and number_row_problem([*center, scale], 3) is None:
        # The box reaches 15 units of scale lower than annotated, to take in the feet; centres count from 1.
        lower = 15 * scale if center[0] != -1 else 0
        center = [center[0] - 1, center[1] + lower - 1]
    return dict(id=number, image_id=image_id, keypoints=points, center=center, scale=scale, category_id=1)


@DATASETS.register_module()
class MpiiTrbDataset(BaseCocoStyleDataset):
    """MPII-TRB: 40 keypoints, of the skeleton and the body's outline (Duan et al., ICCV 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/mpii_trb.py")
    FORMAT = CocoFormat(box="center_scale", count=False, extra=("headbox",))

    def read_file(self, problems: Problems) -> tuple[Images, list[dict[str, Any]]]:
        images, annotations = super().read_file(problems)
        annotations = sorted(annotations, key=lambda ann: ann["id"] if is_id(ann.get("id")) else 0)
        return images.ordered(ann["image_id"] for ann in annotations if is_id(ann.get("image_id"))), annotations
