"""RTMDet and YOLOX as whole models: building, training, predicting."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from posekit.apis import inference_detector, init_model
from posekit.config import Config, load, packaged_configs
from posekit.registry import MODELS
from posekit.structures import InstanceData, PoseDataSample

SMALL = {"deepen_factor": 0.1, "widen_factor": 0.125, "use_depthwise": True}
NECK = {"in_channels": [32, 64, 128], "out_channels": 16, "num_csp_blocks": 1}
NMS = {"type": "nms", "iou_threshold": 0.65}
MODELS_OF: dict[str, dict[str, Any]] = {
    "RTMDet": {
        "type": "mmdet.RTMDet",
        "backbone": {"type": "CSPNeXt", **SMALL},
        "neck": {"type": "CSPNeXtPAFPN", **NECK},
        "bbox_head": {"type": "RTMDetSepBNHead", "num_classes": 2, "in_channels": 16, "feat_channels": 16},
        "train_cfg": {"assigner": {"type": "DynamicSoftLabelAssigner", "topk": 5}},
        "test_cfg": {"nms_pre": 30, "score_thr": 0.005, "nms": NMS, "max_per_img": 7},
    },
    "YOLOX": {
        "type": "mmdet.YOLOX",
        "backbone": {"type": "CSPDarknet", **SMALL},
        "neck": {"type": "YOLOXPAFPN", **NECK},
        "bbox_head": {"type": "YOLOXHead", "num_classes": 2, "in_channels": 16, "feat_channels": 16},
        "train_cfg": {"assigner": {"type": "SimOTAAssigner", "candidate_topk": 4}},
        "test_cfg": {"score_thr": 0.00005, "nms": NMS, "max_per_img": 7},
    },
}
PIPELINE = [
    {"type": "LoadImageFromFile"},
    {"type": "Resize", "scale": (96, 96), "keep_ratio": True},
    {"type": "Pad", "size": (96, 96), "pad_val": {"img": (114, 114, 114)}},
    {"type": "LoadAnnotations", "with_bbox": True},
    {"type": "PackDetInputs"},
]


def config(name: str) -> dict[str, Any]:
    return copy.deepcopy(MODELS_OF[name])


@pytest.fixture
def detector(name: str) -> Any:
    torch.manual_seed(0)
    data = {"dataset": {"pipeline": PIPELINE}}
    preprocessor = {"type": "DetDataPreprocessor", "mean": [103.5, 116.3, 123.7], "std": [57.4, 57.1, 58.4]}
    model = init_model(Config({"model": {**config(name), "data_preprocessor": preprocessor}, "test_dataloader": data}))
    model.init_weights()
    return model.eval()


@pytest.mark.parametrize("name", MODELS_OF)
class TestDetector:
    def test_the_assigner_is_that_of_the_train_cfg(self, name: str) -> None:
        assigner = MODELS.build(config(name)).head.assigner
        assert {"RTMDet": ("topk", 5), "YOLOX": ("candidate_topk", 4)}[name] in vars(assigner).items()

    def test_state_dicts_know_the_head_as_bbox_head(self, name: str) -> None:
        keys = MODELS.build(config(name)).state_dict()
        assert {key.partition(".")[0] for key in keys} == {"backbone", "neck", "bbox_head"}

    def test_learns_one_image_by_heart(self, name: str) -> None:
        torch.manual_seed(0)
        model = MODELS.build(config(name))
        model.init_weights()
        images = torch.rand(2, 3, 96, 96)
        boxes: dict[str, Any] = {"bboxes": torch.tensor([[16.0, 16, 80, 80]]), "labels": torch.tensor([1])}
        samples = [PoseDataSample(gt_instances=InstanceData(**boxes)) for _ in range(2)]
        optimizer, totals = torch.optim.AdamW(model.parameters(), lr=5e-3), []
        for _ in range(60):
            loss = torch.stack(list(model(images, samples, mode="loss").values())).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            totals.append(loss.item())
        assert min(totals[-3:]) < max(totals) / 2  # scores first rise with the quality they should have

    def test_predicts_boxes_in_image_pixels(self, name: str, detector: Any, tmp_path: Path) -> None:
        image = np.random.default_rng(0).integers(0, 255, (40, 80, 3), np.uint8)
        found = inference_detector(detector, image).pred_instances
        assert 0 < len(found) <= 7
        assert (np.diff(found.scores) <= 0).all()
        assert set(found.labels.tolist()) <= {0, 1}
        assert found.bboxes.shape == (len(found), 4)

    def test_several_images_give_a_list(self, name: str, detector: Any) -> None:
        image = np.zeros((40, 80, 3), np.uint8)
        first, second = inference_detector(detector, [image, image[:, ::-1].copy()])
        assert first.metainfo["ori_shape"] == second.metainfo["ori_shape"] == (40, 80)
        assert first.metainfo["img_shape"] == (96, 96)
        assert first.metainfo["scale_factor"] == pytest.approx((1.2, 1.2))


def test_a_detector_needs_a_head() -> None:
    with pytest.raises(ValueError, match=r"RTMDet: a detector needs a head; give model.bbox_head"):
        MODELS.build({key: value for key, value in config("RTMDet").items() if key != "bbox_head"})


def test_inference_needs_a_pipeline() -> None:
    model = init_model(Config({"model": config("YOLOX")}))
    with pytest.raises(ValueError, match=r"test_dataloader.dataset.pipeline"):
        inference_detector(model, np.zeros((8, 8, 3), np.uint8))


PARAMETERS = {
    "rtmdet/rtmdet_nano_320-8xb32_coco-person": 994_423,
    "rtmdet/rtmdet_nano_320-8xb32_hand": 994_423,
    "rtmdet/rtmdet_tiny_8xb32-300e_coco": 4_896_168,
    "rtmdet/rtmdet_s_8xb32-300e_coco": 8_886_924,
    "rtmdet/rtmdet_m_640-8xb32_coco-person": 24_663_447,
    "rtmdet/rtmdet_m_8xb32-300e_coco": 24_709_188,
    "rtmdet/rtmdet_l_8xb32-300e_coco": 52_315_804,
    "rtmdet/rtmdet_x_8xb32-300e_coco": 94_855_572,
    "yolox/yolox_nano_8xb8-300e_coco": 912_159,
    "yolox/yolox_tiny_8xb8-300e_coco": 5_055_855,
    "yolox/yolox-s_8xb8-300e_coco-face": 8_937_682,
    "yolox/yolox_s_8xb8-300e_coco": 8_968_255,
    "yolox/yolox_m_8xb8-300e_coco": 25_326_495,
    "yolox/yolox_l_8xb8-300e_coco": 54_208_895,
    "yolox/yolox_x_8xb8-300e_coco": 99_071_455,
}
"""Configs that come with posekit, and the number of parameters of the released model (MMDetection 3.3.0)."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_packaged_configs_build_the_released_networks(name: str) -> None:
    with torch.device("meta"):
        model = MODELS.build(load(packaged_configs() / "detection" / f"{name}.py")["model"])
    assert sum(value.numel() for value in model.parameters()) == PARAMETERS[name]
