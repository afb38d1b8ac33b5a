"""What several devices change about a model."""

from __future__ import annotations

import pytest
import torch
from timm.layers import BatchNormAct2d
from torch import nn

from posekit.engine.trainer import SharedBatchNorm, plugins
from posekit.registry import MODELS


def test_batch_norms_of_timm_keep_their_activation() -> None:
    model = nn.Sequential(BatchNormAct2d(4), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)).eval()
    inputs = torch.randn(2, 4, 3, 3)
    with torch.no_grad():
        before = model(inputs)
        after = SharedBatchNorm().apply(model)(inputs)
    assert all(isinstance(model[index], nn.SyncBatchNorm) for index in (0, 2))
    assert torch.equal(before, after)


def test_a_backbone_of_timm_answers_the_same() -> None:
    torch.manual_seed(0)
    model = MODELS.build({"type": "TimmBackbone", "model_name": "efficientnet_lite0", "out_indices": (4,)}).eval()
    inputs = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        [before], [after] = model(inputs), SharedBatchNorm().apply(model)(inputs)
    assert any(isinstance(part, nn.SyncBatchNorm) for part in model.modules())
    torch.testing.assert_close(before, after)


@pytest.mark.parametrize("shared", [True, False])
def test_batch_norms_are_shared_where_the_config_asks_for_it(shared: bool) -> None:
    settings = {"sync_batchnorm": shared, "max_epochs": 1}
    layers = [plugin for plugin in plugins(settings) if isinstance(plugin, SharedBatchNorm)]
    assert settings == {"max_epochs": 1}  # Lightning takes no plugin beside its own switch
    assert len(layers) == shared
