"""Predictions of a test, on disk."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from posekit.array import to_numpy
from posekit.engine.hooks.base import BaseHook
from posekit.evaluation.metrics.base import gather, look_up
from posekit.evaluation.metrics.coco_metric import (
    CocoMetric,
    box_scores_of,
    boxes_of,
    category_of,
    pose_scores,
    write_results,
)


class PredictionHook(BaseHook):
    """Writes the predictions of a test as a COCO results file, which ``posekit report`` reads.

    If the config evaluates by CocoMetric, these are the poses or boxes that it scores, after its non-maximum
    suppression; else all poses. Poses in space have ``keypoints_3d``, x, y and z of each, and no ``keypoints``.

    Args:
        path: JSON file to write.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.metric: CocoMetric | None = None
        self.entries: list[Any] = []

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        self.entries = []
        self.metric = next((metric for metric in pl_module.metrics["test"] if isinstance(metric, CocoMetric)), None)

    def on_test_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, *_: Any) -> None:
        for sample in outputs:
            self.entries += [sample_rows(sample)] if self.metric is None else self.metric.entries_of(batch, sample)

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        entries = gather(self.entries)[: len(trainer.datamodule.dataset("test"))]  # a sampler may have padded them
        if trainer.is_global_zero:
            write_results(self.path, self.metric.coco_rows(entries) if self.metric else list(chain(*entries)))


def sample_rows(sample: Any) -> list[dict[str, Any]]:
    """Return the poses predicted in a sample as rows of a COCO results file."""
    image = np.asarray(look_up(sample, "img_id", look_up(sample, "id"))).tolist()
    keypoints = to_numpy(sample.pred_instances.keypoints)
    scores = to_numpy(sample.pred_instances.keypoint_scores)
    boxes, count = boxes_of(sample, len(keypoints)).astype(float), len(keypoints)
    boxes[:, 2:] -= boxes[:, :2]
    in_space = keypoints.shape[-1] == 3
    numbers = keypoints if in_space else np.concatenate([keypoints, scores[..., None]], axis=-1)
    rows = zip(
        numbers.reshape(count, -1).tolist(),
        pose_scores("bbox_keypoint", box_scores_of(sample, count), scores, 0.0).tolist(),
        boxes.tolist(),
        np.isnan(boxes[:, 0]).tolist(),
        strict=True,
    )
    name = "keypoints_3d" if in_space else "keypoints"
    return [
        {"image_id": image, "category_id": category_of(sample), name: values, "score": score}
        | ({} if no_box else {"bbox": box})
        for values, score, box, no_box in rows
    ]
