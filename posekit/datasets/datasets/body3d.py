"""Human3.6M in 3D, of bodies and of whole bodies, and MPI-INF-3DHP."""

from __future__ import annotations

from typing import Any

from posekit.datasets.base_mocap import BaseMocapDataset
from posekit.datasets.readers.body3d import H3wbReader, Human36mReader, MpiInf3dhpReader
from posekit.datasets.readers.mocap import MocapReader
from posekit.registry import DATASETS

KEYPOINT_2D_SOURCES = ("gt", "detection", "pipeline")


@DATASETS.register_module()
class Human36mDataset(BaseMocapDataset):
    """Human3.6M: 17 keypoints (Ionescu et al., TPAMI 2014).

    Args:
        keypoint_2d_src: ``"gt"`` for annotated, ``"detection"`` for detected 2D keypoints; ``"pipeline"`` leaves
            them to the transforms.
        keypoint_2d_det_file: .npy of detected keypoints (F, 17, 3).
        factor_file: .npy of each frame's projection factor (F,).
        options: arguments of ``BaseMocapDataset``.
    """

    METAINFO = dict(from_file="configs/_base_/datasets/h36m.py")

    def __init__(
        self,
        ann_file: str = "",
        *,
        keypoint_2d_src: str = "gt",
        keypoint_2d_det_file: str | None = None,
        factor_file: str | None = None,
        **options: Any,
    ) -> None:
        name = type(self).__name__
        if keypoint_2d_src not in KEYPOINT_2D_SOURCES:
            raise ValueError(f"{name}.keypoint_2d_src: '{keypoint_2d_src}' must be one of {KEYPOINT_2D_SOURCES}")
        if keypoint_2d_src == "detection" and not keypoint_2d_det_file:
            raise ValueError(f"{name}.keypoint_2d_det_file: needed where keypoint_2d_src is 'detection'")
        self.keypoint_2d_src = keypoint_2d_src
        self.keypoint_2d_det_file = keypoint_2d_det_file
        self.factor_file = factor_file
        super().__init__(ann_file, **options)

    def make_reader(self) -> MocapReader:
        detected = self.keypoint_2d_det_file if self.keypoint_2d_src == "detection" else None
        return self.mocap_reader(
            Human36mReader,
            detected_file=self.join_root(detected) if detected else None,
            factor_file=self.join_root(self.factor_file) if self.factor_file else None,
        )


@DATASETS.register_module()
class MpiInf3dhpDataset(BaseMocapDataset):
    """MPI-INF-3DHP: 17 keypoints (Mehta et al., 3DV 2017), of images such as ``S1_Seq2_Cam0_000001.jpg``."""

    METAINFO = dict(from_file="configs/_base_/datasets/mpi_inf_3dhp.py")

    def make_reader(self) -> MpiInf3dhpReader:
        return self.mocap_reader(MpiInf3dhpReader)


@DATASETS.register_module()
class H36MWholeBodyDataset(Human36mDataset):
    """H3WB: Human3.6M with 133 keypoints (Zhu et al., ICCV 2023); subjects S1, S5, S6 train, S7 tests."""

    METAINFO = dict(from_file="configs/_base_/datasets/h3wb.py")

    def make_reader(self) -> H3wbReader:
        subjects = ("S7",) if self.test_mode else ("S1", "S5", "S6")
        return H3wbReader(self.ann_file, self.data_root, subjects=subjects)
