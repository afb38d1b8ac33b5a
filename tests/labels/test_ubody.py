"""UBody, from a made-up miniature of what is handed out to its dataset class."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from raw_set_cases import BRIGHTER, make_video, number_of, unpack

from posekit.datasets.datasets.wholebody import UBody2dDataset

PARTS = {"keypoints": 17, "foot_kpts": 6, "face_kpts": 68, "lefthand_kpts": 21, "righthand_kpts": 21}


def label(number, image):
    points = {key: [float(number + 1), 2.0, 1.0] * count for key, count in PARTS.items()}
    return {"id": number, "image_id": image, "bbox": [1, 2, 30, 40], "area": 1200, "iscrowd": 0, **points}


def write_scene(folder, scene, names):
    """Write a scene with an image for each name, two people on the first."""
    images = [{"id": i, "file_name": name, "width": 64, "height": 48} for i, name in enumerate(names)]
    labels = [label(number, max(0, number - 1)) for number in range(len(names) + 1)]
    path = folder / "annotations" / scene / "keypoint_annotation.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"images": images, "annotations": labels, "categories": []}))
    return path


def make_ubody(folder):
    write_scene(folder, "Magic_show", ["/Magic_show_S1_Trim2/000001.png", "/Magic_show_S1_Trim2/000007.png"])
    write_scene(folder, "Movie", ["a/a/000003.png", "a/a/000099.png", "b/000002.png", "lost/000001.png"])
    make_video(folder / "videos" / "Magic_show" / "Magic_show_S1_Trim2.mp4", rate=30)
    make_video(folder / "videos" / "Movie" / "a" / "a.mp4", rate=30)
    extracted = folder / "images" / "Movie" / "b" / "000002.png"
    extracted.parent.mkdir(parents=True)
    cv2.imwrite(str(extracted), np.full((48, 64, 3), BRIGHTER, np.uint8))
    (folder / "splits").mkdir()
    np.save(folder / "splits" / "intra_scene_test_list.npy", np.array(["Magic_show_S1", "b"]))
    np.save(folder / "splits" / "inter_scene_test_list.npy", np.array(["a"]))


def build_ubody(out, ann_file):
    return UBody2dDataset(f"annotations/{ann_file}", data_root=str(out), data_prefix={"img": "images/"}, test_mode=True)


@pytest.mark.parametrize(("split", "train", "val"), [(None, 2, 4), ("inter", 4, 2)])
def test_ubody(split, train, val, tmp_path):
    make_ubody(tmp_path / "raw")
    told = unpack("ubody", tmp_path / "raw", tmp_path / "out", split=split)
    assert "read    6 labels of 2 scenes" in told
    assert "lost    2 labels of frames that no video holds" in told
    for part, count in (("train", train), ("val", val)):
        dataset = build_ubody(tmp_path / "out", f"{part}_annotation.json")
        infos = list(map(dataset.get_data_info, range(len(dataset))))
        assert len(infos) == count
        assert [info["id"] for info in infos] == list(range(1, count + 1))
        for info in infos:
            assert info["keypoints"].shape == (1, 133, 2)
            assert number_of(info["img_path"]) == int(Path(info["img_path"]).stem) - 1
    images = {path.relative_to(tmp_path / "out/images").as_posix() for path in (tmp_path / "out").rglob("*.png")}
    trimmed = "Magic_show/Magic_show_S1_Trim2"
    assert images == {"Movie/a/a/000003.png", "Movie/b/000002.png", f"{trimmed}/000001.png", f"{trimmed}/000007.png"}
    assert (tmp_path / "out/images/Movie/b/000002.png").is_symlink()
    scene = build_ubody(tmp_path / "out", "Movie/train_annotations.json")
    assert len(scene) == (2 if split is None else 1)


def test_ubody_labels_only(tmp_path):
    make_ubody(tmp_path / "raw")
    told = unpack("ubody", tmp_path / "raw", tmp_path / "out", frames=False)
    assert "read    8 labels of 2 scenes" in told
    assert not (tmp_path / "out" / "images").exists()
    scene = json.loads((tmp_path / "out/annotations/Magic_show/val_annotations.json").read_text())
    raw = json.loads((tmp_path / "raw/annotations/Magic_show/keypoint_annotation.json").read_text())
    assert [item["id"] for item in scene["annotations"]] == [item["id"] for item in raw["annotations"]]  # as in SMPL-X
    assert scene["annotations"][2] == {**raw["annotations"][2], "category_id": 1}


def test_ubody_again_without_videos(tmp_path):
    make_ubody(tmp_path / "raw")
    unpack("ubody", tmp_path / "raw", tmp_path / "out")
    (tmp_path / "raw/videos").rename(tmp_path / "elsewhere")
    told = unpack("ubody", tmp_path / "raw", tmp_path / "out", overwrite=True, copy_images=True)
    assert "read    6 labels of 2 scenes" in told
    assert not (tmp_path / "out/images/Movie/b/000002.png").is_symlink()
    (tmp_path / "raw/images/Movie/b/000002.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"videos: none of the labelled frames; bring them there, or --no-fra"):
        unpack("ubody", tmp_path / "raw", tmp_path / "other")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"images": [{"id": 0, "file_name": "000001.png"}]},
            r"images\[0\], file_name: found '000001.png', expected the",
        ),
        ({"images": [{"id": 0, "file_name": "../a/1.png"}]}, r"found '../a/1.png', expected the name of a video and a"),
        ({"images": [{"id": 0, "file_name": "a/first.png"}]}, r"found 'a/first.png', expected the name of a video"),
        ({"images": [{"file_name": "a/1.png"}]}, r"images\[0\]: found only 'file_name', expected the key 'id'"),
        ({"annotations": [{"id": 1, "image_id": 9}]}, r"annotations\[0\]: found 9, expected the id of an image in the"),
        ({"annotations": None}, r"keypoint_annotation.json: found None, expected a list"),
    ],
)
def test_broken_ubody(change, message, tmp_path):
    make_ubody(tmp_path / "raw")
    path = tmp_path / "raw/annotations/Movie/keypoint_annotation.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=message):
        unpack("ubody", tmp_path / "raw", tmp_path / "out")


def test_missing_parts_of_ubody(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no annotations/\*/keypoint_annotation.json below this folder; give"):
        unpack("ubody", tmp_path, tmp_path / "out")
    make_ubody(tmp_path / "raw")
    path = tmp_path / "raw/splits/intra_scene_test_list.npy"
    np.save(path, np.zeros(3))
    with pytest.raises(ValueError, match=r"intra_scene_test_list.npy: an array of float64, expected names of videos"):
        unpack("ubody", tmp_path / "raw", tmp_path / "out")
    path.write_text("names")
    with pytest.raises(ValueError, match=r"intra_scene_test_list.npy: no list that can be read: .*; download it again"):
        unpack("ubody", tmp_path / "raw", tmp_path / "out")
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"intra_scene_test_list.npy: no such file; it lists the test videos"):
        unpack("ubody", tmp_path / "raw", tmp_path / "out")
