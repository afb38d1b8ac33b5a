"""Predictions of an evaluation, on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from posekit.engine.hooks.base import BaseHook
from posekit.evaluation.metrics.base import gather
from posekit.files import write_atomically


class PredictionHook(BaseHook):
    """Writes every prediction of a test to a JSON file: a list with an entry per sample.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.entries: list[dict[str, Any]] = []

    def on_test_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *_: Any) -> None:
        for sample in outputs:
            found = sample.pred_instances
            entry = {key: sample.get(key) for key in ("id", "img_id", "img_path")}
            for key in ("keypoints", "keypoint_scores", "bboxes", "bbox_scores"):
                if key in found:
                    entry[key] = np.asarray(found[key]).round(3)
            self.entries.append(entry)

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        entries = gather(self.entries)[: len(trainer.datamodule.dataset("test"))]  # a sampler may have padded them
        if not trainer.is_global_zero:
            return
        text = json.dumps(entries, default=lambda value: value.tolist())
        write_atomically(self.path, lambda file: file.write(text.encode()))
