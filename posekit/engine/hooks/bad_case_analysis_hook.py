"""The samples of a test that went worst."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from posekit.array import to_numpy
from posekit.engine.hooks.drawing_hook import DrawingHook, image_of
from posekit.files import write_atomically
from posekit.registry import HOOKS, METRICS, MODELS, strip_scope
from posekit.visualization.visualizer import write_image

DEFAULT_LOSS = {"type": "KeypointMSELoss"}
DEFAULT_METRIC = {"type": "PCKAccuracy"}
TRUE_POSES = ("lifting_target", "keypoints")
"""What predictions are compared with, poses in space first."""


@HOOKS.register_module()
class BadCaseAnalysisHook(DrawingHook):
    """Draws a test's bad cases, labels blue and predictions red, and lists them in ``results.json``, worst first.

    Args:
        enable: whether to look for bad cases at all.
        show, wait_time, interval, backend_args: accepted for the sake of configs; images are written, never shown.
        kpt_thr: keypoints with lower scores are not drawn; by default all are, as bad ones have low scores.
        out_dir: folder of the images and the list, inside the run's folder unless absolute.
        metric_type: ``loss`` compares keypoints in image pixels by a loss, ``accuracy`` takes an evaluation metric
            of the sample alone.
        metric: config of the loss or metric.
        metric_key: name of the metric's value.
        badcase_thr: a case is bad from this loss upwards, or from this accuracy downwards.

    Raises:
        ValueError: if ``metric_type`` is neither.
    """

    def __init__(
        self,
        enable: bool = False,
        show: bool = False,
        wait_time: float = 0.0,
        interval: int = 50,
        kpt_thr: float = 0.0,
        out_dir: str | None = None,
        backend_args: Any = None,
        metric_type: str = "loss",
        metric: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        metric_key: str = "PCK",
        badcase_thr: float = 5.0,
        *,
        priority: Any = None,
    ) -> None:
        super().__init__(enable, kpt_thr, out_dir or "badcase", priority)
        if metric_type not in ("loss", "accuracy"):
            raise ValueError(f"BadCaseAnalysisHook.metric_type: {metric_type!r} is neither 'loss' nor 'accuracy'")
        default = DEFAULT_LOSS if metric_type == "loss" else DEFAULT_METRIC
        config: Any = metric or default
        config = config if isinstance(config, Mapping) else config[0]  # evaluators come in lists
        self.metric_type, self.metric_key, self.threshold = metric_type, metric_key, badcase_thr
        self.metric = (MODELS if metric_type == "loss" else METRICS).build(config)
        self.metric_name = strip_scope(str(config["type"])) if metric_type == "loss" else metric_key
        self.cases: list[dict[str, Any]] = []

    def describe(self) -> str:
        sign = ">=" if self.metric_type == "loss" else "<="
        return f"cases with {self.metric_name} {sign} {self.threshold:g} in {self.out_dir}" if self.enable else "off"

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        self.cases.clear()
        if self.metric_type == "accuracy":
            self.metric.dataset_meta = pl_module.model.dataset_meta

    def on_test_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        for sample in outputs if self.enable else ():
            value = self.loss_of(sample) if self.metric_type == "loss" else self.accuracy_of(batch, sample)
            if math.isnan(value):  # nothing is labelled
                continue
            bad = value >= self.threshold if self.metric_type == "loss" else value <= self.threshold
            if bad:
                file_name = self.file_name(trainer, sample, self.metric_name.replace("/", "_"), f"{value:.2f}")
                boxes = sample.gt_instances.get("bboxes")
                self.cases.append({
                    "img": str(sample.get("img_path") or ""),
                    "id": sample.get("id"),
                    "bbox": [] if boxes is None else to_numpy(boxes).astype(float).round(1).tolist(),
                    self.metric_name: round(value, 4),
                    "drawn": file_name,
                })  # fmt: skip
                self.draw(trainer, pl_module, sample, file_name)

    @torch.no_grad()
    def loss_of(self, sample: Any) -> float:
        """Return the loss of a sample's labelled keypoints; NaN if none is labelled.

        Raises:
            ValueError: if predictions and labels cannot be paired, or the loss takes no coordinates.
        """
        name, labels, predicted = type(self).__name__, sample.gt_instances, sample.pred_instances
        true = next(key for key in TRUE_POSES if key in labels)
        points, truth = to_numpy(predicted.keypoints), to_numpy(labels[true])
        if points.shape != truth.shape:
            raise ValueError(
                f"{name}: {points.shape} predicted keypoints for {truth.shape} labelled ones in "
                f"{sample.get('img_path')}; a loss needs one for one, as of top-down models; use metric_type='accuracy'"
            )
        visible = labels.get(f"{true}_visible")
        visible = np.ones(truth.shape[:2]) if visible is None else to_numpy(visible)
        labelled = visible.reshape(*truth.shape[:2], -1)[..., 0] > 0
        if not labelled.any():
            return math.nan
        pair = [torch.from_numpy(array[labelled].astype(np.float32))[None] for array in (points, truth)]
        try:
            return float(self.metric(*pair, torch.ones(pair[0].shape[:2])))
        except (TypeError, RuntimeError, IndexError, ValueError) as error:
            problem = f"{name}.metric: {self.metric_name} does not compare keypoints ({str(error).splitlines()[0]})"
            raise ValueError(f"{problem}; use a loss of coordinates, such as KeypointMSELoss or L1Loss") from error

    def accuracy_of(self, batch: Any, sample: Any) -> float:
        """Return the metric of one sample.

        Raises:
            ValueError: if the metric has no such value.
        """
        values = self.metric.named_metrics(self.metric.entries_of(batch, sample))
        if self.metric_key not in values:
            raise ValueError(
                f"{type(self).__name__}.metric_key: no value '{self.metric_key}'; there are {', '.join(values)}"
            )
        return values[self.metric_key]

    def draw(self, trainer: Any, pl_module: Any, sample: Any, file_name: str) -> None:
        """Write the image of a bad case."""
        from posekit.visualization.local_visualizer import PoseLocalVisualizer
        from posekit.visualization.local_visualizer_3d import Pose3dLocalVisualizer

        path, image, meta = self.folder(trainer) / file_name, image_of(sample), pl_module.model.dataset_meta
        if isinstance(self.visualizer, Pose3dLocalVisualizer):
            self.visualizer.set_dataset_meta(meta)
            self.visualizer.add_datasample("badcase", image, sample, out_file=path, kpt_thr=self.kpt_thr)
            return
        for color, part in (("blue", "gt"), ("red", "pred")):
            pen = PoseLocalVisualizer(kpt_color=color, link_color=color, bbox_color=color)
            pen.set_dataset_meta(meta)
            parts = {"draw_gt": part == "gt", "draw_pred": part == "pred", "draw_bbox": part == "pred"}
            image = pen.draw(image, sample, pen.options({"kpt_thr": self.kpt_thr, **parts}))
        write_image(path, image)

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        if not self.enable:
            return
        worst_first = sorted(self.cases, key=lambda case: case[self.metric_name], reverse=self.metric_type == "loss")
        rank = f"_rank{trainer.global_rank}" if trainer.world_size > 1 else ""
        path = self.folder(trainer) / f"results{rank}.json"
        text = json.dumps(worst_first, indent=1, default=lambda value: np.asarray(value).tolist())
        write_atomically(path, lambda file: file.write(text.encode()))
        print(f"bad cases: {len(worst_first)}, listed in {path}", flush=True)
