"""Datasets of animals."""

from __future__ import annotations

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.readers.coco import CocoFormat
from posekit.registry import DATASETS


@DATASETS.register_module()
class AnimalPoseDataset(BaseCocoStyleDataset):
    """Animal-Pose: 20 keypoints of five animals (Cao et al., ICCV 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/animalpose.py")


@DATASETS.register_module()
class AP10KDataset(BaseCocoStyleDataset):
    """AP-10K: 17 keypoints of 54 species (Yu et al., NeurIPS 2021)."""

    METAINFO = dict(from_file="configs/_base_/datasets/ap10k.py")


@DATASETS.register_module()
class AnimalKingdomDataset(BaseCocoStyleDataset):
    """Animal Kingdom: 23 keypoints of 850 species (Ng et al., CVPR 2022)."""

    METAINFO = dict(from_file="configs/_base_/datasets/ak.py")


@DATASETS.register_module()
class ATRWDataset(BaseCocoStyleDataset):
    """ATRW: 15 keypoints of Amur tigers (Li et al., ACM MM 2020)."""

    METAINFO = dict(from_file="configs/_base_/datasets/atrw.py")


@DATASETS.register_module()
class Horse10Dataset(BaseCocoStyleDataset):
    """Horse-10: 22 keypoints of horses (Mathis et al., WACV 2021)."""

    METAINFO = dict(from_file="configs/_base_/datasets/horse10.py")


@DATASETS.register_module()
class MacaqueDataset(BaseCocoStyleDataset):
    """MacaquePose: 17 keypoints (Labuguen et al., 2020)."""

    METAINFO = dict(from_file="configs/_base_/datasets/macaque.py")


@DATASETS.register_module()
class FlyDataset(BaseCocoStyleDataset):
    """Vinegar fly: 32 keypoints (Pereira et al., 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/fly.py")


@DATASETS.register_module()
class LocustDataset(BaseCocoStyleDataset):
    """Desert locust: 35 keypoints in 160x160 images (Graving et al., 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/locust.py")
    FORMAT = CocoFormat(box=(0, 0, 160, 160))


@DATASETS.register_module()
class ZebraDataset(BaseCocoStyleDataset):
    """Grévy's zebra: 9 keypoints in 160x160 images (Graving et al., 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/zebra.py")
    FORMAT = CocoFormat(box=(0, 0, 160, 160))
