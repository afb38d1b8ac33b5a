"""Errors on files that are well-formed and yet hold nothing to convert."""

from __future__ import annotations

import json
from array import array
from pathlib import Path

import pytest

from posekit.labels.format_table import get_format
from posekit.labels.keypoint_data import Hints
from posekit.labels.place import Place, json_bytes, json_pieces
from posekit.media.video import read_frame

TASK = {"data": {"image": "a.jpg"}, "annotations": [{"result": []}]}


@pytest.mark.parametrize(
    ("name", "files", "message"),
    [
        ("coco", {"a.txt": ""}, "no COCO file .* in this folder"),
        ("coco", {"a.json": [1]}, None),
        ("yolo", {"a.yaml": "names: [a]"}, "no YAML file with kpt_shape, which YOLO-pose data has; give its data.yaml"),
        ("yolo", {"a.yaml": "- kpt_shape"}, r"a.yaml: found \['kpt_shape'\], expected an object with keys"),
        (
            "yolo",
            {"a.yaml": "kpt_shape: [1, 3]\nnames: [a]"},
            "found no images, expected some under train, val or test",
        ),
        ("yolo", {"a.yaml": "kpt_shape: [1, 3]\nnames: []"}, "names: found none, expected the names of the classes"),
        ("yolo", {"a.yaml": "kpt_shape: [1, 3]\nnames: [a]\nkpt_names: [[a, b]]"}, "found 2 names, expected 1, as kpt"),
        ("deeplabcut", {"config.yaml": "bodyparts: []"}, "bodyparts: found none, expected the names of the body parts"),
        ("deeplabcut", {"config.yaml": "bodyparts: [a]"}, "no labeled-data/.* here; give the folder with config.yaml"),
        ("deeplabcut", {"CollectedData_A.csv": ""}, "found an empty file, expected rows that start with scorer"),
        ("labelme", {"a.json": {}}, r"no labelme file \(.json with shapes\) here"),
        (
            "labelme",
            {"a.json": {"shapes": [{"label": "a", "points": [], "shape_type": "point"}]}},
            "found 0 points, expe",
        ),
        (
            "labelme",
            {"a.json": {"shapes": [{"label": "a", "points": [[1, 2]], "shape_type": "rectangle"}]}},
            "two corners",
        ),
        ("openpose", {"a.json": {}}, r"no OpenPose file \(\*_keypoints.json\) here"),
        ("labelstudio", {"tasks.json": {}}, r"tasks.json: found \{\}, expected a list; is it another format"),
        ("labelstudio", {"tasks.json": [{**TASK, "data": {}}]}, r"\[0\], data: found \{\}, expected the address"),
        ("cvat", {"annotations.xml": "<annotations/>"}, "found no image, expected at least one"),
    ],
)
def test_nothing_to_convert(name, files, message, tmp_path):
    for file, content in files.items():
        (tmp_path / file).write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        get_format(name).read(tmp_path, Hints())
    assert str(tmp_path) in str(caught.value)


def test_keypoints_that_are_not_among_those_given(tmp_path):
    region = {"type": "keypointlabels", "value": {"x": 1, "y": 2, "keypointlabels": ["b"]}}
    region |= {"original_width": 10, "original_height": 10}
    (tmp_path / "tasks.json").write_text(json.dumps([{**TASK, "annotations": [{"result": [region]}]}]))
    with pytest.raises(ValueError, match=r"--keypoints: .* has keypoints 'b', which is none of a"):
        get_format("labelstudio").read(tmp_path, Hints(keypoints=("a",)))


def test_missing_video(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"video .*a.avi: no such file; bring it there, its frames 3"):
        read_frame(tmp_path / "a.avi", 3)


def test_text_in_another_encoding(tmp_path):
    (tmp_path / "CollectedData_A.csv").write_bytes("scorer,Zoë".encode("latin-1"))
    with pytest.raises(ValueError, match="byte 9 is no UTF-8 text; save the file as UTF-8"):
        get_format("deeplabcut").read(tmp_path, Hints())


@pytest.mark.parametrize("values", [[1, 2.5, -3], ["1", 2, "3.5"], array("d", [1, 2]), []])
def test_numbers(values):
    assert Place(Path("a.json")).numbers(values) == [float(value) for value in values]


@pytest.mark.parametrize("wrong", [True, None, "x", float("nan"), float("inf"), 10**400, -1e12, [1]])
@pytest.mark.parametrize("place", [0, 1])
def test_wrong_numbers(wrong, place):
    values = [2.5, 3]
    values.insert(place, wrong)
    with pytest.raises(ValueError, match="expected a number"):
        Place(Path("a.json")).numbers(values)


@pytest.mark.parametrize("items", [[], [{"a": "ä"}], [1, [2.5], None]])
def test_json_in_pieces(items):
    whole = {"images": [{"id": 1}], "annotations": items}
    assert b"".join(json_pieces({"images": [{"id": 1}]}, "annotations", items)) == json_bytes(whole)
