"""MPI-INF-3DHP, from a made-up miniature of what is handed out to its dataset class."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from raw_set_cases import BRIGHTER, FRAMES, make_video, number_of, project, seen_points, unpack
from scipy.io import savemat

from posekit.datasets.datasets.body3d import MpiInf3dhpDataset
from posekit.datasets.readers.pickled_arrays import read_npz, read_pickle
from posekit.labels.public_sets.mpi_inf_3dhp import CAMERAS, KEYPOINTS, implied_lens

needs_h5py = pytest.mark.skipif(importlib.util.find_spec("h5py") is None, reason="needs h5py")

CALIBRATION = """name          {number}
  sensor      10 10
  size        2048 2048
  animated    0
  intrinsic   1497.6 0 {center} 0 0 1497.1 1051.3 0 0 0 1 0 0 0 0 1 
  extrinsic   1 0 0 -562.8 0 -1 0 1398.1 0 0 -1 3852.6 0 0 0 1 
  radial      0
"""  # noqa: W291 - as handed out
LENS = {"f": np.array([[1500.0], [1490.0]]), "c": np.array([[1020.0], [500.0]])}


def write_calibration(path, count=14):
    blocks = [CALIBRATION.format(number=number, center=1000 + number) for number in range(count)]
    path.write_text("Skeletool Camera Calibration File V1.0\n" + "".join(blocks))


def write_annotations(path, frames=FRAMES, joints=28):
    cells = np.empty((2, 14, 1), object)
    for camera in range(14):
        points = seen_points(frames, joints, camera)
        cells[0, camera, 0] = project(points, LENS).reshape(frames, -1)
        cells[1, camera, 0] = points.reshape(frames, -1)
    savemat(path, {"annot2": cells[0], "annot3": cells[1]})


def write_test_annotations(path, frames=FRAMES, **more):
    import h5py

    points = seen_points(frames, 17)
    with h5py.File(path, "w") as file:
        file["annot2"] = project(points, LENS)[:, None]
        file["annot3"] = points[:, None]
        file["valid_frame"] = np.arange(frames)[:, None] % 2
        for key, value in more.items():
            del file[key]
            if value is not None:
                file[key] = value


def make_train(folder):
    for sequence in ("Seq1", "Seq2"):
        path = folder / "train" / "S2" / sequence
        path.mkdir(parents=True)
        write_calibration(path / "camera.calibration")
        write_annotations(path / "annot.mat", FRAMES + 1)  # one more than the video has
        for camera in CAMERAS:
            make_video(path / "imageSequence" / f"video_{camera}.avi")


def make_test(folder):
    for subject in ("TS1", "TS5"):
        path = folder / "test" / subject / "imageSequence"
        path.mkdir(parents=True)
        write_test_annotations(path.parent / "annot_data.mat")
        for number in range(FRAMES):
            cv2.imwrite(str(path / f"img_{number + 1:06d}.jpg"), np.full((8, 8, 3), BRIGHTER * number, np.uint8))


@pytest.fixture(scope="module")
def mpi(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mpi")
    make_train(folder)
    return folder


def build_mpi(out, name, cameras, **more):
    return MpiInf3dhpDataset(
        f"annotations/mpi_inf_3dhp_{name}.npz",
        data_root=str(out),
        data_prefix={"img": "images/"},
        camera_param_file=f"annotations/cameras_{cameras}.pkl",
        **more,
    )


def test_training_set_of_mpi_inf_3dhp(mpi, tmp_path):
    told = unpack("mpi-inf-3dhp", mpi, tmp_path / "out")
    assert "missing S1, S3, S4, S5, S6, S7, S8: no such folder in" in told
    assert "missing TS1" in told
    assert told.count("lost    1 of 8 frames that") == 16
    assert f"read    {16 * FRAMES} frames of 16 takes for mpi_inf_3dhp_train.npz" in told
    dataset = build_mpi(tmp_path / "out", "train", "train", seq_len=FRAMES)
    assert len(dataset) == 16
    info = dataset.get_data_info(2)  # the third camera, number 2
    points = seen_points(FRAMES + 1, 28, 2)[:FRAMES, KEYPOINTS]
    assert np.allclose(info["keypoints_3d"], points / 1000, atol=1e-5)
    assert np.allclose(info["keypoints"], project(points, LENS), atol=1e-2)
    assert [number_of(path) for path in info["img_paths"]] == list(range(FRAMES))
    assert info["img_paths"][0].endswith("images/S2_Seq1_Cam2_000001.jpg")
    assert info["camera_param"]["c"].tolist() == [[1002], [1051.3]]
    assert info["camera_param"]["f"].tolist() == [[1497.6], [1497.1]]
    assert np.allclose(info["camera_param"]["T"][:, 0], [-0.5628, 1.3981, 3.8526])
    assert info["camera_param"]["R"].tolist() == [[1, 0, 0], [0, -1, 0], [0, 0, -1]]
    assert (info["camera_param"]["w"], info["camera_param"]["h"]) == (2048, 2048)
    assert dataset.metainfo["flip_indices"][2] == 5


@needs_h5py
@pytest.mark.parametrize("copy", [False, True])
def test_test_set_of_mpi_inf_3dhp(copy, tmp_path):
    make_test(tmp_path / "raw")
    (tmp_path / "raw/test/TS1/imageSequence/img_000004.jpg").unlink()
    told = unpack("mpi-inf-3dhp", tmp_path / "raw", tmp_path / "out", copy_images=copy)
    assert "lost    1 of 3 frames that" in told
    dataset = build_mpi(tmp_path / "out", "test_valid", "test", test_mode=True)
    assert [Path(info["img_paths"][0]).name for info in map(dataset.get_data_info, range(len(dataset)))] == [
        *("TS1_000002.jpg", "TS1_000006.jpg", "TS5_000002.jpg", "TS5_000004.jpg", "TS5_000006.jpg")
    ]
    info = dataset.get_data_info(1)
    points = seen_points(FRAMES, 17)[5]
    assert np.allclose(info["keypoints_3d"][0], points / 1000, atol=1e-5)
    assert number_of(info["img_paths"][0]) == 5
    assert Path(info["img_paths"][0]).is_symlink() != copy
    assert all(np.allclose(info["camera_param"][key], LENS[key]) for key in "fc")
    assert [dataset.get_data_info(i)["camera_param"]["w"] for i in (0, 2)] == [2048, 1920]


def test_points_outside_the_image(mpi, tmp_path):
    unpack("mpi-inf-3dhp", mpi, tmp_path / "out", frames=False, every=3)
    data = read_npz(str(tmp_path / "out/annotations/mpi_inf_3dhp_train.npz"))
    inside = ((data["part"][..., :2] >= 0) & (data["part"][..., :2] < 2048)).all(axis=2)
    assert data["imgname"][:4].tolist() == [
        *(f"S2_Seq1_Cam0_{number:06d}.jpg" for number in (1, 4, 7)),
        "S2_Seq1_Cam1_000001.jpg",
    ]
    assert np.array_equal(data["part"][..., 2] > 0, inside)
    assert np.array_equal(data["S"][..., 3], data["part"][..., 2])


def test_lens_of_real_points(shared):
    """The reference's test cameras come from all frames; two of their frames tell nearly the same."""
    folder = shared / "data" / "samples" / "mpi_inf_3dhp"
    cameras, data = read_pickle(str(folder / "cameras_test.pkl")), read_npz(str(folder / "test_3dhp_test.npz"))
    for index, subject in enumerate(("TS1", "TS2")):
        lens = implied_lens(data["part"][index : index + 1, :, :2], data["S"][index : index + 1, :, :3])
        assert all(np.allclose(lens[key], cameras[subject][key], rtol=5e-3) for key in "fc")


