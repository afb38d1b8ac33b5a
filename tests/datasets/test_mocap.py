"""Motion capture data sets: sequences of frames, padding, targets, cameras, and files that are refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from posekit.datasets.pickled_arrays import read_npz, read_pickle
from posekit.registry import DATASETS

CAMERA = "54138969"


@pytest.fixture
def folder(tmp_path):
    """A file of two videos with five and three frames, whose keypoints are the frame's number."""
    videos = ["Walk"] * 5 + ["Eat"] * 3
    names = [f"S1/S1_{video}.{CAMERA}_{i % 5:06d}.jpg" for i, video in enumerate(videos)]
    number = np.arange(1, 9.0)[:, None, None]
    np.savez(
        tmp_path / "mocap.npz",
        imgname=names,
        part=np.ones((8, 17, 3)) * number,
        S=np.ones((8, 17, 4)) * number,
        center=np.ones((8, 2)) * number[:, 0],
        scale=number[:, 0, 0],
    )
    np.save(tmp_path / "detected.npy", np.full((8, 17, 3), 0.5))
    np.save(tmp_path / "factor.npy", np.arange(8.0))
    (tmp_path / "cameras.pkl").write_bytes(pickle.dumps({("S1", CAMERA): {"f": np.ones(2), "name": "first"}}))
    return tmp_path


def build(folder, **arguments):
    config = dict(type="Human36mDataset", ann_file="mocap.npz", data_root=str(folder), **arguments)
    return DATASETS.build(config)


def frames(dataset):
    return [(dataset.get_data_info(i)["keypoints"][:, 0, 0] - 1).astype(int).tolist() for i in range(len(dataset))]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [[5], [6], [7], [0], [1], [2], [3], [4]]),
        (dict(seq_len=3), [[5, 6, 7], [0, 1, 2], [1, 2, 3], [2, 3, 4]]),
        (dict(seq_len=2, seq_step=2), [[5, 7], [0, 2], [1, 3], [2, 4]]),
        (
            dict(seq_len=3, pad_video_seq=True),
            [[5, 5, 5], [5, 5, 6], [5, 6, 7], [0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4]],
        ),
        (
            dict(seq_len=3, pad_video_seq=True, causal=False),
            [[5, 5, 6], [5, 6, 7], [6, 7, 7], [0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 4]],
        ),
        (dict(multiple_target=2), [[5, 6], [0, 1], [2, 3]]),
        (dict(multiple_target=2, multiple_target_step=1), [[5, 6], [6, 7], [0, 1], [1, 2], [2, 3], [3, 4]]),
    ],
)
def test_sequences(folder, arguments, expected):
    assert frames(build(folder, **arguments)) == expected


def test_record(folder):
    dataset = build(folder, seq_len=3, causal=False, factor_file="factor.npy", camera_param_file="cameras.pkl")
    info = dataset.get_data_info(1)
    assert info["keypoints_3d"].shape == (3, 17, 3)
    assert info["lifting_target"][0, 0, 0] == 2
    assert info["lifting_target_visible"].shape == (1, 17)
    assert info["factor"].tolist() == [0, 1, 2]
    assert info["camera_param"]["name"] == "first"
    assert info["center"].tolist() == [[2, 2]]
    assert info["img_ids"] == [0, 1, 2]
    assert info["img_paths"][2].endswith(f"S1/S1_Walk.{CAMERA}_000002.jpg")
    assert info["target_img_path"] == [info["img_paths"][1]]
    listed = build(folder, data_mode="bottomup").get_data_info(0)
    assert (listed["id"], listed["iscrowd"], listed["img_ids"]) == ([0], [0], [5])


def test_multiple_targets(folder):
    info = build(folder, multiple_target=2).get_data_info(1)
    assert info["lifting_target"][:, 0, 0].tolist() == [1, 2]
    assert info["target_idx"] == [0, 1]


def test_detected_keypoints(folder):
    info = build(folder, keypoint_2d_src="detection", keypoint_2d_det_file="detected.npy").get_data_info(0)
    assert (info["keypoints"] == 0.5).all()


def test_share_of_the_sequences(folder):
    assert len(build(folder, subset_frac=0.5)) == 4


def test_pickle(folder):
    assert frames(pickle.loads(pickle.dumps(build(folder, seq_len=3)))) == frames(build(folder, seq_len=3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(keypoint_2d_src="guess"), "keypoint_2d_src: 'guess' must be one of"),
        (dict(keypoint_2d_src="detection"), "keypoint_2d_det_file: needed where"),
        (dict(factor_file="detected.npy"), r"detected.npy: shape \(8, 17, 3\), expected \(8,\)"),
        (dict(seq_len=2, multiple_target=2), "multiple_target: needs seq_len=1, found 2"),
        (dict(subset_frac=0), "subset_frac: must be above 0"),
        (dict(data_mode="side"), "data_mode: 'side' must be"),
        (dict(seq_len=9), "no sequence of 9 frames with keypoints"),
        (dict(metainfo=dict(from_file="coco_openpose")), r"'part' has shape \(8, 17, 3\), expected \(8, 18, 3\)"),
    ],
)
def test_arguments(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(folder, **arguments)


class Bomb:
    def __reduce__(self):
        return eval, ("1 + 1",)


def test_pickles_cannot_run_code(tmp_path):
    (tmp_path / "bomb.pkl").write_bytes(pickle.dumps({"a": Bomb()}))
    with pytest.raises(ValueError, match=r"'.*bomb.pkl' is refused: it asks for builtins.eval"):
        read_pickle(str(tmp_path / "bomb.pkl"))
    np.savez(tmp_path / "bomb.npz", a=np.array([Bomb()], object))
    with pytest.raises(ValueError, match=r"bomb.npz' is refused: it asks for builtins.eval"):
        read_npz(str(tmp_path / "bomb.npz"))


def test_files_that_are_no_archive(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.npz' is not there"):
        read_npz(str(tmp_path / "none.npz"))
    (tmp_path / "half.npz").write_bytes(b"PK\x03\x04half")
    with pytest.raises(ValueError, match=r"is no \.npz archive"):
        read_npz(str(tmp_path / "half.npz"))


def test_pickled_containers_of_arrays(tmp_path):
    np.savez(tmp_path / "nested.npz", data=np.array({"a": np.arange(3)}, object), plain=np.arange(2))
    data = read_npz(str(tmp_path / "nested.npz"))
    assert data["data"]["a"].tolist() == [0, 1, 2]
    assert data["plain"].tolist() == [0, 1]


def test_ubody(shared):
    config = dict(type="UBody3dDataset", ann_file="ubody3d_train.json")
    dataset = DATASETS.build({**config, "data_root": str(shared / "data" / "samples" / "ubody3d")})
    info = dataset.get_data_info(0)
    assert info["keypoints"].shape == (1, 133, 2)
    assert info["lifting_target"].shape == (1, 133, 3)
    assert set(info["camera_param"][0]) == {"f", "c"}
