"""Keypoint sets: the packaged ones, the search for files, and what validation finds."""

from __future__ import annotations

import copy
import json
import re

import numpy as np
import pytest
from coco_files import TRIANGLE

from posekit.config import load, packaged_configs
from posekit.keypoints.skeleton import Skeleton, load_metainfo

SETS = sorted(path.stem for path in (packaged_configs() / "_base_" / "datasets").glob("*.py"))
CORRECTED = {
    "coco_aic": "dataset_keypoint_weights",
    "humanart_aic": "dataset_keypoint_weights",
    "deepfashion2": "flip_indices",
}


def test_all_sets_are_packaged():
    assert len(SETS) == 56


@pytest.mark.parametrize("name", SETS)
def test_packaged_set_is_valid(name):
    skeleton = Skeleton.load(name)
    flip = np.array(skeleton.flip_indices)
    assert (flip[flip] == np.arange(skeleton.num_keypoints)).all()
    assert len(skeleton.weights) == skeleton.num_keypoints


def test_packaged_sets_hold_the_facts(shared):
    facts = json.loads((shared / "facts" / "keypoint_sets.json").read_text())
    assert set(facts) | {"lsp"} == set(SETS)
    for name, info in facts.items():
        meta = Skeleton.load(name).metainfo()
        points = [info["keypoint_info"][str(i)] for i in range(meta["num_keypoints"])]
        assert [meta["keypoint_id2name"][i] for i in range(len(points))] == [p["name"] for p in points]
        assert meta["keypoint_colors"].tolist() == [p["color"] for p in points]
        links = [info["skeleton_info"][str(i)] for i in range(meta["num_skeleton_links"])]
        named = [[meta["keypoint_id2name"][i] for i in link] for link in meta["skeleton_links"]]
        assert named == [link["link"] for link in links]
        assert meta["sigmas"].tolist() == np.array(info["sigmas"], np.float32).tolist()
        if CORRECTED.get(name) != "dataset_keypoint_weights":
            assert meta["dataset_keypoint_weights"].tolist() == np.array(info["joint_weights"], np.float32).tolist()
        if CORRECTED.get(name) != "flip_indices":
            swaps = [p["swap"] or p["name"] for p in points]
            assert [meta["keypoint_id2name"][i] for i in meta["flip_indices"]] == swaps


def test_metainfo():
    meta = Skeleton.from_info(TRIANGLE).metainfo()
    assert meta["flip_indices"] == [0, 2, 1]
    assert meta["flip_pairs"] == [[1, 2]]
    assert meta["upper_body_ids"] == [0, 1]
    assert meta["lower_body_ids"] == [2]
    assert meta["skeleton_links"] == [[0, 1], [0, 2]]
    assert meta["keypoint_name2id"] == {"nose": 0, "left_hand": 1, "right_hand": 2}
    assert meta["sigmas"].dtype == np.float32


