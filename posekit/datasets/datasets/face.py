"""Datasets of faces."""

from __future__ import annotations

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.readers.coco import CocoFormat
from posekit.registry import DATASETS


@DATASETS.register_module()
class Face300WDataset(BaseCocoStyleDataset):
    """300W: 68 landmarks (Sagonas et al., 2016)."""

    METAINFO = dict(from_file="configs/_base_/datasets/300w.py")
    FORMAT = CocoFormat(box="center_scale")


@DATASETS.register_module()
class Face300VWDataset(BaseCocoStyleDataset):
    """300VW: 68 landmarks in videos (Shen et al., ICCVW 2015)."""

    METAINFO = dict(from_file="configs/_base_/datasets/300vw.py")
    FORMAT = CocoFormat(box="center_scale")


@DATASETS.register_module()
class Face300WLPDataset(BaseCocoStyleDataset):
    """300W-LP: 68 landmarks across large poses (Zhu et al., CVPR 2016)."""

    METAINFO = dict(from_file="configs/_base_/datasets/300wlp.py")


@DATASETS.register_module()
class WFLWDataset(BaseCocoStyleDataset):
    """WFLW: 98 landmarks (Wu et al., CVPR 2018)."""

    METAINFO = dict(from_file="configs/_base_/datasets/wflw.py")
    FORMAT = CocoFormat(box="center_scale")


@DATASETS.register_module()
class AFLWDataset(BaseCocoStyleDataset):
    """AFLW: 19 landmarks (Koestinger et al., ICCVW 2011); box_size normalises its errors."""

    METAINFO = dict(from_file="configs/_base_/datasets/aflw.py")
    FORMAT = CocoFormat(box="center_scale", extra=("box_size",))


@DATASETS.register_module()
class COFWDataset(BaseCocoStyleDataset):
    """COFW: 29 landmarks of occluded faces (Burgos-Artizzu et al., ICCV 2013)."""

    METAINFO = dict(from_file="configs/_base_/datasets/cofw.py")


@DATASETS.register_module()
class LapaDataset(BaseCocoStyleDataset):
    """LaPa: 106 landmarks (Liu et al., AAAI 2020)."""

    METAINFO = dict(from_file="configs/_base_/datasets/lapa.py")


@DATASETS.register_module()
class CocoWholeBodyFaceDataset(BaseCocoStyleDataset):
    """The faces of COCO-WholeBody: 68 landmarks (Jin et al., ECCV 2020)."""

    METAINFO = dict(from_file="configs/_base_/datasets/coco_wholebody_face.py")
    FORMAT = CocoFormat(keypoints=("face_kpts",), box="face_box", valid="face_valid", count=False)
