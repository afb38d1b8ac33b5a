"""Parts of a model that do not fit are named before a traceback is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_run import tiny_config

from posekit.engine.evaluate import evaluate
from posekit.engine.misfit import MisfitError, explained, shapes
from posekit.engine.train import train


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"in_channels": 16},
            r"model.head \(SimCCHead\) does not take what model.backbone \(TinyBackbone\) gives, \(4, 8",
        ),
        ({"in_featuremap_size": (4, 4)}, r"model.head \(SimCCHead\) does not take what .* gives, \(4, 8, 8, 8\)"),
        ({"out_channels": 13}, r"gives \(4, 13, 64\) and \(4, 13, 64\) where the targets are \(4, 17, 64\)"),
    ],
)
def test_a_head_that_does_not_fit(data: Path, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    config = tiny_config(data, train_cfg={"max_epochs": 1})
    config.model.head.update(changes)
    with pytest.raises(MisfitError, match=message):
        train(config, work_dir=tmp_path, device="cpu")


def test_evaluation_names_the_part_as_well(data: Path) -> None:
    config = tiny_config(data)
    config.model.head.in_channels = 16
    with pytest.raises(MisfitError, match=r"model\.head"):
        evaluate(config, None, device="cpu")


def test_an_error_of_fitting_parts_stays() -> None:
    class Model(torch.nn.Identity):
        backbone = torch.nn.Identity()
        head = torch.nn.Identity()

    with pytest.raises(RuntimeError, match="something else"), explained(Model(), torch.zeros(1, 2), None):
        raise RuntimeError("something else")


def test_shapes_of_nested_outputs() -> None:
    assert shapes([torch.zeros(2, 3), (torch.zeros(4), None)]) == "(2, 3) and (4,)"
