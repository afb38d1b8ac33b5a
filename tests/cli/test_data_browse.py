from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from posekit.cli import main as cli

CONFIG = """
names = ["mouth", "left_fin", "right_fin"]
info = dict(dataset_name="fish", keypoint_info={i: dict(id=i, name=n, swap="") for i, n in enumerate(names)})
codec = dict(type="MSRAHeatmap", input_size=(48, 64), heatmap_size=(12, 16), sigma=1)
pipeline = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="RandomBBoxTransform"),
    dict(type="TopdownAffine", input_size=(48, 64)),
    dict(type="GenerateTarget", encoder=codec),
    dict(type="PackPoseInputs"),
]
train_dataloader = dict(dataset=dict(type="CocoDataset", ann_file="fish.json", metainfo=info, pipeline=pipeline))
"""

CROWD = """
pipeline = [dict(type="LoadImage"), dict(type="BottomupResize", input_size=(64, 64)), dict(type="PackPoseInputs")]
train_dataloader = dict(
    dataset=dict(type="CocoDataset", ann_file="fish.json", metainfo=info, data_mode="bottomup", pipeline=pipeline)
)
"""


@pytest.fixture(autouse=True)
def fish(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    points = [15, 15, 2, 30, 30, 2, 20, 40, 1]
    images = [dict(id=i, file_name=f"{i}.png", width=80, height=60) for i in range(5)]
    annotations = [dict(id=i, image_id=i, category_id=1, bbox=[10, 10, 40, 40], keypoints=points) for i in range(5)]
    (tmp_path / "fish.json").write_text(json.dumps(dict(images=images, annotations=annotations)))
    for i in range(4):
        cv2.imwrite(f"{i}.png", np.full((60, 80, 3), 50 * i, np.uint8))
    (tmp_path / "my.py").write_text(CONFIG)


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(["data", "browse", *arguments])
    return int(done.value.code or 0)


def test_gallery(tmp_path, capsys):
    assert call("my.py", "--num", "3") == 0
    page = (tmp_path / "gallery.html").read_text()
    assert "<title>train data of my.py</title>" in page
    assert page.count("data:image/jpeg;base64,") == 6
    assert "sample 4: image 4.png: no such file" in page
    said = capsys.readouterr()
    assert said.out == "2 of 5 samples: gallery.html\n"
    assert said.err.startswith("1 could not be shown, the first: sample 4: image 4.png: no such file")


def test_nothing_to_show_is_a_failure(tmp_path, capsys):
    for i in range(4):
        (tmp_path / f"{i}.png").unlink()
    assert call("my.py", "--num", "2") == 1
    assert capsys.readouterr().out == "0 of 5 samples: gallery.html\n"


def test_of_a_crowd_some_are_drawn(tmp_path):
    whole = json.loads((tmp_path / "fish.json").read_text())
    whole["annotations"] = [{**whole["annotations"][0], "id": i} for i in range(1200)]
    (tmp_path / "fish.json").write_text(json.dumps(whole))
    (tmp_path / "my.py").write_text(CONFIG.split("pipeline = ")[0] + CROWD)
    assert call("my.py") == 0
    assert "as loaded, 80 x 60, 100 of 1,200 instances" in (tmp_path / "gallery.html").read_text()


def test_the_seed_chooses_the_augmentation(tmp_path):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert call("my.py", "--num", "2", "--seed", seed, "--out", f"{name}.html") == 0
    a, b, c = ((tmp_path / f"{name}.html").read_text() for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["my.py", "--split", "val"], "the config has no val_dataloader with a dataset; it has train"),
        (["my.py", "--split", "training"], "--split training: use train, val, test"),
        (["gone.py"], "gone.py: no such file"),
        (["my.py", "--out", "."], ".: is a folder; name a file to write"),
        (["my.py", "--plugin", "gone_plugin"], "--plugin gone_plugin: no module 'gone_plugin', seen from"),
    ],
)
def test_mistakes_of_the_call_are_one_line(arguments, message, capsys):
    assert call(*arguments) == cli.USER_ERROR
    assert message in capsys.readouterr().err
