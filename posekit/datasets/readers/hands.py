"""Hands in the annotations of whole bodies, each read as an instance of its own."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

from posekit.datasets.readers.annotation_file import Problems, is_number
from posekit.datasets.readers.coco import AnnotationFile, CocoReader
from posekit.datasets.readers.instances import InstanceRows, Instances

NUM_HALPE_KEYPOINTS = 136
HALPE_HANDS = slice(94, 136)
"""Keypoints of the left and of the right hand, 21 each."""


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
