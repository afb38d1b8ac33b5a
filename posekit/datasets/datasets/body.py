"""Datasets of human bodies in the COCO format."""

from __future__ import annotations

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.readers.coco import CocoFormat
from posekit.registry import DATASETS


@DATASETS.register_module()
class CocoDataset(BaseCocoStyleDataset):
    """COCO: 17 keypoints (Lin et al., ECCV 2014).

    Example:
        >>> dataset = CocoDataset(ann_file="person_keypoints_val2017.json", lazy_init=True)
        >>> dataset.metainfo["dataset_name"], dataset.metainfo["num_keypoints"]
        ('coco', 17)
    """

    METAINFO = dict(from_file="configs/_base_/datasets/coco.py")
    ANY_KEYPOINTS = True


@DATASETS.register_module()
class CrowdPoseDataset(BaseCocoStyleDataset):
    """CrowdPose: 14 keypoints in crowded scenes (Li et al., CVPR 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/crowdpose.py")


@DATASETS.register_module()
class AicDataset(BaseCocoStyleDataset):
    """AI Challenger: 14 keypoints (Wu et al., 2017)."""

    METAINFO = dict(from_file="configs/_base_/datasets/aic.py")


@DATASETS.register_module()
class OCHumanDataset(BaseCocoStyleDataset):
    """OCHuman: 17 keypoints of heavily occluded people (Zhang et al., CVPR 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/ochuman.py")


@DATASETS.register_module()
class MhpDataset(BaseCocoStyleDataset):
    """MHP v2: 16 keypoints (Zhao et al., ACM MM 2018)."""

    METAINFO = dict(from_file="configs/_base_/datasets/mhp.py")


@DATASETS.register_module()
class ExlposeDataset(BaseCocoStyleDataset):
    """ExLPose: 14 keypoints in the dark (Lee et al., CVPR 2023)."""

    METAINFO = dict(from_file="configs/_base_/datasets/exlpose.py")


@DATASETS.register_module()
class HumanArtDataset(BaseCocoStyleDataset):
    """Human-Art: 17 keypoints in paintings and photographs (Ju et al., CVPR 2023)."""

    METAINFO = dict(from_file="configs/_base_/datasets/humanart.py")


@DATASETS.register_module()
class HumanArt21Dataset(HumanArtDataset):
    """Human-Art with 21 keypoints."""

    METAINFO = dict(from_file="configs/_base_/datasets/humanart21.py")
    FORMAT = CocoFormat(keypoints=("keypoints_21",), count=False)


@DATASETS.register_module()
class JhmdbDataset(BaseCocoStyleDataset):
    """JHMDB: 15 keypoints in videos (Jhuang et al., ICCV 2013); its pixels count from 1."""

    METAINFO = dict(from_file="configs/_base_/datasets/jhmdb.py")
    FORMAT = CocoFormat(origin=1.0, count=False)


@DATASETS.register_module()
class PoseTrack18Dataset(BaseCocoStyleDataset):
    """PoseTrack18: 17 keypoints in videos (Andriluka et al., CVPR 2018)."""

    METAINFO = dict(from_file="configs/_base_/datasets/posetrack18.py")
