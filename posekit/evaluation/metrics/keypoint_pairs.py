"""What the metrics that compare one prediction with one labelled person have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from posekit.array import to_numpy
from posekit.evaluation.metrics.base import BaseMetric, look_up


@dataclass
class KeypointPairs:
    """Predictions beside their ground truth.

    Shapes: pred and gt (N, K, D), mask (N, K), each of sizes (N,).
    """

    pred: np.ndarray
    gt: np.ndarray
    mask: np.ndarray
    sizes: dict[str, np.ndarray]

    @classmethod
    def cat(cls, parts: list[KeypointPairs]) -> KeypointPairs:
        """Join many into one."""
        return cls(
            pred=np.concatenate([part.pred for part in parts]),
            gt=np.concatenate([part.gt for part in parts]),
            mask=np.concatenate([part.mask for part in parts]),
            sizes={name: np.concatenate([part.sizes[name] for part in parts]) for name in parts[0].sizes},
        )


class KeypointPairsMetric(BaseMetric):
    """A metric of the distances between predictions and ground truth, one to one."""

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Keep keypoints, visibility and normalising sizes of each sample."""
        for sample in data_samples:
            gt = self.required(sample, "gt_instances.keypoints")
            visible = self.required(sample, "gt_instances.keypoints_visible")
            mask = (visible[..., 0] if visible.ndim == 3 else visible).reshape(gt.shape[:2]).astype(bool)
            pred = self.required(sample, "pred_instances.keypoints")
            sizes = {name: np.asarray(size).reshape(-1) for name, size in self.sizes(sample, gt, mask).items()}
            self.results.append(KeypointPairs(pred, gt, mask, sizes))

    def sizes(self, sample: Any, gt: np.ndarray, mask: np.ndarray) -> dict[str, np.ndarray]:
        """Return the sizes (N,) that normalise the distances of one sample, by name."""
        return {}

    def compute_metrics(self, results: list[KeypointPairs]) -> dict[str, float]:
        """Compute the metrics of all samples at once."""
        return self.compute(KeypointPairs.cat(results))

    @abstractmethod
    def compute(self, pairs: KeypointPairs) -> dict[str, float]:
        """Compute the metrics of all samples at once."""

    def gt_size(self, sample: Any, name: str) -> np.ndarray:
        """Return a size (N,) that the ground truth carries; ``bbox_size`` is the longer side of the box."""
        if name == "bbox_size":
            boxes = self.required(sample, "gt_instances.bboxes").reshape(-1, 4)
            return (boxes[:, 2:] - boxes[:, :2]).max(1)
        value = look_up(sample, f"gt_instances.{name}", look_up(sample, name))
        if value is None:
            raise ValueError(
                f"{type(self).__name__}: the ground truth of sample {look_up(sample, 'id')} has no '{name}' "
                "to normalise by; choose another norm_item or a dataset that carries it"
            )
        return to_numpy(value).reshape(-1)
