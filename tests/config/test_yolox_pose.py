"""Configs of YOLOX-Pose in MMYOLO's form mean posekit's model and pipelines."""

from __future__ import annotations

from typing import Any

import pytest

from posekit.config import Config, ConfigError, loads

LOAD = [dict(type="mmpose.LoadImage"), dict(type="PoseToDetConverter")]
TRAINING = [
    *LOAD,
    dict(type="Mosaic", pre_transform=LOAD),
    dict(type="FilterDetPoseAnnotations", keep_empty=False),
    dict(type="PackDetPoseInputs", meta_keys=("img_id",)),
]
MODEL: dict[str, Any] = dict(
    type="YOLODetector",
    data_preprocessor=dict(batch_augments=[dict(type="PoseBatchSyncRandomResize", interval=1)]),
    backbone=dict(type="YOLOXCSPDarknet", widen_factor=0.5),
    neck=dict(type="YOLOXPAFPN", deepen_factor=0.33, widen_factor=0.5, in_channels=[256, 512], out_channels=256),
    bbox_head=dict(
        type="YOLOXPoseHead",
        head_module=dict(type="YOLOXPoseHeadModule", num_keypoints=17, in_channels=256),
        loss_pose=dict(type="OksLoss", loss_weight=30.0),
    ),
    test_cfg=dict(yolox_style=True, score_thr=0.001, nms=dict(iou_threshold=0.65)),
)


def config_of(**parts: Any) -> Config:
    """Return a loaded config of YOLOX-Pose with these parts."""
    return loads("\n".join(f"{name} = {value!r}" for name, value in {"model": MODEL, **parts}.items()))


def kinds(steps: Any) -> list[str]:
    return [step["type"] for step in steps]


def test_model_has_the_names_and_widths_of_posekit() -> None:
    model = config_of().model
    assert (model.type, model.backbone.type) == ("BottomupPoseEstimator", "CSPDarknet")
    assert model.neck == {
        "type": "YOLOXPAFPN", "in_channels": [128, 256], "out_channels": 128, "num_csp_blocks": 1
    }  # fmt: skip
    assert model.head.num_keypoints == 17
    assert model.head.loss_oks.loss_weight == 30.0
    assert model.test_cfg == {"score_thr": 0.001, "nms_thr": 0.65}
    assert kinds(model.data_preprocessor.batch_augments) == ["BatchSyncRandomResize"]


def test_training_has_labels_and_testing_needs_none() -> None:
    hook = dict(type="YOLOXModeSwitchHook", new_train_pipeline=[*LOAD, *TRAINING[3:]])
    config = config_of(
        train_dataloader=dict(dataset=dict(type="CocoDataset", pipeline=TRAINING)),
        val_dataloader=dict(dataset=dict(type="CocoDataset", pipeline=[*LOAD, TRAINING[-1]])),
        custom_hooks=[hook],
    )
    steps = config.train_dataloader.dataset.pipeline
    assert kinds(steps) == ["LoadImage", "Mosaic", "FilterAnnotations", "GenerateTarget", "PackPoseInputs"]
    assert kinds(steps[1].pre_transform) == ["LoadImage"]
    assert steps[2] == {"type": "FilterAnnotations", "by_box": True, "by_kpt": True, "keep_empty": False}
    assert kinds(config.val_dataloader.dataset.pipeline) == ["LoadImage", "PackPoseInputs"]
    late = config.custom_hooks[0]
    assert late.type == "YOLOXPoseModeSwitchHook"
    assert kinds(late.new_train_pipeline) == ["LoadImage", "FilterAnnotations", "GenerateTarget", "PackPoseInputs"]


@pytest.mark.parametrize("key", ["backbone", "neck"])
def test_a_part_that_is_missing_is_named(key: str) -> None:
    without = {name: value for name, value in MODEL.items() if name != key}
    for model in (without, {**without, key: "YOLOX"}):
        with pytest.raises(ConfigError, match=rf":1: .* of MMYOLO: it needs '{key}', a dict of settings"):
            config_of(model=model)


@pytest.mark.parametrize(
    ("change", "message"), [({"in_channels": None}, "NoneType"), ({"widen_factor": "x"}, "invalid literal")]
)
def test_sizes_that_are_no_numbers(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"cannot read this YOLOX-Pose of MMYOLO: .*{message}"):
        config_of(model={**MODEL, "neck": {**MODEL["neck"], **change}})


def test_a_part_of_the_head_that_is_missing_is_named() -> None:
    head = {name: value for name, value in MODEL["bbox_head"].items() if name != "head_module"}
    with pytest.raises(ConfigError, match="needs 'head_module'"):
        config_of(model={**MODEL, "bbox_head": head})


def test_detectors_of_mmyolo_are_left_to_the_check() -> None:
    model = dict(MODEL, bbox_head=dict(type="YOLOXHead"))
    assert config_of(model=model).model.type == "YOLODetector"
