"""Public sets that are unpacked, each from a made-up miniature of what is handed out to its own dataset class."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from xml.sax.saxutils import escape

import cv2
import numpy as np
import pytest
from scipy.io import savemat
from scipy.spatial.transform import Rotation

from posekit.datasets.converters import Options, convert, get_format
from posekit.datasets.converters.formats import RAW_MODULES
from posekit.datasets.converters.human36m import JOINTS, MOVING, SIZES_WH
from posekit.datasets.converters.mpi_inf_3dhp import CAMERAS, KEYPOINTS, implied_lens
from posekit.datasets.converters.video_frames import extract_frames
from posekit.datasets.datasets.body3d import Human36mDataset, MpiInf3dhpDataset
from posekit.datasets.datasets.wholebody import UBody2dDataset
from posekit.datasets.pickled_arrays import read_npz, read_pickle

needs_cdflib = pytest.mark.skipif(importlib.util.find_spec("cdflib") is None, reason="needs cdflib")
needs_h5py = pytest.mark.skipif(importlib.util.find_spec("h5py") is None, reason="needs h5py")
FRAMES = 7
BRIGHTER = 30
"""How much brighter each frame of a made-up video is, so that a picture tells its number."""


def make_video(path: Path, frames: int = FRAMES, rate: float = 50) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    code = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), rate, (64, 48))
    for number in range(frames):
        writer.write(np.full((48, 64, 3), BRIGHTER * number, np.uint8))
    writer.release()
    return path


def number_of(picture: Path) -> int:
    return round(cv2.imread(str(picture)).mean() / BRIGHTER)


def unpack(name, source, dest, **options):
    lines = []
    options = Options(source_format=name, **options)
    written = convert(source, dest, options, tell=lines.append, decide_swaps=lambda category: ())
    assert lines[-1] == f"wrote   {', '.join(map(str, written))}"
    assert all(path.is_file() for path in written)
    return "\n".join(lines)


def project(points, camera):
    return points[..., :2] / points[..., 2:] * camera["f"][:, 0] + camera["c"][:, 0]


def seen_points(count, joints, seed=0):
    """Points in front of a camera, in millimetres."""
    return np.random.default_rng(seed).uniform(-500, 500, (count, joints, 3)) + np.array([0, 0, 4000])


# --- Human3.6M

NUMBERS = np.random.default_rng(1).uniform(0.1, 1, 300)
NUMBERS[264:] = np.tile([1145, 1143, 512, 515, -0.2, 0.24, -0.003, -0.001, -0.0009], 4)
METADATA = """<?xml version="1.0"?>
<metadata><mapping>{rows}</mapping><actionnames><td>_ALL</td><td>Directions</td></actionnames>
<dbcameras><index2id>{cameras}</index2id></dbcameras><w0>[{numbers}]</w0></metadata>"""
ROWS = (
    ("", "", "S1", "S9"),
    ("1", "1", "_ALL 1", "_ALL 1"),
    ("2", "1", "Directions 1", "Directions"),
    *[("1", "2", "_ALL", "_ALL")] * 30,
    ("17", "1", "beyond the 32 recordings", ""),
)


def write_metadata(path, rows=ROWS, numbers=NUMBERS, cameras=tuple(SIZES_WH)):
    cells = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    ids = "".join(f"<td>{camera}</td>" for camera in cameras)
    text = METADATA.format(rows=cells, cameras=ids, numbers=" ".join(map(str, numbers)))
    path.write_text(text)


def write_cdf(path, poses, majority="row_major"):
    import cdflib.cdfwrite

    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    file = cdflib.cdfwrite.CDF(path, cdf_spec={"Majority": majority, "Compressed": 0})
    rows = np.asarray(poses, np.float32).reshape(len(poses), -1)
    kind = {"Variable": "Pose", "Data_Type": file.CDF_FLOAT, "Num_Elements": 1, "Rec_Vary": True}
    data = rows if majority == "row_major" else np.ascontiguousarray(rows.T)
    file.write_var({**kind, "Dim_Sizes": list(rows.shape)}, var_data=data[None])
    file.close()


def camera_of(index, subject):
    """A camera as the numbers of ``metadata.xml`` say, computed in another way than posekit does."""
    outside = NUMBERS[6 * (11 * index + subject - 1) :][:6]
    lens = NUMBERS[264 + 9 * index :][:9, None]
    turned = Rotation.from_euler("XYZ", outside[:3]).as_matrix().T
    return {"R": turned, "T": outside[3:] / 1000, "f": lens[:2], "c": lens[2:4], "k": lens[4:7], "p": lens[7:]}


def make_h36m(folder, majority="row_major"):
    write_metadata(folder / "metadata.xml")
    for subject, motion in (("S1", "Directions 1"), ("S9", "Directions")):
        for index, camera in enumerate(SIZES_WH):
            name, features = f"{motion}.{camera}", folder / subject / "MyPoseFeatures"
            points = seen_points(FRAMES, JOINTS, index)
            flat = project(points, camera_of(index, int(subject[1:])))
            write_cdf(features / "D2_Positions" / f"{name}.cdf", flat, majority)
            write_cdf(features / "D3_Positions_mono" / f"{name}.cdf", points, majority)
            make_video(folder / subject / "Videos" / f"{name}.mp4")


@pytest.fixture(scope="module")
def h36m(tmp_path_factory):
    pytest.importorskip("cdflib")
    folder = tmp_path_factory.mktemp("h36m")
    make_h36m(folder)
    return folder


def build_h36m(out, split="train", fps=10, **more):
    return Human36mDataset(
        f"annotation_body3d/fps{fps}/h36m_{split}.npz",
        data_root=str(out),
        data_prefix={"img": "images/"},
        camera_param_file="annotation_body3d/cameras.pkl",
        **more,
    )


def test_h36m(h36m, tmp_path):
    told = unpack("h36m", h36m, tmp_path / "out")
    assert "missing S5, S6, S7, S8: no such folder in" in told
    assert "read    8 frames of 4 takes for h36m_train.npz" in told
    assert "lost" not in told
    dataset = build_h36m(tmp_path / "out")
    assert len(dataset) == 8
    points = seen_points(FRAMES, JOINTS, list(SIZES_WH).index("55011271"))[:, MOVING]
    for index, frame in ((2, 0), (3, 5)):  # the second camera, frames 1 and 6
        info = dataset.get_data_info(index)
        name = "S1/S1_Directions_1.55011271/S1_Directions_1.55011271"
        assert info["img_paths"][0].endswith(f"images/{name}_{frame + 1:06d}.jpg")
        assert number_of(info["img_paths"][0]) == frame
        assert np.allclose(info["keypoints_3d"][0], points[frame] / 1000, atol=1e-5)
        assert np.allclose(project(info["keypoints_3d"], info["camera_param"]), info["keypoints"], atol=1e-2)
        assert info["keypoints_visible"].min() == 1
        low, high = info["keypoints"][0].min(axis=0), info["keypoints"][0].max(axis=0)
        assert np.allclose(info["center"], (low + high) / 2)
        assert np.isclose(info["scale"], 1.2 * (high - low).max() / 200)
    assert len(build_h36m(tmp_path / "out", "test")) == 8
    assert len(build_h36m(tmp_path / "out", seq_len=2)) == 4  # takes are videos


def test_h36m_cameras(h36m, tmp_path):
    unpack("h36m", h36m, tmp_path / "out", frames=False)
    cameras = read_pickle(str(tmp_path / "out/annotation_body3d/cameras.pkl"))
    assert len(cameras) == 44
    for index, (camera, size) in enumerate(SIZES_WH.items()):
        for subject in (1, 9):
            found, known = cameras[f"S{subject}", camera], camera_of(index, subject)
            assert (found["w"], found["h"], found["id"], found["name"]) == (*size, camera, f"camera{index + 1}")
            assert np.allclose(found["R"], known["R"])
            assert np.allclose(found["T"][:, 0], known["T"])
            assert all(np.array_equal(found[key], known[key]) for key in "fckp")


def test_h36m_cameras_are_those_of_the_reference(shared):
    """What angles the rotation of a published camera stands for, and back."""
    from posekit.datasets.converters.human36m import rotation

    for camera in read_pickle(str(shared / "data/samples/h36m/cameras.pkl")).values():
        angles = Rotation.from_matrix(camera["R"].T).as_euler("XYZ")
        assert np.allclose(rotation(angles), camera["R"])


@needs_cdflib
def test_h36m_of_matlab_in_the_folder_above(tmp_path):
    """MATLAB writes columns first; the archives may lie in ``extracted``, with metadata.xml above it."""
    (tmp_path / "raw" / "extracted").mkdir(parents=True)
    make_h36m(tmp_path / "raw" / "extracted", "column_major")
    (tmp_path / "raw" / "extracted" / "metadata.xml").rename(tmp_path / "raw" / "metadata.xml")
    told = unpack("h36m", tmp_path / "raw", tmp_path / "out", every=1, frames=False)
    assert "read    28 frames of 4 takes for h36m_train.npz" in told
    assert not (tmp_path / "out" / "images").exists()
    points = read_npz(str(tmp_path / "out/annotation_body3d/fps50/h36m_train.npz"))["S"]
    assert np.allclose(points[:FRAMES, :, :3], seen_points(FRAMES, JOINTS)[:, MOVING] / 1000, atol=1e-5)


def test_interrupted_and_short_videos(h36m, tmp_path):
    shutil.copytree(h36m, tmp_path / "raw")
    short = tmp_path / "raw/S1/Videos/Directions 1.55011271.mp4"
    short.unlink()
    make_video(short, frames=4)
    done = tmp_path / "out/images/S1/S1_Directions_1.54138969/S1_Directions_1.54138969_000001.jpg"
    done.parent.mkdir(parents=True)
    done.write_text("written before")
    with pytest.raises(FileExistsError, match="is there already; give another destination, or --overwrite"):
        unpack("h36m", tmp_path / "raw", tmp_path / "out")
    told = unpack("h36m", tmp_path / "raw", tmp_path / "out", overwrite=True)
    assert done.read_text() == "written before"
    assert f"lost    1 of 2 frames that {short} does not hold" in told
    assert "read    7 frames of 4 takes for h36m_train.npz" in told
    assert len(build_h36m(tmp_path / "out")) == 7
    short.unlink()
    with pytest.raises(FileNotFoundError, match=r"55011271.mp4: no such video; bring them there, or give --no-frames"):
        unpack("h36m", tmp_path / "raw", tmp_path / "other")
    make_video(short, frames=4).write_bytes(b"no video")
    with pytest.raises(ValueError, match=r"55011271.mp4: OpenCV cannot decode this video"):
        unpack("h36m", tmp_path / "raw", tmp_path / "third")


def test_nothing_of_a_video(tmp_path):
    from posekit.datasets.converters.mocap_takes import Take, write_takes
    from posekit.datasets.converters.unpacking import Job

    take = Take(make_video(tmp_path / "a.avi"), ["a.jpg"], np.ones((1, 2, 2)), np.ones((1, 2)), np.ones((1, 2, 3)), [9])
    with pytest.raises(FileNotFoundError, match=r"a.avi: holds none of the 1 labelled frames; bring them there, or"):
        write_takes(Job(tmp_path, tmp_path / "out", print), tmp_path / "out" / "a.npz", [take])


def short_poses(folder):
    write_cdf(folder / "S1/MyPoseFeatures/D3_Positions_mono/Directions 1.54138969.cdf", seen_points(3, JOINTS))


def other_poses(folder):
    write_cdf(folder / "S1/MyPoseFeatures/D2_Positions/Directions 1.54138969.cdf", seen_points(3, 17))


def no_poses(folder):
    (folder / "S1/MyPoseFeatures/D2_Positions/Directions 1.54138969.cdf").write_bytes(b"no poses in here" * 9)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "metadata.xml").unlink(), r"metadata.xml: no such file, nor one folder above; it"),
        (lambda folder: write_metadata(folder / "metadata.xml", numbers=NUMBERS[:299]), "w0: found 299 numbers, expec"),
        (lambda folder: write_metadata(folder / "metadata.xml", cameras=["5"]), r"index2id: found \['5'\], expected"),
        (lambda folder: write_metadata(folder / "metadata.xml", rows=[]), r"mapping: found \[\], expected a row of"),
        (
            lambda folder: write_metadata(folder / "metadata.xml", rows=[(*row[:2], row[3]) for row in ROWS]),
            r"mapping: found \[\], expected the names of all recordings of S1",
        ),
        (
            lambda folder: (folder / "metadata.xml").write_text("<a/>"),
            "found no dbcameras/index2id, expected one; is it the metadata.xml of Human3.6M",
        ),
        (
            lambda folder: (folder / "S1/MyPoseFeatures/D2_Positions/Directions 1.54138969.cdf").unlink(),
            r"D2_Positions/Directions 1.54138969.cdf: no such file; extract all poses",
        ),
        (short_poses, r"1.54138969.cdf: 3 poses, expected 7 as in D2_Positions; extract both again"),
        (other_poses, r"found Pose of shape \(1, 3, 51\), expected finite numbers \(F, 64\)"),
        (no_poses, r"1.54138969.cdf: no CDF file with poses that can be read: .*; extract it again"),
    ],
)
def test_broken_h36m(spoil, message, h36m, tmp_path):
    shutil.copytree(h36m, tmp_path / "raw")
    spoil(tmp_path / "raw")
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        unpack("h36m", tmp_path / "raw", tmp_path / "out", frames=False)


def test_h36m_without_subjects(tmp_path):
    (tmp_path / "s1").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no folder of a subject \(S1, S5.*\) in it; give the folder of Human"):
        unpack("h36m", tmp_path, tmp_path / "out")
    (tmp_path / "s1" / "Videos.tgz").touch()
    with pytest.raises(FileNotFoundError, match=r"in it; extract Videos.tgz and the others of this kind first"):
        unpack("h36m", tmp_path, tmp_path / "out")


# --- MPI-INF-3DHP

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


def test_points_outside_the_picture(mpi, tmp_path):
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


# --- UBody

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
    pictures = {path.relative_to(tmp_path / "out/images").as_posix() for path in (tmp_path / "out").rglob("*.png")}
    trimmed = "Magic_show/Magic_show_S1_Trim2"
    assert pictures == {"Movie/a/a/000003.png", "Movie/b/000002.png", f"{trimmed}/000001.png", f"{trimmed}/000007.png"}
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


# --- all of them


@pytest.mark.parametrize(
    ("fps", "expected"),
    [
        (30, {0: 0, 3: 3, 6: 6}),
        (60, {0: 0, 1: 2, 3: 6}),
        (15, {0: 0, 1: 0, 2: 1, 3: 1, 12: 6}),
        (25, {0: 0, 4: 3, 5: 4, 6: 5}),  # as ``ffmpeg -r 30`` repeats every fifth frame
    ],
)
def test_frames_at_another_rate(fps, expected, tmp_path):
    video = make_video(tmp_path / "a.avi", rate=fps)
    targets = {number: tmp_path / f"{number}.png" for number in (*expected, 99)}
    assert extract_frames(video, targets, rate=30) == {99}
    assert {number: number_of(targets[number]) for number in expected} == expected


NAMES = ("h36m", "mpi-inf-3dhp", "ubody")


def test_every_unpacked_set_is_tested():
    assert {name for name in RAW_MODULES if get_format(name).unpacking} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_places(name, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder, seen from"):
        unpack(name, tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(ValueError, match="source and destination are the same"):
        unpack(name, tmp_path, tmp_path)
    (tmp_path / "a.json").touch()
    with pytest.raises(ValueError, match=rf"a.json: {name} is written to a folder, and this is a file"):
        unpack(name, tmp_path, tmp_path / "a.json")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("h36m", dict(dest_format="coco"), "--to: says nothing about h36m; leave it out"),
        ("ubody", dict(category="person"), "--category: says nothing about ubody; leave it out"),
        ("coco", dict(every=2), "--every: says nothing about coco; leave it out"),
        ("coco", dict(frames=False), "--no-frames: says nothing about coco; leave it out"),
        ("h36m", dict(every=0), "--every 0: give 1 or more"),
        ("ubody", dict(every=2), "--every 2: says nothing about ubody, whose labels name their frames"),
        ("h36m", dict(split="val=0.2"), "--split val=0.2: not of h36m; its authors divided it; leave it out"),
        ("ubody", dict(split="val=0.2"), "--split val=0.2: not of ubody; give intra or inter"),
    ],
)
def test_wrong_options(name, options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        unpack(name, tmp_path, tmp_path / "out", **options)


def test_unpacked_sets_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="--to h36m: this format can only be read"):
        unpack("coco", tmp_path, tmp_path / "out", dest_format="h36m")
