"""Models from configs, and their predictions for images."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posekit.apis import inference_bottomup, inference_topdown, init_model
from posekit.apis.inference import predictor_of
from posekit.checkpoints.save import save_weights

CODEC = {"type": "MSRAHeatmap", "input_size": (32, 32), "heatmap_size": (8, 8), "sigma": 2}
CONFIG: dict[str, Any] = {
    "model": {
        "type": "TopdownPoseEstimator",
        "data_preprocessor": {"type": "PoseDataPreprocessor", "bgr_to_rgb": True},
        "backbone": {"type": "ResNet", "depth": 18, "stem_channels": 4, "base_channels": 4},
        "head": {
            "type": "HeatmapHead",
            "in_channels": 32,
            "out_channels": 17,
            "deconv_out_channels": (4, 4, 4),
            "decoder": CODEC,
        },
        "test_cfg": {"flip_test": True},
    },
    "test_dataloader": {
        "dataset": {
            "type": "CocoDataset",
            "pipeline": [
                {"type": "LoadImage"},
                {"type": "GetBBoxCenterScale"},
                {"type": "TopdownAffine", "input_size": (32, 32)},
                {"type": "PackPoseInputs"},
            ],
        }
    },
}
IMAGE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model() -> Any:
    return init_model(CONFIG)


def test_init_model_is_ready_to_predict(model: Any) -> None:
    assert not model.training
    assert model.dataset_meta["dataset_name"] == "coco"
    assert model.cfg["model"]["type"] == "TopdownPoseEstimator"


def test_the_keypoint_set_of_a_repeated_data_set() -> None:
    config = copy.deepcopy(CONFIG)
    inner = {"type": "RepeatDataset", "times": 2, "dataset": {"type": "CrowdPoseDataset"}}
    config["test_dataloader"]["dataset"] = {"type": "ConcatDataset", "datasets": [inner]}
    assert init_model(config).dataset_meta["dataset_name"] == "crowdpose"


def test_every_box_gives_a_sample(model: Any) -> None:
    boxes = [[0, 0, 20, 30], [10, 5, 40, 40], [30, 10, 60, 45]]
    samples = inference_topdown(model, IMAGE, boxes)
    assert [sample.pred_instances.keypoints.shape for sample in samples] == [(1, 17, 2)] * 3
    assert samples[1].pred_instances.bboxes.tolist() == [[10, 5, 40, 40]]


def test_batches_give_what_single_boxes_give(model: Any) -> None:
    boxes = np.array([[0, 0, 20, 30], [10, 5, 40, 40]], dtype=np.float32)
    together = inference_topdown(model, IMAGE, boxes)
    (alone,) = inference_topdown(model, IMAGE, boxes[1:])
    np.testing.assert_allclose(together[1].pred_instances.keypoints, alone.pred_instances.keypoints, atol=1e-3)


def test_without_boxes_the_whole_image_counts(model: Any) -> None:
    (sample,) = inference_topdown(model, IMAGE)
    assert sample.pred_instances.bboxes.tolist() == [[0, 0, 64, 48]]


def test_xywh_boxes(model: Any) -> None:
    (sample,) = inference_topdown(model, IMAGE, [[10, 5, 30, 35]], bbox_format="xywh")
    assert sample.pred_instances.bboxes.tolist() == [[10, 5, 40, 40]]


@pytest.mark.parametrize(
    ("boxes", "kind", "message"),
    [([[0, 0, 1]], "xyxy", "four numbers"), ([[0, 0, 1, 1]], "cxcywh", "bbox_format: 'cxcywh' is not supported")],
)
def test_bad_boxes_are_named(model: Any, boxes: Any, kind: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        inference_topdown(model, IMAGE, boxes, kind)


def test_files_are_read(model: Any, tmp_path: Path) -> None:
    import cv2

    path = tmp_path / "a.png"
    cv2.imwrite(str(path), IMAGE)
    (from_file,), (from_array,) = inference_topdown(model, path), inference_topdown(model, IMAGE)
    np.testing.assert_array_equal(from_file.pred_instances.keypoints, from_array.pred_instances.keypoints)


def test_a_checkpoint_brings_weights_and_keypoint_set(model: Any, tmp_path: Path) -> None:
    meta = {**model.dataset_meta, "dataset_name": "mine"}
    path = save_weights(tmp_path / "a", model.state_dict(), {"dataset_meta": meta})
    loaded = init_model(CONFIG, path)
    assert loaded.dataset_meta["dataset_name"] == "mine"
    (one,), (other,) = inference_topdown(loaded, IMAGE), inference_topdown(model, IMAGE)
    np.testing.assert_array_equal(one.pred_instances.keypoints, other.pred_instances.keypoints)


def test_a_config_without_test_pipeline_says_so() -> None:
    config = copy.deepcopy(CONFIG)
    del config["test_dataloader"]
    with pytest.raises(ValueError, match=r"no test_dataloader\.dataset\.pipeline"):
        inference_topdown(init_model(config), IMAGE)


def test_pretrained_weights_are_not_fetched() -> None:
    config = copy.deepcopy(CONFIG)
    config["model"]["backbone"]["init_cfg"] = {"type": "Pretrained", "checkpoint": "nowhere.pth"}
    init_model(config)
    assert "init_cfg" in config["model"]["backbone"]


def test_bottomup_gives_one_sample(tmp_path: Path) -> None:
    config = copy.deepcopy(CONFIG)
    config["model"]["type"] = "BottomupPoseEstimator"
    config["test_dataloader"]["dataset"]["pipeline"][1:3] = [{"type": "BottomupResize", "input_size": (32, 32)}]
    (sample,) = inference_bottomup(init_model(config), IMAGE)
    assert sample.pred_instances.keypoints.shape == (1, 17, 2)


def with_steps(*steps: dict[str, Any]) -> Any:
    config = copy.deepcopy(CONFIG)
    config["test_dataloader"]["dataset"]["pipeline"] = list(steps)
    return init_model(config)


def test_a_pipeline_without_its_end_is_named() -> None:
    model = with_steps({"type": "LoadImage"}, {"type": "BottomupResize", "input_size": (32, 32)})
    message = (
        r"\(LoadImage, BottomupResize\) ends without inputs and data_samples; its last step must be PackPoseInputs"
    )
    with pytest.raises(ValueError, match=message):
        inference_bottomup(model, IMAGE)


def test_the_recipe_gives_what_the_config_s_own_pipeline_gives() -> None:
    """The options of PackPoseInputs send the same model through its pipeline; not a bit may differ."""
    crop: dict[str, Any] = {"type": "TopdownAffine", "input_size": (32, 48), "border_value": (9, 99, 199)}
    for use_udp in (False, True):
        steps = [{"type": "LoadImage"}, {"type": "GetBBoxCenterScale", "padding": 1.3}, {**crop, "use_udp": use_udp}]
        keys = {"meta_keys": ["id", "img_id", "img_path", "ori_shape", "img_shape", "input_size", "flip_indices"]}
        recipe, pipeline = (
            with_steps(*steps, {"type": "PackPoseInputs"}),
            with_steps(*steps, {"type": "PackPoseInputs", **keys}),
        )
        pipeline.load_state_dict(recipe.state_dict())
        boxes = [[0.3, 0.7, 20.1, 30.9], [-10, 5, 40, 70], [30, 10, 90, 45]]
        for one, other in zip(
            inference_topdown(recipe, IMAGE, boxes), inference_topdown(pipeline, IMAGE, boxes), strict=True
        ):
            np.testing.assert_array_equal(one.affine.matrix, other.affine.matrix)
            np.testing.assert_array_equal(one.pred_instances.keypoints, other.pred_instances.keypoints)
            np.testing.assert_array_equal(one.pred_instances.bboxes, other.pred_instances.bboxes)
            assert one.metainfo.keys() >= {*keys["meta_keys"], "affine"}


def test_only_the_kept_keypoints_and_their_set() -> None:
    config = copy.deepcopy(CONFIG)
    config["model"]["test_cfg"] = {"output_keypoint_indices": [5, 6]}
    model = init_model(config)
    (result,) = predictor_of(model).predict([IMAGE])
    assert result.keypoints.shape == (1, 2, 2)
    assert result.skeleton["keypoint_id2name"] == {0: "left_shoulder", 1: "right_shoulder"}


@pytest.mark.parametrize("image", [IMAGE[..., 0], np.dstack([IMAGE, IMAGE[..., :1]])], ids=["grey", "transparent"])
def test_grey_and_transparent_arrays(model: Any, image: np.ndarray) -> None:
    (sample,) = inference_topdown(model, image)
    assert sample.pred_instances.bboxes.tolist() == [[0, 0, 64, 48]]
