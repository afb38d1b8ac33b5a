"""Watching what an evaluation predicts, for what its metrics do not show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from posekit.array import to_numpy
from posekit.evaluation.merged_keypoints import merged_pairs, merged_text
from posekit.evaluation.metrics.base import gather, look_up

ARRAYS = ("gt_instances.keypoints", "gt_instances.keypoints_visible", "pred_instances.keypoints")


class PoseWatch:
    """Keeps labels and predictions of samples with one labelled and one predicted pose, as top-down models have them.

    Attributes:
        poses: labels (K, 2), whether each is visible (K,), and predictions (K, 2), of each sample.
    """

    def __init__(self) -> None:
        self.poses: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def process(self, samples: Iterable[Any]) -> None:
        """Keep the poses of a batch; samples of other kinds are left out."""
        for sample in samples:
            values = [look_up(sample, name) for name in ARRAYS]
            if any(value is None for value in values):
                continue
            labelled, visible, predicted = map(to_numpy, values)
            if labelled.shape == predicted.shape and len(labelled) == 1 and labelled.shape[2] == 2:
                seen = (visible[..., 0] if visible.ndim == 3 else visible)[0].astype(bool)
                self.poses.append((labelled[0], seen, predicted[0]))

    def warning(self, names: Sequence[str]) -> str:
        """Return what is wrong with the predictions of all processes, which all must call this; nothing if all is well.

        Args:
            names: names of the keypoints; their numbers are told where these are not as many.
        """
        poses = gather(self.poses)
        if not poses or len({pose[0].shape for pose in poses}) > 1:
            return ""
        labelled, mask, predicted = (np.stack(parts) for parts in zip(*poses, strict=True))
        known = names if len(names) == labelled.shape[1] else [str(index) for index in range(labelled.shape[1])]
        return merged_text(merged_pairs(labelled, mask, predicted), known)
