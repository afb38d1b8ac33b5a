"""Datasets of single hands, also those of whole bodies."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.readers.annotation_file import Problems, is_number
from posekit.datasets.readers.coco import AnnotationFile, CocoFormat, CocoReader
from posekit.datasets.readers.instances import InstanceRows, Instances
from posekit.registry import DATASETS

NUM_HALPE_KEYPOINTS = 136

HALPE_HANDS = slice(94, 136)
"""Keypoints of the left and of the right hand, 21 each."""


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


class WholeBodyHandReader(CocoReader):
    """Reads the hands of COCO-WholeBody."""

    def expand(self, annotations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**ann, "keypoints": ann.get(f"{side}hand_kpts"), "bbox": ann.get(f"{side}hand_box")}
            for ann in annotations
            for side in ("left", "right")
            if ann.get(f"{side}hand_valid") and not ann.get("iscrowd") and _any_positive(ann.get(f"{side}hand_kpts"))
        ]

    def read(
        self, count_keypoints: Callable[[AnnotationFile], int], problems: Problems, *, packed: bool = False
    ) -> Instances | InstanceRows:
        instances = super().read(count_keypoints, problems, packed=packed)
        assert isinstance(instances, Instances)
        instances.numbers["id"] = np.arange(len(instances))  # two hands share their person's id
        return instances


class HalpeHandReader(WholeBodyHandReader):
    """Reads the hands of Halpe, each in the box around its labelled keypoints."""

    def expand(self, annotations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        hands = []
        for ann in annotations:
            points = ann.get("keypoints")
            if ann.get("iscrowd") or not isinstance(points, (list, array)):
                continue
            if len(points) != 3 * NUM_HALPE_KEYPOINTS or not all(map(is_number, points)):
                hands.append(ann)  # parsing names what is wrong
                continue
            for hand in np.array(points, np.float64).reshape(-1, 3)[HALPE_HANDS].reshape(2, 21, 3):
                labelled = hand[hand[:, 2] > 0, :2]
                if len(labelled):
                    low, high = labelled.min(axis=0), labelled.max(axis=0)
                    hands.append({**ann, "keypoints": hand.ravel().tolist(), "bbox": [*low, *(high - low)]})
        return hands


def _any_positive(values: Any) -> bool:
    return not isinstance(values, list) or not all(map(is_number, values)) or max(values, default=0) > 0
