"""A config changed so that a model learns a few samples by heart: the first check of anything new."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from posekit.config.config import Config
from posekit.registry import strip_scope

EPOCHS = 400


def overfit_config(config: Config, num_samples: int, epochs: int = EPOCHS) -> Config:
    """Return the config for training and evaluating on the same first samples, without augmentation.

    One epoch is one step with all samples. The pipeline is that of validation with the targets of
    training; the learning rate warms up and falls by a cosine; weight decay and flip test are off. The
    result is the PCK at a twentieth of the box's longer side, which a model that works takes to nearly one.

    Args:
        config: with ``train_dataloader`` and ``val_dataloader``.
        num_samples: number of samples, from the start of the training data.
        epochs: number of epochs, each of one step.

    Raises:
        ValueError: if the config lacks one of the loaders, or there is nothing to learn.
    """
    if num_samples < 1:
        raise ValueError(f"overfit: {num_samples} samples; give at least 1")
    for name in ("train_dataloader", "val_dataloader"):
        if not (config.get(name) or {}).get("dataset", {}).get("pipeline"):
            raise ValueError(f"overfit: the config has no {name}.dataset.pipeline; it takes the steps of both loaders")
    changed = copy.deepcopy(config)
    train, val = changed["train_dataloader"], changed["val_dataloader"]
    dataset = {**train["dataset"], "indices": num_samples}
    sampler = {"type": "DefaultSampler", "shuffle": False}  # the first samples may all be of one dataset
    loader = {"batch_size": num_samples, "num_workers": 0, "persistent_workers": False, "sampler": sampler}
    last, steps = _steps(val["dataset"]["pipeline"])
    targets = [step for step in train["dataset"]["pipeline"] if strip_scope(str(step["type"])) == "GenerateTarget"]
    train.update(loader, dataset={**dataset, "pipeline": [*steps, *targets, last]})
    val.update(loader, dataset={**dataset, "pipeline": [*steps, last], "test_mode": True})
    changed["val_evaluator"] = [{"type": "PCKAccuracy", "thr": 0.05, "norm_item": "bbox"}]
    changed["train_cfg"] = {"by_epoch": True, "max_epochs": epochs, "val_interval": max(1, epochs // 8)}
    changed["param_scheduler"] = [
        {"type": "LinearLR", "start_factor": 1e-2, "by_epoch": False, "begin": 0, "end": 20},
        {"type": "CosineAnnealingLR", "by_epoch": True, "begin": 0, "end": epochs, "T_max": epochs, "eta_min": 1e-5},
    ]
    changed.get("optim_wrapper", {}).get("optimizer", {}).update(weight_decay=0.0)
    if "model" in changed:  # nothing mirrored is learned
        changed["model"]["test_cfg"] = {**(changed["model"].get("test_cfg") or {}), "flip_test": False}
    hooks = changed.setdefault("default_hooks", {})
    hooks["checkpoint"] = {"type": "CheckpointHook", "interval": epochs}
    changed["custom_hooks"] = []
    return changed


def _steps(pipeline: list[Mapping[str, Any]]) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """Return the packing step of a pipeline, and the others."""
    packing = [step for step in pipeline if strip_scope(str(step["type"])) == "PackPoseInputs"]
    if not packing:
        raise ValueError("overfit: val_dataloader.dataset.pipeline does not end in PackPoseInputs")
    return packing[-1], [step for step in pipeline if step is not packing[-1]]
