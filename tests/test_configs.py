"""posekit's own configs: small, loadable, complete."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
import torch

from posekit.config import load
from posekit.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
EMPTY = ("rtmdet_tta.py", "yolox_tta.py")
"""Stand for files that published configs inherit."""
OWN = sorted(path for path in CONFIGS.rglob("*.py") if "_base_" not in path.parts and path.name not in EMPTY)


def name(path: Path) -> str:
    return str(path.relative_to(CONFIGS))


@pytest.mark.parametrize("path", OWN, ids=name)
def test_model_builds_and_loaders_are_complete(path):
    config = load(path)
    config.model.get("backbone", {}).pop("init_cfg", None)
    with torch.device("meta"):
        model = MODELS.build(config.model)
    assert sum(parameter.numel() for parameter in model.parameters()) > 1e5
    last = "PackDetInputs" if "bbox_head" in config.model else "PackPoseInputs"
    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        assert config[loader].dataset.pipeline[-1].type == last
        assert config[loader].dataset.type


def test_there_are_enough_and_they_are_short():
    lengths = [len(path.read_text(encoding="utf-8").splitlines()) for path in OWN]
    assert len(lengths) >= 10
    assert statistics.median(lengths) < 40
