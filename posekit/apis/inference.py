"""Models from configs, and their predictions for pictures."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from posekit.apis.detection import classes_of
from posekit.checkpoints.load import load_into, open_checkpoint
from posekit.config import Config
from posekit.config import load as load_config
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.models.losses.base import one_of
from posekit.registry import DATASETS, MODELS
from posekit.structures import PoseDataSample, bbox_xywh2xyxy

Picture: TypeAlias = str | os.PathLike[str] | np.ndarray
MAX_BATCH = 64


def init_model(
    config: Config | Mapping[str, Any] | str | os.PathLike[str],
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device = "cpu",
) -> Any:
    """Build a model for inference.

    Args:
        config: a config or the path of one.
        checkpoint: path or URL of the weights; without it the weights are the initial random ones.
        device: where the model runs; ``auto`` for the GPU, if there is one.

    Returns:
        The model in evaluation mode, with ``cfg`` (the config) and ``dataset_meta`` (the keypoint set: the
        checkpoint's, else that of the config's datasets, else COCO's; of a detector the names of its classes).
    """
    if isinstance(config, (str, os.PathLike)):
        config = load_config(Path(config))
    elif not isinstance(config, Config):
        config = Config(dict(config))
    if isinstance(device, str):
        device = usable_device(device)
    settings = copy.deepcopy(config["model"])
    backbone = settings.get("backbone") if isinstance(settings, dict) else None
    if isinstance(backbone, dict):
        backbone.pop("init_cfg", None)  # pretrained weights would be overwritten
    model = MODELS.build(settings)
    meta: Any = None
    if checkpoint is not None:
        weights = open_checkpoint(checkpoint)
        report = load_into(model, weights.state, source=weights.source)
        if not report.is_complete:
            logging.getLogger(__name__).warning("%s", report)
        meta = weights.meta.get("dataset_meta")
    if hasattr(model, "bbox_head"):
        model.dataset_meta = classes_of(config, meta)
    else:
        known = isinstance(meta, Mapping) and "flip_indices" in meta
        model.dataset_meta = meta if known else keypoint_set_of(config)
    model.cfg = config
    return model.to(device).eval()


def usable_device(name: str) -> str:
    """Return the device of this name, the best one for ``auto``.

    Raises:
        ValueError: if torch has no such device here.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        why = str(error).partition("\n")[0]
        raise ValueError(f"device '{name}' cannot be used here ({why}); use auto, cpu or cuda") from error
    return name


def keypoint_set_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keypoint set of a config's training, else validation, else test data, else COCO's."""
    from posekit.datasets.skeleton import Skeleton, load_metainfo

    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        dataset = (config.get(loader) or {}).get("dataset") or {}
        while not dataset.get("metainfo") and (inner := dataset.get("dataset") or dataset.get("datasets")):
            dataset = inner if isinstance(inner, Mapping) else inner[0]  # RepeatDataset, ConcatDataset
        info = dataset.get("metainfo") or (_class_metainfo(dataset["type"]) if "type" in dataset else None)
        if info:
            return load_metainfo(info)
    return Skeleton.load("coco").metainfo()


def _class_metainfo(kind: str | type) -> dict[str, Any]:
    return getattr(kind if isinstance(kind, type) else DATASETS.get(kind), "METAINFO", {})


def inference_topdown(
    model: Any,
    image: Picture,
    bboxes: Sequence[Sequence[float]] | np.ndarray | None = None,
    bbox_format: str = "xyxy",
) -> list[PoseDataSample]:
    """Find the keypoints of the instance in each box.

    Args:
        model: what ``init_model`` returned.
        image: a path, or the pixels (H, W, 3), BGR, uint8.
        bboxes: (N, 4); without any the whole picture is one box.
        bbox_format: xyxy or xywh.

    Returns:
        One sample for each box; ``pred_instances`` holds ``keypoints`` (1, K, D), ``keypoint_scores`` (1, K),
        ``bboxes`` and ``bbox_scores``, in image space.

    Raises:
        ValueError: for boxes of another shape or format.
    """
    load, prepare = _pipelines(model)
    results = load(_results(model, image))
    height, width = results["img"].shape[:2]
    boxes = _boxes(bboxes, bbox_format, (width, height))
    items = [
        {**results, "id": index, "bbox": box[None], "bbox_score": np.ones(1, np.float32)}
        for index, box in enumerate(boxes)
    ]
    return _predict(model, [prepare(item) for item in items])


def inference_bottomup(model: Any, image: Picture) -> list[PoseDataSample]:
    """Find all instances in a picture.

    Args:
        model: what ``init_model`` returned.
        image: a path, or the pixels (H, W, 3), BGR, uint8.

    Returns:
        A list of one sample; ``pred_instances`` holds ``keypoints`` (N, K, 2) and ``keypoint_scores`` (N, K), in
        image space.
    """
    load, prepare = _pipelines(model)
    return _predict(model, [prepare({**load(_results(model, image)), "id": 0})])


def _results(model: Any, image: Picture) -> dict[str, Any]:
    """Return what a dataset would hand to the pipeline."""
    given = {"img": image, "img_path": ""} if isinstance(image, np.ndarray) else {"img_path": os.fspath(image)}
    return {"img_id": 0, **given, **model.dataset_meta}


def _pipelines(model: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return the step that loads a picture and the rest of the test pipeline; built once for each model."""
    if "inference_pipelines" not in model.__dict__:
        steps = copy.deepcopy(_test_dataset(model)["pipeline"])
        whole = Pipeline(steps)
        first = whole[0]
        rest = Pipeline(list(whole)[1:], available=whole.available | set(getattr(first, "provides", ())))
        model.__dict__["inference_pipelines"] = (first, rest)
    return model.__dict__["inference_pipelines"]


def _test_dataset(model: Any) -> Mapping[str, Any]:
    """Return the config's test data set, or its first part where it joins several."""
    for loader in ("test_dataloader", "val_dataloader"):
        dataset = (model.cfg.get(loader) or {}).get("dataset") or {}
        if dataset.get("pipeline"):
            return dataset
        if parts := dataset.get("datasets"):
            return parts[0]
    raise ValueError("the config has no test_dataloader.dataset.pipeline; inference prepares pictures by it")


def _boxes(bboxes: Any, bbox_format: str, size_wh: tuple[int, int]) -> np.ndarray:
    """Return boxes (N, 4) xyxy."""
    if bboxes is None or len(bboxes) == 0:
        return np.array([[0, 0, *size_wh]], dtype=np.float32)
    boxes = np.asarray(bboxes, dtype=np.float32)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"bboxes: shape {boxes.shape}; give one row of four numbers for each box, (N, 4)")
    if one_of("bbox_format", bbox_format, ("xyxy", "xywh")) == "xywh":
        boxes = bbox_xywh2xyxy(boxes)
    return boxes


@torch.no_grad()
def _predict(model: Any, items: list[dict[str, Any]]) -> list[PoseDataSample]:
    samples: list[PoseDataSample] = []
    for start in range(0, len(items), MAX_BATCH):
        chunk = items[start : start + MAX_BATCH]
        batch = {key: [item[key] for item in chunk] for key in ("inputs", "data_samples")}
        data = model.data_preprocessor(batch, training=False)
        samples += model(data["inputs"], data["data_samples"], mode="predict")
    return samples
