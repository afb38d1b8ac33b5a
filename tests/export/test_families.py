"""From image to image pixels, an exported model answers as its trained one does, for every family that exports."""

from __future__ import annotations

import copy
import importlib.util
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from small_models import lively  # noqa: E402

from posekit.apis.config_pipeline import ConfigPipeline  # noqa: E402
from posekit.apis.inference import init_model  # noqa: E402
from posekit.export.onnx import export_onnx  # noqa: E402
from posekit.inference.networks.exported import ExportedNetwork  # noqa: E402
from posekit.inference.networks.graph import OPENVINO  # noqa: E402
from posekit.inference.networks.torch import TorchNetwork  # noqa: E402
from posekit.inference.top_down import TopDownPredictor  # noqa: E402
from posekit.models.backbones.base import BaseBackbone  # noqa: E402
from posekit.registry import MODELS  # noqa: E402

SIZE = (48, 64)
MAP = dict(input_size=SIZE, heatmap_size=(12, 16))
CELLS = dict(in_featuremap_size=(6, 8))
SIMCC = dict(type="SimCCLabel", input_size=SIZE, sigma=(2.0, 2.3), simcc_split_ratio=2.0, normalize=False)
SMALL_GAU = dict(hidden_dims=32, s=16, expansion_factor=2, dropout_rate=0.0, drop_path=0.0, act_fn="SiLU")
COORDINATES = dict(type="RegressionLabel", input_size=SIZE)
HEATMAP = dict(type="HeatmapHead", in_channels=16, out_channels=17, deconv_out_channels=(8,),
               deconv_kernel_sizes=(4,))  # fmt: skip
MULTI_HEAD = dict(type="MSPNHead", out_shape=(16, 12), unit_channels=16, out_channels=17, num_stages=1, num_units=2,
                  level_indices=[0, 1], loss=[dict(type="KeypointMSELoss")] * 2)  # fmt: skip
POOLING = dict(type="GlobalAveragePooling")
UNITS = dict(levels=(0, 1), stages=True)
MEGVII = dict(type="MegviiHeatmap", **MAP, kernel_size=5)


@MODELS.register_module()
class FewConvolutions(BaseBackbone):
    """Feature maps of 1/4, 1/8 and 1/16 of the input's size with 16, 16 and 32 channels: heads are what is tested.

    Args:
        levels: which of them to give.
        stages: give them as the units of one stage, as MSPN and RSN do.
    """

    def __init__(self, levels=(1,), stages=False):
        super().__init__()
        self.levels, self.stages = levels, stages
        channels = ((3, 16), (16, 16), (16, 32))
        self.layers = torch.nn.ModuleList(torch.nn.Conv2d(*pair, 5, 4 if pair[0] == 3 else 2, 2) for pair in channels)

    def forward(self, x):
        maps = []
        for layer in self.layers:
            x = layer(x).relu()
            maps.append(x)
        chosen = tuple(maps[level] for level in self.levels)
        return (chosen,) if self.stages else chosen


FAMILIES: dict[str, dict[str, Any]] = {
    "heatmap": dict(head=HEATMAP, decoder=dict(type="MSRAHeatmap", **MAP, sigma=2), border=(90, 110, 130)),
    "some keypoints": dict(head=HEATMAP, decoder=dict(type="MSRAHeatmap", **MAP, sigma=2), kept=[3, 0, 5, 16]),
    "DARK": dict(head=HEATMAP, decoder=dict(type="MSRAHeatmap", **MAP, sigma=2, unbiased=True, blur_kernel_size=7)),
    "UDP": dict(head=HEATMAP, decoder=dict(type="UDPHeatmap", **MAP, sigma=2), use_udp=True),
    "UDP combined": dict(
        head={**HEATMAP, "out_channels": 51, "loss": dict(type="CombinedTargetMSELoss", use_target_weight=True)},
        decoder=dict(type="UDPHeatmap", **MAP, heatmap_type="combined"), use_udp=True, flip_mode="udp_combined",
    ),
    "SimCC": dict(
        head=dict(type="SimCCHead", in_channels=16, out_channels=17, input_size=SIZE, **CELLS,
                  deconv_out_channels=None),
        decoder=SIMCC,
    ),
    "RTMPose": dict(
        head=dict(type="RTMCCHead", in_channels=16, out_channels=17, input_size=SIZE, **CELLS, gau_cfg=SMALL_GAU),
        decoder=SIMCC, border=114,
    ),
    "RTMPose with visibility": dict(
        head=dict(type="RTMCCHead", in_channels=16, out_channels=17, input_size=SIZE, **CELLS, gau_cfg=SMALL_GAU),
        decoder={**SIMCC, "decode_visibility": True}, kept=[1, 2, 0],
    ),
    "RTMW with visibility": dict(
        backbone=dict(levels=(1, 2)),
        head=dict(type="RTMWHead", in_channels=32, out_channels=17, input_size=SIZE, in_featuremap_size=(3, 4),
                  gau_cfg=SMALL_GAU),
        decoder={**SIMCC, "decode_visibility": True},
    ),
    "regression": dict(
        neck=POOLING, head=dict(type="RegressionHead", in_channels=16, num_joints=17), decoder=COORDINATES
    ),
    "RLE": dict(neck=POOLING, head=dict(type="RLEHead", in_channels=16, num_joints=17), decoder=COORDINATES),
    "integral": dict(
        head=dict(type="IntegralRegressionHead", in_channels=16, num_joints=17, **CELLS, deconv_out_channels=None),
        decoder=COORDINATES,
    ),
    "MSPN": dict(backbone=UNITS, head=MULTI_HEAD, decoder=MEGVII),
    "RSN": dict(backbone=UNITS, head={**MULTI_HEAD, "use_prm": True}, decoder=MEGVII),
    "SKPS": dict(
        backbone=dict(levels=(0,)),
        head=dict(type="SKPSHead", in_channels=16, out_channels=17, conv_out_channels=(16,), conv_kernel_sizes=(1,)),
        decoder=dict(type="SKPSHeatmap", **MAP, sigma=2),
    ),
    "RTMW3D": dict(
        type="TopdownPoseEstimator3D",
        backbone=dict(levels=(1, 2)),
        head=dict(type="RTMW3DHead", in_channels=32, out_channels=17, input_size=(*SIZE, 48), in_featuremap_size=(3, 4),
                  gau_cfg=SMALL_GAU),
        decoder=dict(type="SimCC3DLabel", input_size=(*SIZE, 48), sigma=(2.0, 2.3, 2.0), normalize=False),
    ),
    "ViPNAS": dict(
        head=dict(type="ViPNASHead", in_channels=16, out_channels=17, deconv_out_channels=(16,),
                  deconv_kernel_sizes=(4,), deconv_num_groups=(16,)),
        decoder=dict(type="MSRAHeatmap", **MAP, sigma=2),
    ),
}  # fmt: skip


