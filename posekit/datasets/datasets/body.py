"""Data sets of human bodies in the COCO format."""

from __future__ import annotations

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.registry import DATASETS


@DATASETS.register_module()
class CocoDataset(BaseCocoStyleDataset):
    """COCO: 17 keypoints (Lin et al., ECCV 2014)."""

    METAINFO = dict(from_file="configs/_base_/datasets/coco.py")


@DATASETS.register_module()
class CrowdPoseDataset(BaseCocoStyleDataset):
    """CrowdPose: 14 keypoints in crowded scenes (Li et al., CVPR 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/crowdpose.py")
