"""From one keypoint set to another."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.instances import visibility
from posekit.datasets.transforms.results import Results
from posekit.keypoints.mapping import IndexPairs, KeypointMapping
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class KeypointConverter(BaseTransform):
    """Reorder keypoints into a set of ``num_keypoints``.

    A target keypoint is a source keypoint, or the mean of several. Targets without a
    source are invisible, and weigh nothing where visibility is learned:
    ``keypoints_visible`` becomes (N, K, 2) with that weight in its second column. What
    the results hold about the keypoint set (mirror partners, halves of the body, weights)
    follows the new order.

    Args:
        num_keypoints: size of the target set; a named mapping knows it.
        mapping: (source, target) index pairs; ((source, source), target) takes the middle. Or two keypoint sets
            whose keypoints are matched by name, such as ``aic_to_coco`` or ``coco_wholebody_to_halpe26``.

    Raises:
        ValueError: if a target is out of range, or a source is no index.

    Example:
        >>> convert = KeypointConverter(num_keypoints=2, mapping=[(3, 0), ((0, 1), 1)])
        >>> convert(dict(keypoints=np.zeros((1, 4, 2)), keypoints_visible=np.ones((1, 4))))["keypoints"].shape
        (1, 2, 2)
    """

    requires = ("keypoints",)
    provides = ("keypoints_visible",)

    def __init__(self, num_keypoints: int | None = None, mapping: IndexPairs | str = ()) -> None:
        self.mapping = KeypointMapping(mapping, num_keypoints, owner="KeypointConverter.mapping")
        self.num_keypoints = self.mapping.num_keypoints

    def transform(self, results: Results) -> Results:
        keypoints, stated = results["keypoints"], results.get("keypoints_visible")
        if stated is None:
            stated = results["keypoints_visible"] = np.ones(keypoints.shape[:2], np.float32)
        results["keypoints"] = self.mapping.points(keypoints)[..., :2]
        visible = self.mapping.visibility(visibility(results))
        weights = self.mapping.visibility(stated[..., 1] if stated.ndim == 3 else np.ones_like(stated))
        results["keypoints_visible"] = np.stack([visible, weights.astype(np.float32)], axis=-1)
        if "keypoints_3d" in results:
            results["keypoints_3d"] = moved = self.mapping.points(results["keypoints_3d"])
            results["lifting_target"] = moved[results["target_idx"]]
            results["lifting_target_visible"] = visible[results["target_idx"]]
        self.convert_set(results)
        return results

    def convert_set(self, results: Results) -> None:
        """Let what is known about the keypoint set follow the new order."""
        values: dict[str, Any] = results  # pyright: ignore[reportAssignmentType]
        flips = values.get("flip_indices")
        if flips is not None:
            values["flip_indices"] = mirrored = self.mapping.mirror_partners(flips)
            values["flip_pairs"] = [[i, j] for i, j in enumerate(mirrored) if i < j]
        for key in ("upper_body_ids", "lower_body_ids"):
            if values.get(key) is not None:
                values[key] = self.mapping.subset(values[key])
        weights = values.get("dataset_keypoint_weights")
        if weights is not None:
            values["dataset_keypoint_weights"] = self.mapping.points(np.asarray(weights)[:, None], fill=1.0)[:, 0]