@pytest.mark.parametrize(
    "spelling", ["coco", "coco.py", "configs/_base_/datasets/coco.py", "_base_/datasets/coco.py", "elsewhere/coco.py"]
)
def test_is_found_from_any_folder(spelling, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Skeleton.load(spelling).num_keypoints == 17


def test_a_users_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coco.py").write_text(f"dataset_info = {TRIANGLE!r}")
    assert Skeleton.load("coco.py").dataset_name == "triangle"


def test_unknown_set_suggests_near_ones():
    with pytest.raises(FileNotFoundError, match="did you mean 'coco'"):
        Skeleton.load("coc0")


def test_file_without_set(tmp_path):
    (tmp_path / "empty.py").write_text("a = 1")
    with pytest.raises(ValueError, match="must set dataset_info"):
        Skeleton.load(tmp_path / "empty.py")


def test_set_without_sigmas_has_no_oks():
    with pytest.raises(ValueError, match=r"'aflw' has no sigmas, so it has no OKS"):
        _ = Skeleton.load("aflw").oks_sigmas
    assert len(Skeleton.load("coco").oks_sigmas) == 17


DEFECTS = {
    "must be numbers": lambda info: info.update(sigmas=[-1, 0, 0]),
    "joint_weights: 2 values for 3 keypoints": lambda info: info.update(joint_weights=[1, 1]),
    "names must be unique, repeated: nose": lambda info: info["keypoint_info"][2].update(name="nose"),
    "swaps with 'left_hand', but 'left_hand' swaps with 'left_hand'": lambda info: info["keypoint_info"][1].update(
        swap=""
    ),
    "swaps with 'foot', which is no keypoint": lambda info: info["keypoint_info"][0].update(swap="foot"),
    "id 7 differs from its key": lambda info: info["keypoint_info"][2].update(id=7),
    "ids must be 0 to 2": lambda info: info["keypoint_info"].update({5: info["keypoint_info"].pop(2)}),
    "type 'middle' must be": lambda info: info["keypoint_info"][0].update(type="middle"),
    "color must be three whole numbers": lambda info: info["keypoint_info"][0].update(color=[1, 2]),
    "'noose' is no keypoint of the set; did you mean 'nose'": lambda info: info["skeleton_info"][0].update(
        link=("noose", "left_hand")
    ),
    "link must be two keypoint names": lambda info: info["skeleton_info"][0].update(link=("nose",)),
    "skeleton_info: ids must be whole numbers": lambda info: info["skeleton_info"].update({1e400: {"link": ()}}),
    "dataset_name: missing": lambda info: info.pop("dataset_name"),
    "must be a dict from ids": lambda info: info.update(keypoint_info={0: "nose"}),
}


@pytest.mark.parametrize("message", DEFECTS)
def test_defects_are_named(message):
    info = copy.deepcopy(TRIANGLE)
    DEFECTS[message](info)
    with pytest.raises(ValueError, match=re.escape(message)):
        Skeleton.from_info(info)


def test_all_defects_are_reported_at_once():
    info = copy.deepcopy(TRIANGLE)
    info["joint_weights"] = [1.0]
    info["sigmas"] = [0.1]
    info["keypoint_info"][0]["swap"] = "tail"
    with pytest.raises(ValueError, match=r"3 problems in the keypoint set mine\.py:"):
        Skeleton.from_info(info, source="mine.py")


def test_a_packaged_set_can_be_changed():
    meta = load_metainfo(dict(from_file="coco", dataset_name="mine", sigmas=[0.1] * 17))
    assert (meta["dataset_name"], meta["num_keypoints"]) == ("mine", 17)
    assert meta["sigmas"].tolist() == [np.float32(0.1)] * 17
    with pytest.raises(ValueError, match=r"coco.py, as metainfo changes it:\n  sigmas: 1 values for 17 keypoints"):
        load_metainfo(dict(from_file="coco", sigmas=[0.1]))


def written(tmp_path, name, change):
    """Write a packaged set with one change to a file of the same name elsewhere."""
    info = load(packaged_configs() / "_base_" / "datasets" / name)["dataset_info"].to_dict()
    change(info)
    (tmp_path / name).write_text(f"dataset_info = {info!r}")
    return tmp_path / name


PUBLISHED_DEFECTS = {
    "coco_aic.py": (lambda info: info["joint_weights"].pop(), "joint_weights: 18 values for 19 keypoints"),
    "deepfashion2.py": (lambda info: info["keypoint_info"][140].update(swap=""), "136.* swaps with 'vest_kpt13'"),
    "deepfashion_full.py": (
        lambda info: [info["keypoint_info"][key].update(id=key - 4) for key in range(4, 8)],
        "id 0 differs from its key and 3 more",
    ),
}


@pytest.mark.parametrize("name", PUBLISHED_DEFECTS)
@pytest.mark.parametrize("changes", [{}, {"dataset_name": "mine"}])
def test_published_defects_are_corrected_as_in_the_packaged_set(name, changes, tmp_path, caplog):
    change, message = PUBLISHED_DEFECTS[name]
    meta = load_metainfo(dict(from_file=str(written(tmp_path, name, change)), **changes))
    packaged = load_metainfo(dict(from_file=name, **changes))
    assert all(np.array_equal(meta[key], packaged[key]) for key in packaged)
    assert re.search(rf"{name}: .*{message}.*; corrected as in posekit's own {name}", caplog.text)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("coco.py", lambda info: info["keypoint_info"][0].update(name="snout", id=9), "'snout': id 9 differs"),
        ("coco.py", lambda info: info.update(sigmas=[0.1]), "sigmas: 1 values for 17"),
        ("coco.py", lambda info: info.update(keypoint_info=3), "keypoint_info: must be a dict"),
    ],
)
def test_other_defects_are_refused(name, change, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        Skeleton.load(written(tmp_path, name, change))
