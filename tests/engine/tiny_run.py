"""A run of seconds: synthetic images, a very small model. Importable by child processes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from posekit.config import Config

NUM_SAMPLES = 20
BATCH = 4


def write_data(folder: Path) -> None:
    """Write images with 17 bright spots each and their COCO annotations."""
    rng = np.random.default_rng(7)
    (folder / "images").mkdir(parents=True)
    images, annotations = [], []
    for number in range(NUM_SAMPLES):
        points = rng.uniform(12, 84, (17, 2))
        image = np.full((96, 96, 3), 40, np.uint8)
        for index, point in enumerate(points.astype(int).tolist()):
            cv2.circle(image, point, 3, (15 * index, 255 - 15 * index, 200), -1)
        cv2.imwrite(str(folder / "images" / f"{number}.png"), image)
        flat = np.column_stack([points, np.full(17, 2)]).round(2).ravel().tolist()
        images.append({"id": number, "file_name": f"{number}.png", "width": 96, "height": 96})
        box = {"bbox": [8, 8, 80, 80], "area": 6400, "iscrowd": 0, "category_id": 1}
        annotations.append({"id": number, "image_id": number, "keypoints": flat, "num_keypoints": 17, **box})
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    (folder / "train.json").write_text(json.dumps(content))


def tiny_config(folder: Path, *, workers: int = 0, **changes: Any) -> Config:
    """Return the config of a run on ``write_data``'s images; ``changes`` replace top-level keys."""
    codec = {"type": "SimCCLabel", "input_size": (32, 32), "sigma": 2.0, "simcc_split_ratio": 2.0}
    load = [{"type": "LoadImage"}, {"type": "GetBBoxCenterScale"}]
    crop, pack = {"type": "TopdownAffine", "input_size": (32, 32)}, {"type": "PackPoseInputs"}
    augment = [{"type": "RandomFlip"}, {"type": "RandomBBoxTransform"}]
    encode = {"type": "GenerateTarget", "encoder": codec}

    def loader(pipeline: list, *, train: bool) -> dict:
        dataset = {
            "type": "CocoDataset",
            "data_root": str(folder),
            "ann_file": "train.json",
            "data_prefix": {"img": "images/"},
            "pipeline": pipeline,
            "test_mode": not train,
            "indices": None if train else 8,
        }
        sampler = {"type": "DefaultSampler", "shuffle": train}
        return {
            "batch_size": BATCH,
            "num_workers": workers,
            "persistent_workers": workers > 0,
            "sampler": sampler,
            "dataset": dataset,
        }

    head = {
        "type": "SimCCHead",
        "in_channels": 8,
        "out_channels": 17,
        "input_size": (32, 32),
        "in_featuremap_size": (8, 8),
        "deconv_out_channels": None,
        "loss": {"type": "KLDiscretLoss", "use_target_weight": True},
        "decoder": codec,
    }
    values = {
        "model": {
            "type": "TopdownPoseEstimator",
            "data_preprocessor": {"type": "PoseDataPreprocessor", "mean": [90] * 3, "std": [60] * 3},
            "backbone": {"type": "TinyBackbone"},
            "head": head,
        },
        "train_dataloader": loader([*load, *augment, crop, encode, pack], train=True),
        "val_dataloader": loader([*load, crop, pack], train=False),
        "test_dataloader": loader([*load, crop, pack], train=False),
        "val_evaluator": {"type": "PCKAccuracy", "thr": 0.1},
        "test_evaluator": {"type": "PCKAccuracy", "thr": 0.1},
        "optim_wrapper": {"optimizer": {"type": "AdamW", "lr": 2e-3, "weight_decay": 0.05}},
        "param_scheduler": [
            {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "begin": 0, "end": 5},
            {"type": "CosineAnnealingLR", "by_epoch": True, "convert_to_iter_based": True},
        ],
        "train_cfg": {"by_epoch": True, "max_epochs": 3, "val_interval": 1},
        "default_hooks": {
            "checkpoint": {"type": "CheckpointHook", "save_best": "PCK"},
            "logger": {"type": "LoggerHook", "interval": 2, "curves": None},
        },
        "custom_hooks": [{"type": "EMAHook", "ema_type": "ExpMomentumEMA", "update_buffers": True}],
    }
    return Config({**values, **changes})


def register_backbone() -> None:
    """Register ``TinyBackbone``: one convolution to 8 channels at a quarter of the size, with dropout."""
    from torch import nn

    from posekit.models.backbones.base import BaseBackbone
    from posekit.registry import MODELS

    if "TinyBackbone" in MODELS:
        return

    class TinyBackbone(BaseBackbone):
        def __init__(self) -> None:
            super().__init__()
            conv = nn.Conv2d(3, 8, 4, stride=4)
            self.layers = nn.Sequential(conv, nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1))

        def forward(self, x: Any) -> Any:
            return (self.layers(x),)

    MODELS.register_module("TinyBackbone")(TinyBackbone)


def run(folder: Path, work_dir: Path, changes: dict[str, Any], pace: float = 0.0) -> None:
    """Train, going on where an earlier run was killed; ``pace`` seconds of rest make each step last."""
    import time

    import torch

    from posekit.engine.hooks.base import BaseHook
    from posekit.engine.train import train
    from posekit.registry import HOOKS

    class Rest(BaseHook):
        def on_train_batch_end(self, *_: Any) -> None:
            time.sleep(pace)

    register_backbone()
    if pace and "Rest" not in HOOKS:
        HOOKS.register_module("Rest")(Rest)
    torch.set_num_threads(1)
    config = tiny_config(folder, **changes)
    if pace:
        config["custom_hooks"] = [*config["custom_hooks"], {"type": "Rest"}]
    with Path("/dev/null").open("w") as sink:
        sys.stdout = sink
        train(config, work_dir=work_dir, resume=True, device="cpu")
