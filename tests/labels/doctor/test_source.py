from __future__ import annotations

import json

import pytest
from doctor_files import CATEGORY, NAMES, keypoints, person, write

from posekit.config import loads
from posekit.labels.doctor.source import config_sources, file_source, find_folder
from posekit.labels.doctor.table import InstanceTable

SET = dict(dataset_name="seven", keypoint_info={i: dict(id=i, name=name, swap="") for i, name in enumerate(NAMES)})


def settings(folder, **changes):
    return dict(
        type="BaseCocoStyleDataset", data_root=str(folder), ann_file="own.json", metainfo=SET, **changes
    )  # fmt: skip


@pytest.mark.parametrize(
    ("annotations", "images"), [("own.json", "."), ("own.json", "images"), ("ann/own.json", "."), ("a/o.json", "b")]
)
def test_images_are_found_near_the_file(annotations, images, tmp_path):
    for path in (tmp_path / annotations, tmp_path / images / "sub" / "x.jpg", tmp_path / "other" / "y.jpg"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert find_folder(str(tmp_path / annotations), ["sub/x.jpg", "sub/gone.jpg"]) == tmp_path / images
    assert find_folder(str(tmp_path / annotations), ["zero\0.jpg", "x" * 5000]) is None


def test_a_named_keypoint_set_is_used(tmp_path):
    path = write(tmp_path, [person(keypoints=[1] * 42)])
    table = InstanceTable.read(file_source(path, keypoints="lsp"))
    assert table.metainfo["dataset_name"] == "lsp"
    assert len(table.points) == 1


def test_config_names_each_file_once(tmp_path):
    write(tmp_path, [person()])
    write(tmp_path, [person(2, 2)], name="val.json")
    config = dict(
        train_dataloader=dict(dataset=settings(tmp_path, pipeline=[dict(type="LoadImage")], data_prefix=dict(img="i"))),
        val_dataloader=dict(dataset=settings(tmp_path, test_mode=True) | dict(ann_file="val.json")),
    )
    config["test_dataloader"] = config["val_dataloader"]
    sources = config_sources(config)
    assert [source.name for source in sources] == ["train", "val"]
    table = InstanceTable.read(sources[0])
    assert table.images.paths[0] == str(tmp_path / "i" / "1.png")
    assert table.metainfo["dataset_name"] == "seven"


def test_data_sets_of_data_sets_are_taken_apart(tmp_path):
    config = loads(
        "part = dict(type='CocoDataset', ann_file='a.json')\n"
        "other = dict(type='RepeatDataset', times=2, dataset=dict(type='CocoDataset', ann_file='b.json'))\n"
        "train_dataloader = dict(dataset=dict(type='CombinedDataset', metainfo={}, datasets=[part, other]))\n"
    )
    sources = config_sources(config)
    assert [(source.name, source.dataset.ann_file) for source in sources] == [
        ("train", "a.json"),
        ("train 2", "b.json"),
    ]


def test_the_data_sets_own_reading_is_used(tmp_path):
    hand = dict(lefthand_kpts=[5, 5, 2] * 21, lefthand_box=[1, 1, 9, 9], lefthand_valid=True)
    (tmp_path / "hands.json").write_text(
        json.dumps(dict(images=[dict(id=1, file_name="a", width=20, height=20)], annotations=[person(**hand)]))
    )
    dataset = dict(type="CocoWholeBodyHandDataset", ann_file=str(tmp_path / "hands.json"))
    table = InstanceTable.read(config_sources(dict(train_dataloader=dict(dataset=dataset)))[0])
    assert table.points.shape == (1, 21, 3)
    assert table.boxes.tolist() == [[1, 1, 10, 10]]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "the config has no dataset in train_dataloader, val_dataloader, test_dataloader"),
        (
            dict(val_dataloader=dict(dataset=dict(type="Human36mDataset", ann_file="a"))),
            "val_dataloader.dataset: Human36mDataset keeps no COCO-style keypoints",
        ),
    ],
)
def test_configs_without_coco_files(config, message):
    with pytest.raises(ValueError, match=message):
        config_sources(config)


def test_first_pixel_is_at_zero_in_the_table(tmp_path):
    mpii_like = write(tmp_path, [person(keypoints=keypoints())], categories=[CATEGORY])
    source = file_source(mpii_like)
    from dataclasses import replace

    type_with_origin = type("FromOne", (type(source.dataset),), {"FORMAT": replace(source.dataset.FORMAT, origin=1.0)})
    source.dataset.__class__ = type_with_origin
    assert InstanceTable.read(source).points[0, 0].tolist() == [49, 19, 2]
