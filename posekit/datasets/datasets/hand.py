"""Datasets of single hands."""

from __future__ import annotations

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.readers.coco import CocoFormat
from posekit.datasets.readers.hands import HalpeHandReader, WholeBodyHandReader
from posekit.registry import DATASETS


@DATASETS.register_module()
class OneHand10KDataset(BaseCocoStyleDataset):
    """OneHand10K: 21 keypoints (Wang et al., TCSVT 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/onehand10k.py")


@DATASETS.register_module()
class FreiHandDataset(BaseCocoStyleDataset):
    """FreiHAND: 21 keypoints in 224x224 images (Zimmermann et al., ICCV 2019)."""

    METAINFO = dict(from_file="configs/_base_/datasets/freihand2d.py")
    FORMAT = CocoFormat(box=(0, 0, 224, 224), count=False)


@DATASETS.register_module()
class PanopticHand2DDataset(BaseCocoStyleDataset):
    """CMU Panoptic hands: 21 keypoints (Simon et al., CVPR 2017)."""

    METAINFO = dict(from_file="configs/_base_/datasets/panoptic_hand2d.py")
    FORMAT = CocoFormat(count=False, extra=("head_size",))


@DATASETS.register_module()
class Rhd2DDataset(BaseCocoStyleDataset):
    """RHD: 21 keypoints of rendered hands (Zimmermann and Brox, ICCV 2017)."""

    METAINFO = dict(from_file="configs/_base_/datasets/rhd2d.py")


@DATASETS.register_module()
class CocoWholeBodyHandDataset(BaseCocoStyleDataset):
    """The hands of COCO-WholeBody, each an instance: 21 keypoints (Jin et al., ECCV 2020)."""

    METAINFO = dict(from_file="configs/_base_/datasets/coco_wholebody_hand.py")
    FORMAT = CocoFormat(clip=False, count=False)

    def make_reader(self) -> WholeBodyHandReader:
        return self.coco_reader(WholeBodyHandReader)


@DATASETS.register_module()
class HalpeHandDataset(CocoWholeBodyHandDataset):
    """The hands of Halpe (Fang et al., TPAMI 2022), each in the box around its labelled keypoints."""

    def make_reader(self) -> HalpeHandReader:
        return self.coco_reader(HalpeHandReader)
