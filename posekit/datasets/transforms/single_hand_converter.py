"""One hand as part of a set of two."""

from __future__ import annotations

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.keypoint_converter import KeypointConverter
from posekit.datasets.transforms.results import Results
from posekit.keypoints.mapping import IndexPairs
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SingleHandConverter(BaseTransform):
    """Convert keypoints by one mapping for a left hand and another for a right one.

    Args:
        num_keypoints: size of the target set.
        left_hand_mapping: (source, target) index pairs, as for KeypointConverter.
        right_hand_mapping: the same for a right hand.

    Raises:
        ValueError: when called, if ``hand_type`` is not one hand.
    """

    requires = ("keypoints", "hand_type")
    provides = ("keypoints_visible",)

    def __init__(self, num_keypoints: int, left_hand_mapping: IndexPairs, right_hand_mapping: IndexPairs) -> None:
        self.num_keypoints = num_keypoints
        self.left_hand_mapping = left_hand_mapping
        self.right_hand_mapping = right_hand_mapping
        self._left = KeypointConverter(num_keypoints, left_hand_mapping)
        self._right = KeypointConverter(num_keypoints, right_hand_mapping)

    def transform(self, results: Results) -> Results:
        kinds = np.unique(np.reshape(results["hand_type"], (-1, 2)) > 0.5, axis=0).tolist()
        if kinds == [[False, True]]:
            return self._left.transform(results)
        if kinds == [[True, False]]:
            return self._right.transform(results)
        raise ValueError(
            f"SingleHandConverter: hand_type {np.asarray(results['hand_type']).tolist()} of image "
            f"{results.get('img_path')}; it must be [1, 0] (right) or [0, 1] (left)"
        )
