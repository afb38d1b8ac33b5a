"""CSPNeXt with fewer channels in some layers."""

from __future__ import annotations

import pytest
import torch

from posekit.config import load
from posekit.registry import MODELS

SMALL = dict(type="CSPNeXt", deepen_factor=0.33, widen_factor=0.125, out_indices=(4,))


def test_layers_and_those_that_read_them_shrink() -> None:
    counts = {
        "stem.1.conv": 3,
        "stage1.1.main_conv.conv": 5,
        "stage1.1.blocks.0.conv1.conv": 6,
        "stage4.1.conv1.conv": 7,
        "stage4.2.blocks.0.conv2.pointwise_conv.conv": 9,
        "stage4.2.final_conv.conv": 11,
    }
    backbone = MODELS.build({**SMALL, "pruned_channels": counts})
    assert backbone(torch.rand(2, 3, 64, 64))[0].shape == (2, 11, 2, 2)
    for name, count in counts.items():
        assert backbone.get_submodule(name).out_channels == count
    # A block's second layer is added to the first's input and has as many channels.
    assert backbone.get_submodule("stage1.1.blocks.0.conv2.pointwise_conv.conv").out_channels == 5


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"stem.7.conv": 3}, "no layer 'stem.7.conv' with channels of its own"),
        ({"stage1.1.blocks.0.conv2.pointwise_conv.conv": 3}, "no layer 'stage1.1.blocks.0.conv2.pointwise_conv.conv'"),
        ({"stem.0.conv": 99}, r"pruned_channels\['stem.0.conv'\]: 99; the layer has from 1 to 4 channels"),
    ],
)
def test_what_does_not_fit_is_said(counts: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MODELS.build({**SMALL, "pruned_channels": counts})


@pytest.mark.parametrize(("data", "millions"), [("coco", 3.42), ("aic-coco", 3.43)])
def test_published_sizes(data: str, millions: float) -> None:
    model = load(f"rtmpose-s-pruned_8xb256-420e_{data}-256x192").model.to_dict()
    with torch.device("meta"):
        count = sum(parameter.numel() for parameter in MODELS.build(model).parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.005)
