"""Configs of MMDetection's detectors, brought to posekit's names where a name means something else there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, cast

from posekit.config.config import Config

logger = logging.getLogger(__name__)

LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
EVALUATORS = ("val_evaluator", "test_evaluator")
DROPPED = {
    "dataset": ("backend_args", "file_client_args", "return_classes"),
    "evaluator": ("backend_args", "file_client_args", "classwise", "proposal_nums"),
}
"""Settings of MMDetection that change nothing here: files are local, and the score is always that of COCO."""
MOSAIC = ("Mosaic", "RandomAffine", "MixUp", "YOLOXMixUp")
"""Steps that YOLOXModeSwitchHook leaves out at the end of a training."""


def settle_detector(config: Config) -> None:
    """Where a config's model is a detector, turn MMDetection's names into posekit's.

    ``CocoDataset`` becomes the dataset of boxes, ``CocoMetric(metric="bbox")`` the score of boxes,
    ``MultiImageMixDataset`` one dataset with one pipeline, and a pose dataset hands over whole images.
    """
    model = config.get("model")
    if not isinstance(model, Config) or not is_detector(model):
        return
    changed = [name for section in LOADERS for name in _settle_loader(config.get(section))]
    for section in EVALUATORS:
        changed += [name for metric in _listed(config.get(section)) for name in _settle_metric(metric)]
    _settle_hooks(config)
    if changed:
        names = ", ".join(dict.fromkeys(changed))
        logger.info("%s: a detector of MMDetection; read as posekit's: %s", config.mark("model"), names)


def is_detector(model: Config) -> bool:
    """Return whether a model's config is that of a detector, posekit's or one that it lacks."""
    from posekit.registry.registry import MODELS, NO_DETECTOR, strip_scope

    name = strip_scope(str(model.get("type")))
    return name in NO_DETECTOR or MODELS.index.get(name, "").startswith("posekit.models.detectors.")


def kind_of(part: Any) -> str:
    """Return a part's type without its package, "" for none."""
    return str(part.get("type", "")).rpartition(".")[2] if isinstance(part, Config) else ""


def _settle_loader(loader: Any) -> Iterator[str]:
    if not isinstance(loader, Config):
        return
    if kind_of(loader.get("batch_sampler")) == "AspectRatioBatchSampler":
        del loader["batch_sampler"]  # it only saves padding
        yield "AspectRatioBatchSampler"
    if kind_of(loader.get("dataset")) == "MultiImageMixDataset":
        mixed = loader["dataset"]
        inner = mixed["dataset"]
        inner["pipeline"] = [*inner.get("pipeline", ()), *mixed.get("pipeline", ())]
        loader["dataset"] = inner
        yield "MultiImageMixDataset"
    yield from _settle_dataset(loader.get("dataset"))


def _settle_dataset(dataset: Any) -> Iterator[str]:
    """Settle a dataset and those inside it."""
    if not isinstance(dataset, Config):
        return
    inside = [dataset.get("dataset"), *cast("list[Any]", dataset.get("datasets") or ())]
    for part in inside:
        yield from _settle_dataset(part)
    for key in DROPPED["dataset"]:
        dataset.pop(key, None)
    if kind_of(dataset) == "CocoDataset":
        dataset["type"] = "CocoDetDataset"
        yield "CocoDataset"
    elif dataset.get("data_mode") == "topdown":
        dataset["data_mode"] = "bottomup"
        yield kind_of(dataset)
    for step in dataset.get("pipeline") or ():
        if kind_of(step) == "FilterAnnotations" and "by_kpt" not in step:
            step.update(by_box=True, by_kpt=False)


def _settle_metric(metric: Any) -> Iterator[str]:
    if kind_of(metric) != "CocoMetric" or "metric" not in metric or list(_listed(metric["metric"])) != ["bbox"]:
        return
    for key in ("metric", *DROPPED["evaluator"]):
        metric.pop(key, None)
    metric["iou_type"] = "bbox"
    yield "CocoMetric(metric='bbox')"


def _listed(value: Any) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, (list, tuple)) else [value]


def _settle_hooks(config: Config) -> None:
    """Leave out drawing, and name the last epochs' pipeline, which is implied in MMDetection."""
    leave_out_drawing(config)
    loader = config.get("train_dataloader")
    pipeline: Any = loader.get("dataset", {}).get("pipeline", ()) if isinstance(loader, Config) else ()
    for hook in config.get("custom_hooks") or ():
        if kind_of(hook) == "YOLOXModeSwitchHook" and "new_train_pipeline" not in hook:
            hook["new_train_pipeline"] = [step for step in pipeline if kind_of(step) not in MOSAIC]


def leave_out_drawing(config: Config) -> None:
    """Leave out MMDetection's hook that draws, which is off by default there, and replace its visualizer."""
    visualizer, hooks = config.get("visualizer"), config.get("default_hooks")
    if isinstance(visualizer, Config) and kind_of(visualizer) == "DetLocalVisualizer":
        visualizer["type"] = "PoseLocalVisualizer"
    if isinstance(hooks, Config) and kind_of(hooks.get("visualization")) == "DetVisualizationHook":
        del hooks["visualization"]
