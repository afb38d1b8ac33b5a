"""Configs of YOLOX-Pose as MMYOLO and MMPose's project write them, brought to posekit's model of the same kind."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, cast

from posekit.config.config import Config, ConfigError
from posekit.config.detectors import LOADERS, kind_of, leave_out_drawing

logger = logging.getLogger(__name__)

CODEC = {"type": "YOLOXPoseAnnotationProcessor"}
LOADING = ("LoadImage", "LoadImageFromFile")
PACKING = ("PackDetPoseInputs", "PackDetInputs")
FILTERS = ("FilterDetPoseAnnotations", "FilterAnnotations")
CONVERTERS = ("PoseToDetConverter", "LoadAnnotations")
"""Steps that bring labels into MMDetection's form."""
OTHER_FORM = ("bbox_coder", "head_module", "loss_pose", "train_cfg", "test_cfg")
"""Settings of MMYOLO's head that posekit's takes in another form, or that are always so."""
PREPROCESSOR = "data_preprocessor"
RESIZING = ("PoseBatchSyncRandomResize", "YOLOXBatchSyncRandomResize")


def settle_yolox_pose(config: Config) -> None:
    """Where a config's model is MMYOLO's YOLOX-Pose, write its model, pipelines and hooks in posekit's terms.

    There the boxes decide which points learn a person, keypoint distances are relative to the box's diagonal, and the
    assigner looks at the centres of cells: posekit's head has options for all three.

    Raises:
        ConfigError: if the model lacks a part, or a number of its sizes is none.
    """
    model = config.get("model")
    if not isinstance(model, Config) or kind_of(model) != "YOLODetector" or not _is_pose(model):
        return
    mark = config.mark("model")
    try:
        _settle_model(model)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{mark}: cannot read this YOLOX-Pose of MMYOLO: {error.args[0]}") from None
    for section in LOADERS:
        _settle_loader(config.get(section))
    leave_out_drawing(config)
    for hook in config.get("custom_hooks") or ():
        if kind_of(hook) == "YOLOXModeSwitchHook":
            hook["type"] = "YOLOXPoseModeSwitchHook"
            hook["new_train_pipeline"] = list(_steps(hook.get("new_train_pipeline")))
    logger.info("%s: a YOLOX-Pose of MMYOLO; read as posekit's YOLOXPoseHead", mark)


def _is_pose(model: Config) -> bool:
    return kind_of(model.get("bbox_head")) == "YOLOXPoseHead"


def _part(config: Config, key: str) -> Config:
    """Return a part of a config, an empty one where it is missing."""
    part = config.get(key)
    return part if isinstance(part, Config) else Config()


def _needed(config: Config, key: str) -> Config:
    """Return a part of a config.

    Raises:
        ConfigError: if it is missing or no dict.
    """
    if not isinstance(config.get(key), Config):
        raise ConfigError(f"it needs '{key}', a dict of settings")
    return config[key]


def _settle_model(model: Config) -> None:
    backbone, test_cfg, preprocessor = _needed(model, "backbone"), _part(model, "test_cfg"), _part(model, PREPROCESSOR)
    _settle_neck(_needed(model, "neck"))
    model["type"], backbone["type"] = "BottomupPoseEstimator", "CSPDarknet"
    model["head"] = _settled_head(_needed(model, "bbox_head"), _part(_part(model, "train_cfg"), "assigner"))
    for key in ("bbox_head", "train_cfg"):
        model.pop(key, None)
    model["test_cfg"] = {
        "score_thr": test_cfg.get("score_thr", 0.01),
        "nms_thr": _part(test_cfg, "nms").get("iou_threshold", 0.65),
    }
    if kind_of(preprocessor) == "YOLOv5DetDataPreprocessor":
        preprocessor["type"] = "PoseDataPreprocessor"
    for augment in preprocessor.get("batch_augments") or ():
        if kind_of(augment) in RESIZING:
            augment["type"] = "BatchSyncRandomResize"


def _settle_neck(neck: Config) -> None:
    """Give a neck the channels and blocks that MMYOLO computes from factors."""
    deepen, widen = neck.pop("deepen_factor", 1.0), neck.pop("widen_factor", 1.0)
    neck["in_channels"] = [int(channels * widen) for channels in neck["in_channels"]]
    neck["out_channels"] = int(neck["out_channels"] * widen)
    neck["num_csp_blocks"] = round(neck.get("num_csp_blocks", 3) * deepen)


def _settled_head(head: Config, assigner: Config) -> dict[str, Any]:
    module, distances = _needed(head, "head_module"), _needed(head, "loss_pose")
    layers = {key: value for key, value in module.items() if key not in ("type", "use_depthwise")}
    sizes = {key: layers.pop(key) for key in ("num_keypoints", "num_classes", "featmap_strides") if key in layers}
    options = {key: value for key, value in head.items() if key not in OTHER_FORM}
    return {
        **options,
        **sizes,
        "head_module_cfg": {**layers, "num_classes": sizes.get("num_classes", 1), "rarely_visible": True},
        "cell_offset": 0.5,
        "relative_to": "diagonal",
        "assigner": _settled_assigner(assigner),
        "overlaps_power": 0.5,
        "loss_oks": {
            "type": "OKSLoss",
            "reduction": "none",
            "norm_target_weight": True,
            "metainfo": distances.get("metainfo"),
            "loss_weight": distances.get("loss_weight", 1.0),
        },
        "loss_vis": {"type": "BCELoss", "reduction": "sum"},
    }


def _settled_assigner(assigner: Config) -> dict[str, Any]:
    own = {key: value for key, value in assigner.items() if key not in ("type", "iou_calculator", "oks_calculator")}
    metainfo = _part(assigner, "oks_calculator").get("metainfo")
    return {
        "type": "SimOTAAssigner",
        "oks_weight": 0.0,
        **own,
        "dynamic_k_indicator": "iou",
        "quality_indicator": "oks",
        "oks_calculator": {"type": "PoseOKS", "metainfo": metainfo},
    }


def _settle_loader(loader: Any) -> None:
    """Settle the pipelines of a loader's dataset and of those inside it."""
    dataset: Any = loader.get("dataset") if isinstance(loader, Config) else None
    waiting = [dataset]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, Config):
            continue
        waiting += [part.get("dataset"), *cast("list[Any]", part.get("datasets") or ())]
        if kind_of(part) == "PoseCocoDataset":
            part["type"] = "CocoDataset"
        if part.get("pipeline"):
            part["pipeline"] = list(_steps(part["pipeline"]))


def _steps(steps: Any) -> Iterator[Any]:
    """Yield the steps of a pipeline in posekit's terms."""
    for step in steps or ():
        kind = kind_of(step)
        if kind in CONVERTERS:
            continue
        if kind in LOADING:
            yield {**step, "type": "LoadImage"}
        elif kind in FILTERS:
            options = {key: value for key, value in step.items() if key not in ("by_keypoints", "by_mask")}
            yield {**options, "type": "FilterAnnotations", "by_box": True, "by_kpt": True}
        elif kind in PACKING:
            if any(kind_of(other) in FILTERS for other in steps):  # then it is for training
                yield {"type": "GenerateTarget", "encoder": CODEC}
            yield {**step, "type": "PackPoseInputs"}
        else:
            inner = {"pre_transform": list(_steps(step["pre_transform"]))} if step.get("pre_transform") else {}
            yield {**step, **inner}
