"""Models that are small enough to be exported and run in tests, with weights that make them decided."""

from __future__ import annotations

import copy
from typing import Any

import torch

from posekit.apis import init_model
from posekit.config import Config

SMALL = {"deepen_factor": 0.1, "widen_factor": 0.125, "use_depthwise": True}
NECK = {"in_channels": [32, 64, 128], "out_channels": 16, "num_csp_blocks": 1}
HEAD = {"num_classes": 2, "in_channels": 16, "feat_channels": 16}
DETECTORS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "rtmdet": (
        {
            "type": "RTMDet",
            "backbone": {"type": "CSPNeXt", **SMALL},
            "neck": {"type": "CSPNeXtPAFPN", **NECK},
            "bbox_head": {"type": "RTMDetSepBNHead", **HEAD, "exp_on_reg": True},
            "test_cfg": {
                "nms_pre": 40, "score_thr": 0.4, "nms": {"iou_threshold": 0.6}, "min_bbox_size": 0, "max_per_img": 20
            },
        },
        {"size": (128, 128), "pad_val": {"img": (114, 114, 114)}},
    ),
    "yolox": (
        {
            "type": "YOLOX",
            "backbone": {"type": "CSPDarknet", **SMALL},
            "neck": {"type": "YOLOXPAFPN", **NECK},
            "bbox_head": {"type": "YOLOXHead", **HEAD},
            "test_cfg": {"score_thr": 0.2, "nms": {"iou_threshold": 0.65}},
        },
        {"pad_to_square": True, "pad_val": 114},
    ),
}  # fmt: skip


def detector_model(name: str, **head: Any) -> Any:
    torch.manual_seed(3)
    model, pad = copy.deepcopy(DETECTORS[name])
    model["bbox_head"].update(head)
    normalization = {"mean": [100.0, 110, 120], "std": [57.0, 57, 58]} if name == "rtmdet" else {}  # YOLOX has none
    model["data_preprocessor"] = {"type": "DetDataPreprocessor", **normalization}
    scale = pad.get("size", (96, 96))
    steps = [{"type": "LoadImage"}, {"type": "Resize", "scale": scale, "keep_ratio": True}, {"type": "Pad", **pad}]
    dataset = {"metainfo": {"classes": ["a", "b"]}, "pipeline": [*steps, {"type": "PackDetInputs"}]}
    return init_model(Config({"model": model, "test_dataloader": {"dataset": dataset}}))


SIZE = (48, 64)
RTMPOSE = dict(
    model=dict(
        type="TopdownPoseEstimator",
        backbone=dict(type="CSPNeXt", deepen_factor=0.1, widen_factor=0.125, out_indices=(4,), channel_attention=False),
        head=dict(
            type="RTMCCHead", in_channels=128, out_channels=17, input_size=SIZE, in_featuremap_size=(2, 2),
            gau_cfg=dict(hidden_dims=32, s=16, expansion_factor=2, dropout_rate=0.0, drop_path=0.0, act_fn="SiLU"),
            decoder=dict(
                type="SimCCLabel", input_size=SIZE, sigma=(2.0, 2.3), simcc_split_ratio=2.0, normalize=False
            ),
        ),
        data_preprocessor=dict(
            type="PoseDataPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
        ),
    ),
    test_dataloader=dict(
        dataset=dict(
            type="CocoDataset",
            pipeline=[
                dict(type="LoadImage"), dict(type="GetBBoxCenterScale", padding=1.25),
                dict(type="TopdownAffine", input_size=SIZE), dict(type="PackPoseInputs"),
            ],
        )
    ),
)  # fmt: skip
RTMO = dict(
    model=dict(
        type="BottomupPoseEstimator",
        backbone=dict(type="CSPDarknet", **SMALL),
        neck=dict(type="YOLOXPAFPN", **NECK),
        head=dict(
            type="RTMOHead", num_keypoints=17, featmap_strides=(8, 16, 32),
            head_module_cfg=dict(
                num_classes=1, in_channels=8, cls_feat_channels=16, stacked_convs=1, num_groups=4,
                channels_per_group=4, pose_vec_channels=16, widen_factor=1.0,
            ),
            dcc_cfg=dict(in_channels=16, feat_channels=16, num_bins=(24, 32), spe_channels=16, gau_cfg=dict(s=16)),
        ),
        data_preprocessor=dict(type="PoseDataPreprocessor", mean=[0, 0, 0], std=[1, 1, 1]),
        test_cfg=dict(score_thr=0.8, nms_thr=0.65),
    ),
    test_dataloader=dict(
        dataset=dict(
            type="CocoDataset",
            pipeline=[
                dict(type="LoadImage"),
                dict(type="BottomupResize", input_size=(128, 128), pad_val=(114, 114, 114)),
                dict(type="PackPoseInputs"),
            ],
        )
    ),
)  # fmt: skip


def lively(model: Any) -> Any:
    """Widen the weights, which start so small that all maxima of an untrained network are nearly equal."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1 and parameter.requires_grad:
                fan_in = parameter[0].numel()
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * (2 / fan_in) ** 0.5)
    return model


def pose_model(config: dict[str, Any]) -> Any:
    """Build a model of poses, in evaluation mode."""
    torch.manual_seed(3)
    return init_model(Config(copy.deepcopy(config)))
