"""Motion capture datasets: sequences of frames, padding, targets, cameras, and files that are refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from posekit.datasets.readers import pickled_arrays
from posekit.datasets.readers.pickled_arrays import read_npz, read_pickle
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
        (dict(factor_file="detected.npy"), r"detected.npy: shape \(8, 17, 3\) of float64, expected numbers \(8,\)"),
        (dict(seq_len=2, multiple_target=2), "multiple_target: needs seq_len=1, found 2"),
        (dict(subset_frac=0), "subset_frac: must be above 0"),
        (dict(subset_frac="1"), "subset_frac: must be above 0 and at most 1, found '1'"),
        (dict(subset_frac=0.01), "8 of them with keypoints above 0, and subset_frac is 0.01"),
        (dict(seq_len="3"), "seq_len: must be a whole number from 1 on, found '3'"),
        (dict(seq_len=3, seq_step=0), "seq_step: must be a whole number from 1 on, found 0"),
        (dict(multiple_target=-2), "multiple_target: must be a whole number from 0 on, found -2"),
        (dict(data_mode="side"), "data_mode: 'side' must be"),
        (dict(seq_len=9), "no sequence of 9 frames with keypoints"),
        (
            dict(metainfo=dict(from_file="coco_openpose")),
            r"'part' has shape \(8, 17, 3\) of float64, expected numbers \(8, 18, 3\)",
        ),
    ],
)
def test_arguments(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(folder, **arguments)


def resave(folder, **changes):
    """Change arrays of the file; None takes one out."""
    with np.load(folder / "mocap.npz") as data:
        arrays = {**data, **changes}
    np.savez(folder / "mocap.npz", **{key: value for key, value in arrays.items() if value is not None})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(imgname=None), "no array 'imgname', only 'part', 'S'"),
        (dict(imgname=np.array("one")), r"'imgname' must be a list of file names, found an array of shape \(\)"),
        (dict(imgname=np.array([], str), part=None, S=None, center=None, scale=None), "there are 0 frames"),
        (dict(part=np.full((8, 17, 3), "a")), r"'part' has shape \(8, 17, 3\) of <U1, expected numbers"),
        (dict(part=None), "8 frames, 0 of them with keypoints above 0"),
    ],
)
def test_arrays(folder, changes, message):
    resave(folder, **changes)
    with pytest.raises(ValueError, match=message):
        build(folder)


def test_names_of_old_files_are_bytes(folder):
    names = [build(folder).get_data_info(i)["img_paths"] for i in range(8)]
    with np.load(folder / "mocap.npz") as data:
        resave(folder, imgname=data["imgname"].astype("S"))
    assert [build(folder).get_data_info(i)["img_paths"] for i in range(8)] == names


def test_a_file_without_3d_keypoints_is_named(folder, caplog):
    resave(folder, S=None)
    assert not build(folder).get_data_info(0)["lifting_target"].any()
    assert "mocap.npz: no array 'S'; the 3D keypoints are zeros" in caplog.text


@pytest.mark.parametrize("cameras", [{}, []])
def test_missing_cameras(folder, cameras):
    (folder / "cameras.pkl").write_bytes(pickle.dumps(cameras))
    with pytest.raises(ValueError, match=r"cameras.pkl: no camera for some image of .*mocap.npz"):
        build(folder, camera_param_file="cameras.pkl")


def whole_body(folder, **changes):
    frame = dict(pose_2d=np.ones((1, 133, 2)), camera_3d=np.ones((1, 133, 3)))
    view = dict(K=np.ones((1, 2, 3)), R=np.eye(3)[None], T=np.zeros(3), Distortion=np.zeros((1, 5)))
    box = dict(x_min=1.0, y_min=2.0, x_max=3.0, y_max=4.0)
    parts: dict = dict(
        train_data={"S1": {"Walk": {"frame_id": [4], CAMERA: frame}}},
        metadata={"S1": {CAMERA: view}},
        bbox={("S1", "Walk", CAMERA, 4): box},
    )
    np.savez(folder / "h3wb.npz", **{key: np.array(value, object) for key, value in {**parts, **changes}.items()})
    return DATASETS.build(dict(type="H36MWholeBodyDataset", ann_file=str(folder / "h3wb.npz")))


def test_whole_body(tmp_path):
    info = whole_body(tmp_path).get_data_info(0)
    assert info["img_path"] == f"original/S1/Images/Walk.{CAMERA}/frame_4.jpg"
    assert info["bbox"].tolist() == [[1, 2, 3, 4]]
    assert info["keypoints_3d"][0, 0].tolist() == [np.float32(0.001)] * 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(bbox=1), "no dict bbox; H3WB's file holds train_data, metadata, bbox"),
        (dict(metadata={}), "not as H3WB's file .KeyError: 'S1'"),
        (dict(train_data={"S9": {}}), r"no frames of the subjects S1, S5, S6; found \['S9'\]"),
        (
            dict(train_data={"S1": {"Walk": {"frame_id": [], CAMERA: dict(pose_2d=[[1]], camera_3d=[[1]])}}}),
            "keypoints, visible, keypoints_3d, visible_3d: another number of rows than the 0 frames",
        ),
    ],
)
def test_whole_body_problems(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        whole_body(tmp_path, **changes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no array in numpy's format: EOF"),
        (b"hello world", "holds no array in numpy's format: the magic string is not correct"),
        (None, "holds no array in numpy's format: buffer is too small"),
    ],
)
def test_broken_detections(folder, content, message):
    whole = (folder / "detected.npy").read_bytes()
    (folder / "detected.npy").write_bytes(whole[:300] if content is None else content)
    with pytest.raises(ValueError, match=message):
        build(folder, keypoint_2d_src="detection", keypoint_2d_det_file="detected.npy")


def test_detections_without_numbers(folder):
    np.save(folder / "detected.npy", np.array([{}], object))
    arguments = dict(keypoint_2d_src="detection", keypoint_2d_det_file="detected.npy")
    with pytest.raises(ValueError, match="holds objects; an array of numbers is expected"):
        build(folder, **arguments)
    with pytest.raises(FileNotFoundError, match=r"none.npy' is not there"):
        build(folder, **{**arguments, "keypoint_2d_det_file": "none.npy"})


class Bomb:
    """Pickles as a call, with a state."""

    def __init__(self, *call):
        self.call = call or (eval, ("1 + 1",))

    def __reduce__(self):
        return self.call


EMPTY = (np.zeros(0).__reduce__()[0], (np.ndarray, (0,), b"b"))
SCALAR = np.float64(0).__reduce__()[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        # these would make numpy read memory that is not theirs
        (Bomb(*EMPTY, (1, (9,), np.dtype("O"), False, [1])), "another number of them than its shape says"),
        (Bomb(SCALAR, (np.dtype([("a", "O")]), np.zeros(1))), "arrays of dtype '.V8' are not read"),
        (Bomb(SCALAR, (np.dtype("O"), b"12345678")), "its pickle is damaged"),
        # and these all of the memory
        (Bomb(*EMPTY, (1, (10**12,), np.dtype("f8"), False, b"123")), "an array has 3 bytes for shape"),
        (Bomb(np.ndarray, ((10**12,),)), "a call of a str, which is no class or function"),
    ],
)
def test_hostile_arrays(tmp_path, content, message):
    (tmp_path / "bomb.pkl").write_bytes(pickle.dumps([content]))
    with pytest.raises(ValueError, match=message):
        read_pickle(str(tmp_path / "bomb.pkl"))


GRID = np.arange(24.0).reshape(2, 3, 4)
VALUES = [
    GRID,
    np.asfortranarray(GRID),
    GRID.transpose(1, 0, 2),
    GRID[::-1, ::2],
    np.zeros((0, 3), np.float32),
    np.arange(3, dtype=">i4"),
    np.array(["x", "yy"]),
    np.array([{"a": [1, 2]}, None], object),
    {("S1", 54138969): np.float32(2), "left": [np.bool_(True), (1, 2.5), b"abc", b"", 2**70]},
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_pickles_of_all_protocols(tmp_path, value, protocol):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(value, protocol))
    found = read_pickle(str(tmp_path / "a.pkl"))
    assert type(found) is type(value)
    np.testing.assert_equal(found, value)


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


def test_an_archive_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pickled_arrays, "ALWAYS_READ", 10_000)
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, S=np.zeros(1_000_000))
    with pytest.raises(ValueError, match=r"bomb\.npz' would unpack to 8,000,\d+ bytes, more than 100 times"):
        read_npz(str(path))
    np.savez(path, S=np.zeros(1_000_000))
    assert read_npz(str(path))["S"].shape == (1_000_000,)
