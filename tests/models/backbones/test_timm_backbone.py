"""What TimmBackbone does with timm's modules and weights beyond the contract of backbones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from posekit.registry import MODELS

SMALL = dict(type="TimmBackbone", model_name="mobilenetv3_small_050")


def test_takes_weights_by_timms_names(tmp_path: Path) -> None:
    import timm

    torch.manual_seed(0)
    plain = timm.create_model("mobilenetv3_small_050")
    torch.save(plain.state_dict(), tmp_path / "plain.pth")
    backbone = MODELS.build(dict(**SMALL, init_cfg=dict(type="Pretrained", checkpoint=str(tmp_path / "plain.pth"))))
    backbone.init_weights()
    torch.testing.assert_close(backbone.timm_model.conv_stem.weight, plain.conv_stem.weight)


def test_modules_behind_the_last_level_can_be_left_out() -> None:
    torch.manual_seed(0)
    whole = MODELS.build(dict(**SMALL, out_indices=(1, 2))).eval()
    torch.manual_seed(0)
    short = MODELS.build(dict(**SMALL, out_indices=(1, 2), left_out=["blocks.4", "blocks.5"])).eval()
    counts = [sum(parameter.numel() for parameter in backbone.parameters()) for backbone in (whole, short)]
    assert counts[1] < counts[0] / 2
    x = torch.randn(1, 3, 64, 64)
    for expected, found in zip(whole(x), short(x), strict=True):
        torch.testing.assert_close(found, expected)


def test_names_the_modules_that_there_are() -> None:
    with pytest.raises(ValueError, match="left_out: this model has no module 'stem'; it is made of conv_stem, bn1"):
        MODELS.build(dict(**SMALL, left_out=["stem"]))
