"""A COCO file that names its keypoints needs no other keypoint set."""

from __future__ import annotations

import json

import pytest
from coco_files import TRIANGLE, annotation, image

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.datasets.body import CocoDataset
from posekit.keypoints.proposed_skeleton import mirrored_names


class Triangle(BaseCocoStyleDataset):
    METAINFO = TRIANGLE


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("left_eye", "right_eye"),
        ("EyeLeft", "EyeRight"),
        ("l_hip", "r_hip"),
        ("hip.R", "hip.L"),
        ("leftear", "rightear"),
        ("LShoulder", "RShoulder"),
        ("Left Front Paw", "Right Front Paw"),
        ("forelegL4", "forelegR4"),
        ("R1", "L1"),
        ("paw_l2", "paw_r2"),
        ("tail", ""),
        ("lip", ""),
        ("cleft", ""),
    ],
)
def test_mirrored_name(name, other):
    names = ["nose", "tail", "lip", "rip", "cleft", "cright", name, other]
    assert mirrored_names(names)[name] == other
    if other:
        assert mirrored_names(names)[other] == name


def build(tmp_path, category, kind=BaseCocoStyleDataset, **arguments):
    data = dict(images=[image(1)], annotations=[annotation(1)], categories=[category])
    (tmp_path / "own.json").write_text(json.dumps(data))
    arguments = arguments or dict(metainfo=dict(from_annotation=True))
    return kind("own.json", data_root=str(tmp_path), **arguments)


def test_keypoint_set_of_the_categories(tmp_path, caplog):
    category = dict(name="mouse", keypoints=["nose", "left_ear", "right_ear"], skeleton=[[1, 2], [1, 3]])
    meta = build(tmp_path, category).metainfo
    assert meta["dataset_name"] == "mouse"
    assert meta["flip_indices"] == [0, 2, 1]
    assert meta["skeleton_links"] == [[0, 1], [0, 2]]
    assert meta["sigmas"].size == 0
    left, right = meta["keypoint_colors"][1:].tolist()
    assert left != right
    assert meta["skeleton_link_colors"].tolist() == [left, right]
    assert "proposed to swap when mirrored: left_ear and right_ear" in caplog.text


@pytest.mark.parametrize("kind", [BaseCocoStyleDataset, CocoDataset])
def test_keypoints_of_the_file_if_no_set_is_given(kind, tmp_path, caplog):
    category = dict(name="mouse", keypoints=["nose", "left_ear", "right_ear"])
    dataset = build(tmp_path, category, kind, metainfo=None)
    assert dataset.metainfo["keypoint_id2name"] == {0: "nose", 1: "left_ear", 2: "right_ear"}
    assert dataset[0]["flip_indices"] == [0, 2, 1]
    assert "proposed to swap when mirrored: left_ear and right_ear" in caplog.text


class AnyTriangle(Triangle):
    ANY_KEYPOINTS = True


def test_as_many_keypoints_as_the_class_has_are_not_the_same(tmp_path, caplog):
    """The flip pairs of another set must not be taken because the numbers agree, as 17 animal keypoints would."""
    other = dict(name="mouse", keypoints=["left_hand", "right_hand", "nose"])
    assert build(tmp_path, other, AnyTriangle, metainfo=None).metainfo["flip_indices"] == [1, 0, 2]
    assert "proposed to swap when mirrored: left_hand and right_hand" in caplog.text
    caplog.clear()
    same = dict(name="mouse", keypoints=["Nose", "left hand", "RightHand"])
    assert build(tmp_path, same, AnyTriangle, metainfo=None).metainfo["dataset_name"] == "triangle"
    assert not caplog.text


def test_a_set_that_fits_or_is_given_stays(tmp_path):
    named = dict(name="mouse", keypoints=["a", "b", "c"])
    assert build(tmp_path, named, Triangle, metainfo=None).metainfo["dataset_name"] == "triangle"
    with pytest.raises(ValueError, match="9 numbers where 51 belong"):
        build(tmp_path, named, metainfo=dict(from_file="coco"), test_mode=True)
    with pytest.raises(ValueError, match="9 numbers where 51 belong"):  # the file's names fit its labels no better
        build(tmp_path, dict(name="mouse", keypoints=["a"]), CocoDataset, metainfo=None, test_mode=True)


@pytest.mark.parametrize("category", [dict(name="mouse"), dict(keypoints="a"), dict(keypoints=["a"])])
def test_no_keypoint_set_at_all(category, tmp_path):
    with pytest.raises(ValueError, match=r"own.json: BaseCocoStyleDataset has no keypoint set"):
        build(tmp_path, category, metainfo=None)


def test_problems(tmp_path):
    with pytest.raises(ValueError, match="no category names its keypoints; give metainfo"):
        build(tmp_path, dict(name="mouse"))
    with pytest.raises(ValueError, match="'7' is no keypoint of the set"):
        build(tmp_path, dict(keypoints=["a", "b", "c"], skeleton=[[1, 7]]))
    with pytest.raises(ValueError, match="names must be unique"):
        build(tmp_path, dict(keypoints=["a", "b", "b"]))
