from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from posekit.cli import main as cli
from posekit.cli.data import open_sources

CATEGORY = dict(id=1, name="fish", keypoints=["mouth", "left_fin", "right_fin"], skeleton=[[1, 2], [1, 3]])


def annotation(number, **changes):
    return dict(
        id=number, image_id=1, category_id=1, bbox=[10, 10, 40, 40], area=800, num_keypoints=3,
        keypoints=[15, 15, 2, 30, 30, 2, 20, 40, 1],
    ) | changes  # fmt: skip


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("a<b>.png", np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8))

    def file(*annotations, name="fish.json"):
        image = dict(id=1, file_name="a<b>.png", width=80, height=60)
        (tmp_path / name).write_text(
            json.dumps(dict(images=[image], annotations=annotations, categories=[CATEGORY]))
        )  # fmt: skip
        return name

    return file


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(["data", "check", *arguments])
    return int(done.value.code or 0)


def test_a_sound_file(write, capsys):
    assert call(write(annotation(1)), "--strict") == 0
    out = capsys.readouterr().out
    assert "fish.json: 1 images (1 read), 1 annotations, 1 to train on, keypoint set fish" in out
    assert "0 errors, 0 warnings, 0 notes" in out


def test_findings_are_printed_with_places_and_remedy(write, capsys):
    assert call(write(*(annotation(i, bbox=[10, 10, 0, 40]) for i in range(5)))) == 0
    out = capsys.readouterr().out
    assert "error empty box\n  5 boxes have a width or height of zero or less" in out
    assert "    annotation 2 on image 1\n    … and 2 more\n  Draw these boxes anew" in out


@pytest.mark.parametrize(("changes", "code"), [(dict(bbox=[10, 10, 0, 40]), 1), (dict(num_keypoints=1), 0)])
def test_strict_is_about_errors(write, changes, code):
    assert call(write(annotation(1, **changes)), "--strict") == code


def test_json_holds_everything(write, capsys):
    assert call(write(annotation(1, num_keypoints=1)), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"][0]["keypoints"][1]["name"] == "left_fin"
    assert [finding["kind"] for finding in found["findings"]] == ["wrong count"]


def test_page_with_images(write, tmp_path, capsys):
    assert call(write(annotation(1, num_keypoints=1)), "--out", "new/report.html") == 0
    page = (tmp_path / "new" / "report.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2
    assert "a&lt;b&gt;.png" in page
    assert "a<b>" not in page
    assert "report: new/report.html" in capsys.readouterr().out


def test_no_images_are_looked_at(write, capsys):
    file = write(annotation(1))
    assert call(file, "--images", "nowhere", "--max-images", "0", "--out", "report.html") == 0
    assert "(0 read)" in capsys.readouterr().out


def test_splits_with_one_image(write, capsys):
    assert call(write(annotation(1), name="a.json"), write(annotation(1), name="b.json"), "--strict") == 1
    out = capsys.readouterr().out
    assert "error same image across files  a.json and b.json" in out
    assert "a.json: a<b>.png = b.json: a<b>.png" in out


def test_files_of_one_name_are_told_apart_and_each_is_read_once(write, tmp_path, capsys):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write(annotation(1), name=f"{folder}/fish.json")
    assert call("one/fish.json", "two/fish.json", "one/fish.json") == 0
    out = capsys.readouterr().out
    assert "one/fish.json: a<b>.png = two/fish.json: a<b>.png" in out
    assert out.count("1 annotations, 1 to train on") == 2


def test_config(write, tmp_path, capsys):
    write(annotation(1))
    (tmp_path / "my.py").write_text(
        "names = ['mouth', 'left_fin', 'right_fin']\n"
        "points = {i: dict(id=i, name=name, swap='') for i, name in enumerate(names)}\n"
        "info = dict(dataset_name='fish3', keypoint_info=points)\n"
        "train_dataloader = dict(dataset=dict(type='CocoDataset', ann_file='fish.json', metainfo=info))\n"
    )
    assert call("my.py") == 0
    assert "train: 1 images (1 read), 1 annotations, 1 to train on, keypoint set fish3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.json"], "annotation file 'gone.json' is not there"),
        (["gone.py"], "gone.py: no such file"),
        (["."], ". is a folder; the check reads COCO-style .json files and configs (.py): posekit data convert . DEST"),
        (["a<b>.png"], "a<b>.png is no .json file; the check reads COCO"),
        (["fish.json", "--keypoints", "lps"], "keypoint set 'lps': no such file"),
        (["fish.json", "--images", "gone"], "--images gone: no such folder, seen from"),
        (["fish.json", "--out", "fish.json/page.html"], "fish.json is a file; choose another place"),
    ],
)
def test_mistakes_of_the_call_are_one_line(arguments, message, write, capsys):
    write(annotation(1))
    assert call(*arguments) == cli.USER_ERROR
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


def test_a_config_takes_no_folder():
    with pytest.raises(ValueError, match="leave --images and --keypoints out"):
        open_sources("my.py", None, "coco", [], [])
