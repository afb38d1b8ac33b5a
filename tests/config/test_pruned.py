"""Models that MMRazor pruned are their architecture with fewer channels."""

from __future__ import annotations

from typing import Any

from posekit.config import loads

ARCHITECTURE = dict(
    type="TopdownPoseEstimator",
    backbone=dict(type="CSPNeXt", init_cfg=dict(type="Pretrained", checkpoint="x.pth")),
    head=dict(type="RTMCCHead", in_channels=512),
)


def model_of(units: dict[str, int]) -> Any:
    model = dict(type="GroupFisherDeploySubModel", _scope_="mmrazor", architecture=ARCHITECTURE, fix_subnet=units)
    return loads(f"model = {model!r}").model


def test_backbone_knows_its_channels() -> None:
    model = model_of({"backbone.stem.0.conv_(0, 16)_16": 8, "backbone.stage4.2.final_conv.conv_(0, 512)_512": 187})
    assert model.type == "TopdownPoseEstimator"
    assert model.backbone == {
        "type": "CSPNeXt",
        "pruned_channels": {"stem.0.conv": 8, "stage4.2.final_conv.conv": 187},
    }
    assert model.head.in_channels == 187


def test_pruned_heads_are_left_to_the_check() -> None:
    assert model_of({"head.final_layer_(0, 17)_17": 8}).type == "GroupFisherDeploySubModel"
