"""UBody's SMPL-X annotations, from made-up bodies to the dataset class."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from raw_set_cases import unpack
from smplx_cases import make_model
from test_ubody import make_ubody

from posekit.datasets.datasets.ubody3d import UBody3dDataset
from posekit.keypoints.skeleton import Skeleton
from posekit.labels.public_sets.smplx import PARTS, SmplxModel
from posekit.labels.public_sets.ubody3d import POINTS

CAMERA = {"focal": [500.0, 510.0], "princpt": [32.0, 24.0]}


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("smplx") / "SMPLX_NEUTRAL.npz")


@pytest.fixture(scope="module")
def model(model_file):
    return SmplxModel(model_file)


def body(turn=0.0):
    """Return a pose whose whole body is turned about the vertical by ``turn`` radians, shape, expression and shift."""
    pose = {name: np.sin(np.arange(size) + 1) * 0.3 for name, size in PARTS.items() if "eye" not in name}
    pose["root"] = np.array([0.1, turn, 0.2])
    return pose, np.cos(np.arange(10.0)), np.sin(np.arange(10.0)), np.array([0.1, 0.2, 3.0])


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (
            0.5,
            [[0.1573, 0.2124, 3.0240], [0.5028, -1.0856, 3.9967], [0.1722, 0.4889, 2.8219], [0.2463, -0.2981, 2.9620]],
        ),
        (-0.3, [[0.1130, 0.2093, 2.9983], [-0.35, -1.1607, 3.8100], [0.27, 0.4949, 2.8918], [0.1619, -0.0047, 2.5452]]),
        (
            -1.2,
            [[0.1009, 0.2093, 2.942], [-0.7905, -1.189, 2.9595], [0.2759, 0.4924, 3.0245], [0.9327, -0.2624, 2.3694]],
        ),
    ],
)
def test_points_are_those_of_the_authors_code(turn, expected, model):
    """The numbers were computed with version 0.1.28 of the authors' package on the same made-up model."""
    points = model.points(*body(turn))
    assert points.shape == (144, 3)
    assert np.allclose(points[[21, 75, 76, 143]], expected, atol=1e-4)


def test_keypoints_are_those_of_the_set():
    names = Skeleton.load("ubody3d").names
    assert len(POINTS) == len(names)
    assert [POINTS[names.index(name)] for name in ("Pelvis", "R_Wrist", "Nose", "L_Thumb_4", "R_Pinky_4")] == [
        *(0, 21, 55, 66, 75)
    ]


def make_scene_fits(folder, model_file, **changes):
    pose, shape, expression, shift = body()
    fit = {"root_pose": pose["root"], "body_pose": pose["body"].reshape(21, 3), "jaw_pose": pose["jaw"]}
    fit |= {"lhand_pose": pose["left_hand"], "rhand_pose": pose["right_hand"], "shape": shape, "trans": shift}
    fit |= {"expr": expression, "lhand_valid": True, "rhand_valid": False, "face_valid": True, **changes}
    fit = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in fit.items()}
    for path in folder.glob("annotations/*/keypoint_annotation.json"):
        numbers = [label["id"] for label in json.loads(path.read_text())["annotations"]][1:]
        fits = {str(number): {"smplx_param": fit, "cam_param": CAMERA} for number in numbers}
        path.with_name("smplx_annotation.json").write_text(json.dumps(fits))
    (folder / "model").mkdir()
    (folder / "model" / model_file.name).symlink_to(model_file)


def test_bodies_become_keypoints(model, model_file, tmp_path):
    make_ubody(tmp_path / "raw")
    make_scene_fits(tmp_path / "raw", model_file)
    told = unpack("ubody3d", tmp_path / "raw", tmp_path / "out", frames=False)
    assert "read    6 labels of 2 scenes" in told
    assert "lost    2 labels that no body was fitted to" in told
    path = tmp_path / "out" / "annotations" / "Magic_show" / "val_3dkeypoint_annotation.json"
    label = json.loads(path.read_text())["annotations"][0]
    pose, *rest = body()
    del pose["right_hand"]  # which the fit says not to trust
    points = model.points(pose, *rest)[POINTS]
    pixels = points[:, :2] / points[:, 2:] * CAMERA["focal"] + CAMERA["princpt"]
    assert np.allclose(label["keypoints"], pixels)
    assert np.allclose(np.array(label["keypoints_3d"])[:, :2], pixels)
    depth = np.array(label["keypoints_3d"])[:, 2]
    assert depth[0] == 8
    assert depth[25] == pytest.approx((points[25, 2] - points[0, 2] - (points[12, 2] - points[0, 2]) + 1) * 8)
    assert np.array(label["keypoints_valid"])[[24, 25, 44, 45, 64, 65, 136]].tolist() == [1, 1, 1, 0, 0, 1, 1]


def test_the_dataset_reads_them(model_file, tmp_path):
    make_ubody(tmp_path / "raw")
    make_scene_fits(tmp_path / "raw", model_file)
    unpack("ubody3d", tmp_path / "raw", tmp_path / "out")
    dataset = UBody3dDataset("annotations/val_3dkeypoint_annotation.json", data_root=str(tmp_path / "out"))
    sample = dataset.get_data_info(0)
    assert sample["keypoints"].shape == (1, 137, 2)
    assert sample["lifting_target"].shape == (1, 137, 3)
    assert Path(np.ravel(sample["img_path"])[0]).is_file()
    assert dataset.metainfo["num_keypoints"] == 137


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": [1.0] * 9}, r"smplx_annotation.json: label 1, smplx_param, shape: found .*, expected 10 numbers"),
        ({"trans": "here"}, r"smplx_param, trans: found 'here', expected 3 numbers"),
    ],
)
def test_broken_fits_are_named(changes, message, model_file, tmp_path):
    make_ubody(tmp_path / "raw")
    make_scene_fits(tmp_path / "raw", model_file, **changes)
    with pytest.raises(ValueError, match=message):
        unpack("ubody3d", tmp_path / "raw", tmp_path / "out", frames=False)


def test_the_model_must_be_there_and_whole(tmp_path):
    make_ubody(tmp_path / "raw")
    with pytest.raises(
        FileNotFoundError, match=r"no SMPLX_NEUTRAL.npz below this folder; give the folder of UBody with"
    ):
        unpack("ubody3d", tmp_path / "raw", tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="comes from its authors, who ask to register"):
        SmplxModel(tmp_path / "SMPLX_NEUTRAL.npz")
    path = tmp_path / "raw" / "SMPLX_NEUTRAL.npz"
    np.savez(path, v_template=np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"no model file of SMPL-X \(.*f.*\); expected SMPLX_NEUTRAL.npz"):
        SmplxModel(path)
    path.write_bytes(b"no zip")
    with pytest.raises(ValueError, match="no model file of SMPL-X"):
        SmplxModel(path)
