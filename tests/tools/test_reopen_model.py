"""An exported file becomes weights that training can start from: same outputs, batch statistics that fit."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn

from posekit.codecs.udp_heatmap import UDPHeatmap
from posekit.models.backbones.base import BaseBackbone
from posekit.models.data_preprocessors.pose_data_preprocessor import PoseDataPreprocessor
from posekit.models.heads.heatmap_head import HeatmapHead
from posekit.models.layers.conv_module import ConvModule
from posekit.models.layers.normalization import BN
from posekit.models.necks.upsampling_neck import UpsamplingNeck
from posekit.models.pose_estimators.topdown import TopdownPoseEstimator

onnx = pytest.importorskip("onnx")


class TwoMaps(BaseBackbone):
    """Maps of strides 4 and 8."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvModule(3, 8, 5, 4, norm_cfg=BN)
        self.deep = ConvModule(8, 16, 3, 2, norm_cfg=BN)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = self.stem(x)
        return x, self.deep(x)


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "tools" / "reopen_model.py"
    spec = importlib.util.spec_from_file_location("reopen_model", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fresh_model(num_keypoints: int = 3) -> TopdownPoseEstimator:
    return TopdownPoseEstimator(
        TwoMaps(),
        UpsamplingNeck((8, 16), (8,)),
        HeatmapHead(8, num_keypoints, deconv_out_channels=None, decoder=UDPHeatmap((24, 32), (6, 8))),
        data_preprocessor=PoseDataPreprocessor([127.0] * 3, [128.0] * 3),
    )


def trained_model() -> TopdownPoseEstimator:
    """Return a model whose batch norms do something."""
    torch.manual_seed(0)
    model = fresh_model()
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            nn.init.normal_(part.running_mean, std=0.1)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias, std=0.1)
    return model.eval()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file that the exporter writes of the model's network, weights in 16 bits."""
    from posekit.export.onnx import Deployed, halve_weights

    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    with torch.no_grad():
        program = torch.onnx.export(Deployed(trained_model()).eval(), (torch.zeros(2, 3, 32, 24),), verbose=False)
    assert program is not None
    halve_weights(program.model_proto)
    onnx.save(program.model_proto, str(path))
    return path


@pytest.fixture(scope="module")
def crops() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(0, 255, (16, 3, 32, 24)).astype(np.float32))


def outputs(of: nn.Module, crops: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return of(of.data_preprocessor.normalize(crops))


def assert_close(found: torch.Tensor, expected: torch.Tensor) -> None:
    """Compare up to what 16 bits lose."""
    torch.testing.assert_close(found, expected, rtol=0, atol=0.01 * float(expected.abs().max()))


@pytest.fixture
def reopened(tool: ModuleType, exported: Path, crops: torch.Tensor) -> nn.Module:
    fresh = fresh_model()
    tool.restore_statistics(fresh, tool.load_merged(fresh, tool.exported_weights(exported)), crops)
    return fresh


def test_reopened_weights_compute_the_same(reopened: nn.Module, crops: torch.Tensor) -> None:
    expected = outputs(trained_model(), crops)
    torch.testing.assert_close(
        outputs(reopened.eval(), crops), expected, rtol=0, atol=0.01 * float(expected.abs().max())
    )


def test_batch_statistics_change_nothing_on_the_same_crops(reopened: nn.Module, crops: torch.Tensor) -> None:
    expected = outputs(reopened.eval(), crops)
    torch.testing.assert_close(
        outputs(reopened.train(), crops), expected, rtol=0, atol=0.01 * float(expected.abs().max())
    )


def test_a_file_of_another_model_is_refused(tool: ModuleType, exported: Path) -> None:
    with pytest.raises(
        ValueError, match=r"head.final_layer.weight: the file has \(3, 8, 1, 1\), the model \(4, 8, 1, 1\)"
    ):
        tool.load_merged(fresh_model(num_keypoints=4), tool.exported_weights(exported))
