"""Boxes from detectors built by ``init_model``."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch

from posekit.array import to_numpy
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.inference.config_recipe import prediction_dataset
from posekit.inference.detection import Detections
from posekit.structures import PoseDataSample

Image: TypeAlias = str | os.PathLike[str] | np.ndarray


@torch.no_grad()
def inference_detector(model: Any, image: Image | Sequence[Image]) -> PoseDataSample | list[PoseDataSample]:
    """Find the boxes of objects in an image, or in each of several.

    Args:
        model: detector that ``init_model`` returned.
        image: a path, or the pixels (H, W, 3), BGR, uint8; or a list of them.

    Returns:
        One sample, or a list with one for each image. Its ``pred_instances`` hold ``bboxes`` (N, 4) xyxy in image
        pixels, ``scores`` (N,), best first, and ``labels`` (N,), as numpy arrays.
    """
    if isinstance(image, (list, tuple)):
        return [detect(model, each) for each in image]
    return detect(model, image)  # pyright: ignore[reportArgumentType]


def detect(model: Any, image: Image) -> PoseDataSample:
    """Return the sample of one image."""
    results = {"img": image, "img_path": ""} if isinstance(image, np.ndarray) else {"img_path": os.fspath(image)}
    packed: Any = test_pipeline(model)({"img_id": 0, **results})  # pyright: ignore[reportArgumentType]
    data = model.data_preprocessor({key: [value] for key, value in packed.items()}, training=False)
    return model(data["inputs"], data["data_samples"], mode="predict")[0]


class TorchDetector:
    """A detector that ``init_model`` built, as predictors take one.

    Args:
        model: the detector.
        labels: numbers of the classes whose boxes count; None for all.
    """

    def __init__(self, model: Any, labels: Sequence[int] | None = None) -> None:
        self.model = model
        self.labels = None if labels is None else list(labels)

    @torch.no_grad()
    def __call__(self, image: np.ndarray) -> Detections:
        """Find the boxes in an image (H, W, 3), BGR, uint8."""
        instances = detect(self.model, image).pred_instances
        boxes, scores, labels = (to_numpy(instances[name]) for name in ("bboxes", "scores", "labels"))
        rows = slice(None) if self.labels is None else np.isin(labels, self.labels)
        return Detections(boxes[rows], scores[rows], labels[rows])


def test_pipeline(model: Any) -> Pipeline:
    """Return the test pipeline of a model's config; built once for each model.

    Raises:
        ValueError: if the config has none.
    """
    if "detection_pipeline" not in model.__dict__:
        model.__dict__["detection_pipeline"] = Pipeline(copy.deepcopy(prediction_dataset(model.cfg)["pipeline"]))
    return model.__dict__["detection_pipeline"]


def classes_of(config: Mapping[str, Any], meta: Any = None) -> dict[str, Any]:
    """Return ``classes``, the names of what a detector finds: a checkpoint's, else those of its config's datasets."""
    infos = [meta]
    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        dataset = (config.get(loader) or {}).get("dataset") or {}
        infos += [dataset.get("metainfo"), (dataset.get("dataset") or {}).get("metainfo")]
    for info in infos:
        names = (info.get("classes") or info.get("CLASSES")) if isinstance(info, Mapping) else None
        if names:
            return {"classes": (names,) if isinstance(names, str) else tuple(names)}
    return {"classes": ()}
