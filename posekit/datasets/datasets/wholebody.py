"""Datasets of bodies with feet, faces and hands."""

from __future__ import annotations

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.readers.coco import CocoFormat
from posekit.registry import DATASETS


@DATASETS.register_module()
class CocoWholeBodyDataset(BaseCocoStyleDataset):
    """COCO-WholeBody: 133 keypoints (Jin et al., ECCV 2020)."""

    METAINFO = dict(from_file="configs/_base_/datasets/coco_wholebody.py")
    FORMAT = CocoFormat(
        keypoints=("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts"),
        binary=True,
        extra=("keypoints_3d",),
    )


@DATASETS.register_module()
class UBody2dDataset(CocoWholeBodyDataset):
    """UBody: 133 keypoints in videos (Lin et al., CVPR 2023)."""

    METAINFO = dict(from_file="configs/_base_/datasets/ubody2d.py")


@DATASETS.register_module()
class HalpeDataset(BaseCocoStyleDataset):
    """Halpe: 136 keypoints (Fang et al., TPAMI 2022)."""

    METAINFO = dict(from_file="configs/_base_/datasets/halpe.py")
