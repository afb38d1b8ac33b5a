"""Human3.6M, from a made-up miniature of what is handed out to its dataset class."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from xml.sax.saxutils import escape

import numpy as np
import pytest
from raw_set_cases import FRAMES, make_video, number_of, project, seen_points, unpack
from scipy.spatial.transform import Rotation

from posekit.cli import main as cli
from posekit.datasets.datasets.body3d import Human36mDataset
from posekit.datasets.readers.pickled_arrays import read_npz, read_pickle
from posekit.labels.public_sets.human36m import JOINTS, MOVING, SIZES_WH, rotation

needs_cdflib = pytest.mark.skipif(importlib.util.find_spec("cdflib") is None, reason="needs cdflib")

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
        (
            lambda folder: write_metadata(folder / "metadata.xml", numbers=NUMBERS[:299]),
            "w0: found 299 numbers",
        ),
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


def test_missing_package_is_named(h36m, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cdflib", None)
    with pytest.raises(SystemExit) as done:
        cli.main(["data", "convert", str(h36m), str(tmp_path / "out"), "--from", "h36m", "--every", "2", "--no-frames"])
    assert done.value.code == cli.USER_ERROR
    assert "needs the package cdflib, which is not installed: pip install 'posekit[data]'" in capsys.readouterr().err