@pytest.mark.parametrize("split", ["train", "test"])
def test_mpi_inf_3dhp_of_the_reference(split, shared):
    dataset = MpiInf3dhpDataset(
        f"test_3dhp_{split}.npz",
        data_root=str(shared / "data/samples/mpi_inf_3dhp"),
        camera_param_file=f"cameras_{split}.pkl",
    )
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        assert Path(info["img_paths"][0]).name.startswith(("S4_Seq2", "S8_Seq1", "TS"))
        assert np.abs(project(info["keypoints_3d"], info["camera_param"]) - info["keypoints"]).max() < 3


def no_annotations(folder):
    (folder / "train/S2/Seq2/annot.mat").unlink()


def no_mat(folder):
    (folder / "train/S2/Seq1/annot.mat").write_text("nothing")


def uneven(folder):
    cells = np.empty((2, 14, 1), object)
    for camera in range(14):
        cells[0, camera, 0], cells[1, camera, 0] = np.zeros((3, 56)), np.zeros((3 + camera // 8, 84))
    savemat(folder / "train/S2/Seq1/annot.mat", {"annot2": cells[0], "annot3": cells[1]})


def not_finite(folder):
    cells = np.empty((2, 14, 1), object)
    for camera in range(14):
        cells[0, camera, 0], cells[1, camera, 0] = np.full((3, 56), np.nan), np.zeros((3, 84))
    savemat(folder / "train/S2/Seq1/annot.mat", {"annot2": cells[0], "annot3": cells[1]})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (no_annotations, r"Seq2/annot.mat: no such file; download this sequence again"),
        (no_mat, r"Seq1/annot.mat: no MATLAB file with annot2 and annot3: "),
        (
            lambda folder: write_annotations(folder / "train/S2/Seq1/annot.mat", joints=17),
            r"annot2 of camera 0: found shape \(7, 34\), expected \(F, 56\)",
        ),
        (uneven, r"annot2, annot3 of camera 8: found 3 and 4 frames, expected as many"),
        (not_finite, r"annot2: found values that are no numbers, expected finite ones"),
        (
            lambda folder: (folder / "train/S2/Seq1/camera.calibration").unlink(),
            "camera.calibration: no such file; it holds the cameras of this sequence",
        ),
        (
            lambda folder: write_calibration(folder / "train/S2/Seq1/camera.calibration", 8),
            "camera 8, size: found 0 numbers, expected 2",
        ),
    ],
)
def test_broken_mpi_inf_3dhp(spoil, message, mpi, tmp_path):
    shutil.copytree(mpi, tmp_path / "raw")
    spoil(tmp_path / "raw")
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        unpack("mpi-inf-3dhp", tmp_path / "raw", tmp_path / "out", frames=False)


@needs_h5py
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(valid_frame=None), "annot_data.mat: found no valid_frame, expected annot2, annot3 and valid_frame"),
        (dict(valid_frame=np.ones(3)), r"annot2 of shape \(7, 1, 17, 2\), annot3 of shape .*, 3 valid_frame, expected"),
    ],
)
def test_broken_test_set_of_mpi_inf_3dhp(changes, message, tmp_path):
    make_test(tmp_path)
    write_test_annotations(tmp_path / "test/TS1/annot_data.mat", **changes)
    with pytest.raises(ValueError, match=message):
        unpack("mpi-inf-3dhp", tmp_path, tmp_path / "out")


def test_mpi_inf_3dhp_without_subjects(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder of a subject \(train/S1 … S8, test/TS1 … TS6\) in it"):
        unpack("mpi-inf-3dhp", tmp_path, tmp_path / "out")