def config_of(family: dict[str, Any]) -> dict[str, Any]:
    test_cfg = dict(flip_test=True, flip_mode=family.get("flip_mode", "heatmap"), shift_heatmap=True)
    if "kept" in family:
        test_cfg["output_keypoint_indices"] = family["kept"]
    kind = family.get("type", "TopdownPoseEstimator")
    model = dict(type=kind, backbone=dict(type="FewConvolutions", **family.get("backbone", {})))
    crop = dict(type="TopdownAffine", input_size=SIZE, use_udp=family.get("use_udp", False))
    steps = [dict(type="LoadImage"), dict(type="GetBBoxCenterScale", padding=1.2),
             {**crop, "border_value": family.get("border", 0)}, dict(type="PackPoseInputs")]  # fmt: skip
    return copy.deepcopy(
        dict(
            model={
                **model,
                "neck": family.get("neck"),
                "data_preprocessor": dict(
                    type="PoseDataPreprocessor", mean=[120, 110, 100], std=[60, 55, 50], bgr_to_rgb=True
                ),
                "head": {**family["head"], "decoder": family["decoder"]},
                "test_cfg": test_cfg,
            },
            test_dataloader=dict(dataset=dict(type="CocoDataset", pipeline=steps)),
        )
    )


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_an_exported_model_predicts_what_the_trained_one_does(family, tmp_path):
    torch.manual_seed(0)  # the steps of UDP and DARK explode where an untrained map happens to be flat
    model = lively(init_model(config_of(family)))
    export_onnx(model, tmp_path / "model.onnx")
    steps = model.cfg["test_dataloader"]["dataset"]["pipeline"]
    trained = TopDownPredictor(
        ConfigPipeline(steps, model.dataset_meta), TorchNetwork(model), metainfo=model.dataset_meta
    )
    network = ExportedNetwork.open(tmp_path / "model.onnx", threads=1)
    exported = TopDownPredictor.of_recipe(network.recipe, network)
    noise = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    image = noise.repeat(10, 0).repeat(10, 1)  # 160 x 120 pixels
    boxes = [[10.5, 10, 90, 110], [-20, 50, 60, 140], [100, 0, 170, 60]]  # two reach over the border
    (wanted,), (found,) = trained.predict([image], [boxes]), exported.predict([image], [boxes])
    count = len(family.get("kept", range(17)))
    assert found.keypoints.shape == wanted.keypoints.shape == (3, count, 3 if "3D" in str(family["head"]) else 2)
    assert len(exported.metainfo["keypoint_id2name"]) == count
    assert np.abs(found.keypoints - wanted.keypoints).max() < 0.1
    np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-3 * np.abs(wanted.scores).max())
    assert (found.visible is None) == (wanted.visible is None) == ("visibility" not in str(family["decoder"]))
    if found.visible is not None:
        np.testing.assert_allclose(found.visible, wanted.visible, atol=0.02)
    if importlib.util.find_spec("openvino") is not None:
        other = ExportedNetwork.open(tmp_path / "model.onnx", threads=1, providers=[OPENVINO])
        (again,) = TopDownPredictor.of_recipe(other.recipe, other).predict([image], [boxes])
        distances = np.linalg.norm(again.keypoints - found.keypoints, axis=-1)
        assert np.quantile(distances, 0.97) < 0.1  # steps of UDP and DARK explode where untrained maps are flat
