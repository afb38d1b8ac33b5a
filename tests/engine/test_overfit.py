"""Learning a few samples by heart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_run import tiny_config

from posekit.engine.overfit import overfit_config
from posekit.engine.run_log import RunLog
from posekit.engine.train import train


def types(pipeline: list[dict[str, Any]]) -> list[str]:
    return [step["type"] for step in pipeline]


def test_both_loaders_take_the_same_samples_without_augmentation(data: Path) -> None:
    given = tiny_config(data)
    config = overfit_config(given, 6, epochs=16)
    for name in ("train_dataloader", "val_dataloader"):
        loader = config[name]
        assert (loader.batch_size, loader.dataset.indices, loader.dataset.ann_file) == (6, 6, "train.json")
    plain = ["LoadImage", "GetBBoxCenterScale", "TopdownAffine"]
    assert types(config.train_dataloader.dataset.pipeline) == [*plain, "GenerateTarget", "PackPoseInputs"]
    assert types(config.val_dataloader.dataset.pipeline) == [*plain, "PackPoseInputs"]
    assert config.model.test_cfg.flip_test is False
    assert config.train_cfg == dict(by_epoch=True, max_epochs=16, val_interval=2)
    assert given.train_dataloader.batch_size == 4


def test_the_loss_falls(data: Path, tmp_path: Path) -> None:
    config = overfit_config(tiny_config(data, optim_wrapper={"optimizer": {"type": "AdamW", "lr": 2e-2}}), 4, epochs=40)
    result = train(config, work_dir=tmp_path, device="cpu")
    losses = [record["loss"] for record in RunLog(tmp_path).records() if "loss" in record]
    assert losses[-1] < 0.7 * losses[0]
    assert "PCK" in result.metrics


def test_datasets_that_a_sampler_mixes_give_the_first_samples(data: Path, tmp_path: Path) -> None:
    config = tiny_config(data)
    loader = config["train_dataloader"]
    part = {**loader["dataset"], "pipeline": []}
    whole = {"metainfo": {"from_file": "configs/_base_/datasets/coco.py"}, "pipeline": loader["dataset"]["pipeline"]}
    loader["dataset"] = {"type": "CombinedDataset", "datasets": [part, part], **whole}
    loader["sampler"] = {"type": "MultiSourceSampler", "batch_size": 4, "source_ratio": [1, 1]}
    assert train(overfit_config(config, 3, epochs=2), work_dir=tmp_path, device="cpu").steps == 2


def test_what_is_missing_is_named(data: Path) -> None:
    with pytest.raises(ValueError, match="overfit: 0 samples; give at least 1"):
        overfit_config(tiny_config(data), 0)
    with pytest.raises(ValueError, match=r"overfit: the config has no val_dataloader\.dataset\.pipeline"):
        overfit_config(tiny_config(data, val_dataloader=None), 4)
    config = tiny_config(data)
    config["val_dataloader"]["dataset"]["pipeline"].pop()
    with pytest.raises(ValueError, match="does not end in PackPoseInputs"):
        overfit_config(config, 4)
