"""Configs of MMDetection's detectors mean posekit's datasets and metrics."""

from __future__ import annotations

from posekit.config import Config, loads

BOXES = dict(type="CocoDataset", ann_file="a.json", backend_args=None)


def config_of(**parts: object) -> Config:
    """Return a loaded config of a detector with these parts."""
    return loads("\n".join(f"{name} = {value!r}" for name, value in {"model": dict(type="YOLOX"), **parts}.items()))


def test_coco_dataset_is_that_of_boxes() -> None:
    loader = dict(dataset=BOXES, batch_sampler=dict(type="AspectRatioBatchSampler"))
    assert config_of(train_dataloader=loader).train_dataloader == {
        "dataset": {"type": "CocoDetDataset", "ann_file": "a.json"}
    }


def test_coco_dataset_inside_others() -> None:
    inside = dict(type="ConcatDataset", datasets=[dict(BOXES, type="mmdet.CocoDataset")])
    loader = dict(dataset=dict(type="RepeatDataset", dataset=inside))
    config = config_of(val_dataloader=loader)
    assert config.val_dataloader.dataset.dataset.datasets[0].type == "CocoDetDataset"


def test_pose_dataset_gives_whole_images() -> None:
    loader = dict(dataset=dict(type="mmpose.OneHand10KDataset", data_mode="topdown"))
    assert config_of(train_dataloader=loader).train_dataloader.dataset.data_mode == "bottomup"


def test_mixed_dataset_becomes_one_pipeline() -> None:
    inner = dict(BOXES, pipeline=[dict(type="LoadImageFromFile")])
    steps = [dict(type="Mosaic"), dict(type="FilterAnnotations"), dict(type="PackDetInputs")]
    mixed = dict(type="MultiImageMixDataset", dataset=inner, pipeline=steps)
    hook = dict(type="YOLOXModeSwitchHook", num_last_epochs=15)
    config = config_of(train_dataloader=dict(dataset=mixed), custom_hooks=[hook])
    dataset = config.train_dataloader.dataset
    assert dataset.type == "CocoDetDataset"
    assert [step["type"] for step in dataset.pipeline] == [
        "LoadImageFromFile", "Mosaic", "FilterAnnotations", "PackDetInputs"
    ]  # fmt: skip
    assert dataset.pipeline[2] == {"type": "FilterAnnotations", "by_box": True, "by_kpt": False}
    late = [step["type"] for step in config.custom_hooks[0].new_train_pipeline]
    assert late == ["LoadImageFromFile", "FilterAnnotations", "PackDetInputs"]


def test_box_metric() -> None:
    metric = dict(type="CocoMetric", ann_file="a.json", metric=["bbox"], proposal_nums=(100, 1, 10))
    for value in (metric, [metric]):
        config = config_of(val_evaluator=value)
        one = config.val_evaluator[0] if isinstance(value, list) else config.val_evaluator
        assert one == {"type": "CocoMetric", "ann_file": "a.json", "iou_type": "bbox"}


def test_other_metrics_stay() -> None:
    metric = dict(type="CocoMetric", metric=["bbox", "segm"])
    assert config_of(val_evaluator=metric).val_evaluator == metric


def test_drawing_is_left_out() -> None:
    hooks = dict(visualization=dict(type="DetVisualizationHook"), timer=dict(type="IterTimerHook"))
    config = config_of(default_hooks=hooks, visualizer=dict(type="mmdet.DetLocalVisualizer"))
    assert list(config.default_hooks) == ["timer"]
    assert config.visualizer.type == "PoseLocalVisualizer"


def test_pose_estimators_keep_their_meaning() -> None:
    config = config_of(model=dict(type="TopdownPoseEstimator"), train_dataloader=dict(dataset=BOXES))
    assert config.train_dataloader.dataset == BOXES
