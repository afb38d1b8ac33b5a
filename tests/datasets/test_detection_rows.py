"""Boxes of COCO files as samples of detectors, from the file to what is packed."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from posekit.registry import DATASETS, TRANSFORMS

CATEGORIES = [{"id": 3, "name": "dog"}, {"id": 1, "name": "person"}]
ANNOTATIONS: list[dict[str, Any]] = [
    {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 30]},
    {"id": 2, "image_id": 1, "category_id": 3, "bbox": [50, 5, 90, 20]},
    {"id": 3, "image_id": 1, "category_id": 1, "bbox": [5, 5, 60, 40], "iscrowd": 1},
    {"id": 4, "image_id": 1, "category_id": 1, "bbox": [2, 30, 10, 10], "box_source": "detector"},
    {"id": 5, "image_id": 2, "category_id": 1, "bbox": [70, 10, 20, 20]},
    {"id": 6, "image_id": 2, "category_id": 1, "bbox": [79.5, 10, 20, 20]},
]


@pytest.fixture
def build(tmp_path: Path) -> Any:
    """Return a function that writes a file of three images of 80 x 60 pixels and opens it."""

    def make(annotations: list[dict[str, Any]] = ANNOTATIONS, **settings: Any) -> Any:
        images = [{"id": i, "file_name": f"{i}.png", "width": 80, "height": 60} for i in (1, 2, 3)]
        for info in images:
            cv2.imwrite(str(tmp_path / info["file_name"]), np.full((60, 80, 3), 60 * info["id"], np.uint8))
        content = {"images": images, "annotations": annotations, "categories": CATEGORIES}
        (tmp_path / "boxes.json").write_text(json.dumps(content))
        return DATASETS.build(
            {"type": "CocoDetDataset", "ann_file": "boxes.json", "data_root": f"{tmp_path}/", **settings}
        )

    return make


def test_boxes_of_poses_are_of_the_first_class() -> None:
    box = np.array([[9.5, 9.5, 29.5, 39.5]], np.float32)
    packed: Any = TRANSFORMS.build({"type": "PackDetInputs"})({"img": np.zeros((60, 80, 3), np.uint8), "bbox": box})
    instances = packed["data_samples"].gt_instances
    assert instances.bboxes.tolist() == [[10, 10, 30, 40]]
    assert (instances.labels.tolist(), instances.ignored.tolist()) == ([0], [False])


def test_labels_follow_the_categories_by_id(build: Any) -> None:
    dataset = build()
    info = dataset.get_data_info(0)
    assert dataset.metainfo["classes"] == ("person", "dog")
    assert dataset.metainfo["category_ids"] == [1, 3]
    assert info["labels"].tolist() == [0, 1, 0, 0]
    # cut at the border; half a pixel less than in the file, as pixel centres sit at integers
    assert info["bbox"].tolist()[:2] == [[9.5, 9.5, 29.5, 39.5], [49.5, 4.5, 79.5, 24.5]]


def test_packed_boxes_are_those_of_the_file(build: Any) -> None:
    flip = {"type": "RandomFlip", "prob": 1.0}
    resize = {"type": "Resize", "scale": (160, 120)}
    dataset = build(pipeline=[{"type": "LoadImage"}, flip, resize, {"type": "PackDetInputs"}])
    assert dataset[1]["data_samples"].gt_instances.bboxes.tolist() == [[0, 20, 20, 60]]


def test_classes_choose_and_order(build: Any) -> None:
    dataset = build(metainfo={"classes": ["dog"]})
    assert dataset.get_data_info(0)["labels"].tolist() == [0]
    assert [len(dataset.get_data_info(index)["bbox"]) for index in range(3)] == [1, 0, 0]


def test_regions_to_ignore(build: Any) -> None:
    assert build().get_data_info(0)["ignored"].tolist() == [False, False, True, False]
    dataset = build(ignore_where={"box_source": "detector"})
    assert dataset.get_data_info(0)["ignored"].tolist() == [False, False, True, True]


def test_boxes_of_less_than_a_pixel_are_left_out(build: Any) -> None:
    assert build().get_data_info(1)["bbox"].tolist() == [[69.5, 9.5, 79.5, 29.5]]


@pytest.mark.parametrize(
    ("settings", "count"),
    [({}, 3), ({"filter_cfg": {"filter_empty_gt": True}}, 2), ({"filter_cfg": {"min_size": 61}}, None)],
)
def test_filters(build: Any, settings: dict[str, Any], count: int | None) -> None:
    if count is None:
        with pytest.raises(ValueError, match="no image passes filter_cfg"):
            build(**settings)
        return
    assert len(build(**settings)) == count
    assert len(build(**settings, test_mode=True)) == 3


def test_an_unknown_class_is_named(build: Any) -> None:
    with pytest.raises(ValueError, match=r"no category named 'cat'; it has 'person', 'dog'"):
        build(metainfo={"classes": ["cat"]})


def test_classes_that_are_no_list_are_refused(build: Any) -> None:
    with pytest.raises(ValueError, match="must be a list of names, found 'person'"):
        build(metainfo={"classes": "person"})


def test_malformed_boxes_are_named(build: Any, caplog: pytest.LogCaptureFixture) -> None:
    broken = [*ANNOTATIONS, {"id": 9, "image_id": 3, "category_id": 1, "bbox": [1, 2, 3]}]
    with caplog.at_level(logging.WARNING):
        assert len(build(broken).get_data_info(2)["bbox"]) == 0
    assert "annotation 9: bbox: 3 numbers where 4 belong" in caplog.text
    with pytest.raises(ValueError, match="annotation 9"):
        build(broken, test_mode=True)


MIXES = {
    "own": [
        {"type": "LoadImage"},
        {"type": "CachedMosaic", "img_scale": (64, 48), "max_cached_images": 6},
        {"type": "BottomupRandomAffine", "input_size": (64, 64), "bbox_keep_corner": False, "clip_border": True},
        {"type": "YOLOXHSVRandomAug"},
        {"type": "RandomFlip"},
        {"type": "FilterAnnotations", "by_box": True, "by_kpt": False, "keep_empty": False},
    ],
    "rtmdet": [
        {"type": "LoadImageFromFile"},
        {"type": "LoadAnnotations", "with_bbox": True},
        {"type": "CachedMosaic", "img_scale": (64, 64)},
        {"type": "RandomResize", "scale": (128, 128), "ratio_range": (0.5, 1.5), "keep_ratio": True},
        {"type": "RandomCrop", "crop_size": (64, 64)},
        {"type": "RandomFlip", "prob": 0.5},
        {"type": "Pad", "size": (64, 64), "pad_val": {"img": (114, 114, 114)}},
        {"type": "CachedMixUp", "img_scale": (64, 64), "max_cached_images": 3, "pad_val": (114, 114, 114)},
    ],
    "yolox": [
        {"type": "LoadImageFromFile"},
        {"type": "Mosaic", "img_scale": (64, 64)},
        {"type": "RandomAffine", "scaling_ratio_range": (0.5, 1.5), "border": (-32, -32)},
        {"type": "MixUp", "img_scale": (64, 64), "ratio_range": (0.8, 1.6)},
        {"type": "Resize", "scale": (64, 64), "keep_ratio": True},
        {"type": "Pad", "pad_to_square": True},
    ],
}


@pytest.mark.parametrize("name", MIXES)
def test_training_pipelines_keep_boxes_inside(build: Any, name: str) -> None:
    dataset = build(pipeline=[*MIXES[name], {"type": "PackDetInputs"}])
    counts = []
    for index in [0, 1, 2] * 6:
        sample = dataset[index]
        instances = sample["data_samples"].gt_instances
        assert tuple(sample["inputs"].shape) == (3, 64, 64)
        assert instances.bboxes.min(initial=0) >= 0
        assert instances.bboxes.max(initial=0) <= 64
        assert len(instances.labels) == len(instances.ignored) == len(instances.bboxes)
        counts.append(len(instances))
    assert max(counts) > 4  # mixed from several images


def test_crops_are_drawn_anew_until_they_show_a_box(build: Any) -> None:
    step = {"type": "RandomCrop", "crop_size": (30, 30)}
    dataset = build(pipeline=[{"type": "LoadImage"}, step, {"type": "PackDetInputs"}])
    shown = []
    for epoch in range(8):
        dataset.set_epoch(epoch)
        shown.append(len(dataset[0]["data_samples"].gt_instances))
    assert min(shown) >= 1
    assert len(dataset[2]["data_samples"].gt_instances) == 0


def test_a_flip_after_a_move_keeps_the_border(build: Any) -> None:
    move = {"type": "RandomAffine", "scaling_ratio_range": (0.5, 0.5), "border_val": 77}
    pipeline = [{"type": "LoadImage"}, move, {"type": "RandomFlip", "prob": 1.0}, {"type": "PackDetInputs"}]
    assert build(pipeline=pipeline)[0]["inputs"][:, 0, 0].tolist() == [77, 77, 77]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"type": "Resize"}, "give either scale"),
        ({"type": "Resize", "scale": (8, 8), "backend": "pillow"}, "only 'bilinear' of 'cv2'"),
        ({"type": "RandomResize", "scale": (8, 8)}, "give one scale with ratio_range"),
        ({"type": "RandomResize", "scale": (8, 8), "ratio_range": (1, 2), "resize_type": "Warp"}, "use 'Resize'"),
        ({"type": "Pad"}, "give size"),
        ({"type": "Pad", "size": (8, 8), "padding_mode": "edge"}, "use 'constant'"),
        ({"type": "LoadAnnotations", "with_mask": True}, "instance masks"),
        ({"type": "CachedMosaic", "max_cached_images": 3}, "must be above 3"),
    ],
)
def test_bad_settings_are_refused(build: Any, step: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(pipeline=[{"type": "LoadImage"}, step])


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"type": "Pad", "size": (70, 70)}, "80 x 60 does not fit into 70 x 70"),
        ({"type": "RandomAffine", "border": (-40, -40)}, "leaves nothing of an image of 80 x 60"),
    ],
)
def test_images_that_do_not_fit_are_named(build: Any, step: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(pipeline=[{"type": "LoadImage"}, step], test_mode=True)[0]


def test_random_sizes_between_two_scales(build: Any) -> None:
    step = {"type": "RandomResize", "scale": [(40, 30), (80, 60)], "keep_ratio": False}
    dataset = build(pipeline=[{"type": "LoadImage"}, step, {"type": "PackDetInputs"}])
    height, width = dataset[0]["inputs"].shape[1:]
    assert 40 <= width <= 80
    assert 30 <= height <= 60
