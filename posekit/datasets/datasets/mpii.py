"""MPII and MPII-TRB, whose boxes are a centre and a scale."""

from __future__ import annotations

from typing import Any

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.readers.coco import CocoFormat
from posekit.datasets.readers.mpii import MpiiReader, TrbReader
from posekit.registry import DATASETS


@DATASETS.register_module()
class MpiiDataset(BaseCocoStyleDataset):
    """MPII: 16 keypoints (Andriluka et al., CVPR 2014).

    Its JSON file is a list of dicts with image, center, scale, joints and joints_vis.

    Args:
        headbox_file: .mat file of head boxes, for PCKh; top-down with ``test_mode`` only.
        options: arguments of ``BaseCocoStyleDataset``.
    """

    METAINFO = dict(from_file="configs/_base_/datasets/mpii.py")
    FORMAT = CocoFormat(box="center_scale", count=False, extra=("head_size",))

    def __init__(
        self, ann_file: str = "", bbox_file: str | None = None, headbox_file: str | None = None, **options: Any
    ) -> None:
        mode, test_mode = options.get("data_mode", "topdown"), options.get("test_mode", False)
        if headbox_file and (mode != "topdown" or not test_mode):
            raise ValueError(
                "MpiiDataset.headbox_file: head boxes are for evaluation, with data_mode='topdown' and "
                f"test_mode=True; found data_mode='{mode}' and test_mode={test_mode}"
            )
        if headbox_file and not str(headbox_file).endswith(".mat"):
            raise ValueError(f"MpiiDataset.headbox_file: '{headbox_file}' must be a .mat file")
        self.headbox_file = headbox_file
        super().__init__(ann_file, bbox_file, **options)

    def make_reader(self) -> MpiiReader:
        return self.coco_reader(MpiiReader, head_file=self.headbox_file)


@DATASETS.register_module()
class MpiiTrbDataset(BaseCocoStyleDataset):
    """MPII-TRB: 40 keypoints, of the skeleton and the body's outline (Duan et al., ICCV 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/mpii_trb.py")
    FORMAT = CocoFormat(box="center_scale", count=False, extra=("headbox",))

    def make_reader(self) -> TrbReader:
        return self.coco_reader(TrbReader)
