"""UBody in 3D."""

from __future__ import annotations

import os

import numpy as np

from posekit.datasets.base_mocap import BaseMocapDataset
from posekit.datasets.readers.ubody3d import UBody3dReader
from posekit.registry import DATASETS


@DATASETS.register_module()
class UBody3dDataset(BaseMocapDataset):
    """UBody: 137 keypoints of people in videos, in pixels and in 3D (Lin et al., CVPR 2023)."""

    METAINFO = dict(from_file="configs/_base_/datasets/ubody3d.py")

    def make_reader(self) -> UBody3dReader:
        return UBody3dReader(self.ann_file, os.path.join(self.data_root, "images"), strict=self.test_mode)  # noqa: PTH118 - as in BaseDataset

    def _windows(self, frames: np.ndarray) -> np.ndarray:
        windows = super()._windows(frames)
        return windows if self.multiple_target or self.pad_video_seq else windows[:: self.seq_step]
