"""Codecs with a third dimension."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from posekit.codecs.hand_3d_heatmap import Hand3DHeatmap
from posekit.codecs.image_pose_lifting import ImagePoseLifting
from posekit.codecs.motionbert_label import MotionBERTLabel
from posekit.codecs.video_pose_lifting import VideoPoseLifting

K, T = 5, 7
CAMERA = {"w": 1000, "h": 1002, "f": np.array([1145.0, 1144.0]), "c": np.array([512.0, 515.0])}
RNG = np.random.default_rng(0)
KEYPOINTS = (RNG.random((T, K, 2)) * 900).astype(np.float32)
JOINTS = (RNG.random((T, K, 3)) + np.array([0, 0, 4])).astype(np.float32)
VISIBLE = np.ones((T, K), np.float32)


def as_library(values: dict[str, Any], library: str) -> dict[str, Any]:
    if library == "numpy":
        return values
    return {key: torch.from_numpy(value) if isinstance(value, np.ndarray) else value for key, value in values.items()}


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("remove_root", [False, True])
@pytest.mark.parametrize("normalised", [False, True])
def test_image_lifting_round_trip(normalised: bool, remove_root: bool, library: str) -> None:
    count = K - remove_root
    stats = {"keypoints_mean": np.ones((K, 2)), "keypoints_std": np.full((K, 2), 2.0)}
    stats |= {"target_mean": np.full((count, 3), 0.3), "target_std": np.full((count, 3), 2.0)}
    codec = ImagePoseLifting(K, root_index=1, remove_root=remove_root, save_index=True, **(stats if normalised else {}))
    inputs = as_library(
        {"keypoints": KEYPOINTS[:1], "lifting_target": JOINTS[:1], "lifting_target_visible": VISIBLE[:1]}, library
    )
    encoded = codec.encode(**inputs)
    assert encoded["keypoint_labels"].shape == (K * 2, 1)
    assert encoded["lifting_target_label"].shape == (1, count, 3)
    assert ("target_root_index" in encoded) is remove_root
    joints, scores = codec.decode(encoded["lifting_target_label"], encoded["target_root"])
    np.testing.assert_allclose(joints, JOINTS[:1], atol=1e-5)
    assert scores.shape == (1, K)


def test_image_lifting_checks_its_statistics() -> None:
    with pytest.raises(ValueError, match="give both"):
        ImagePoseLifting(K, target_mean=np.zeros((K, 3)))
    codec = ImagePoseLifting(K, keypoints_mean=np.zeros((K, 3)), keypoints_std=np.ones((K, 3)))
    with pytest.raises(ValueError, match="keypoints_mean: shape"):
        codec.encode(KEYPOINTS[:1], lifting_target=JOINTS[:1])
    with pytest.raises(ValueError, match="only 5 joints"):
        ImagePoseLifting(K, root_index=9).encode(KEYPOINTS[:1], lifting_target=JOINTS[:1])


def test_image_lifting_keeps_additional_keys_to_itself() -> None:
    assert "camera_param" in ImagePoseLifting(K, additional_encode_keys=["camera_param"]).auxiliary_encode_keys
    assert "camera_param" not in ImagePoseLifting(K).auxiliary_encode_keys


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("remove_root", [False, True])
def test_video_lifting_round_trip(remove_root: bool, library: str) -> None:
    codec = VideoPoseLifting(K, root_index=0, remove_root=remove_root, concat_vis=True)
    inputs = as_library(
        {"keypoints": KEYPOINTS, "lifting_target": JOINTS[:1], "lifting_target_visible": VISIBLE[:1]}, library
    )
    encoded = codec.encode(**inputs, camera_param=CAMERA)
    assert encoded["keypoint_labels"].shape == (K * 3, T)
    labels = np.asarray(encoded["keypoint_labels"]).reshape(K, 3, T)
    np.testing.assert_allclose(labels[:, :2].transpose(2, 0, 1), (KEYPOINTS - [500, 501]) / 500, atol=1e-5)
    joints, _ = codec.decode(encoded["lifting_target_label"], encoded["target_root"])
    np.testing.assert_allclose(joints, JOINTS[:1], atol=1e-5)
    batch, _ = codec.batch_decode(encoded["lifting_target_label"][None], encoded["target_root"][None])
    np.testing.assert_allclose(batch[0], joints)


def test_video_lifting_names_what_the_camera_lacks() -> None:
    with pytest.raises(ValueError, match="lacks w, h"):
        VideoPoseLifting(K).encode(KEYPOINTS, lifting_target=JOINTS[:1])
    with pytest.raises(ValueError, match="lacks f, c"):
        VideoPoseLifting(K, normalize_camera=True).encode(
            KEYPOINTS, lifting_target=JOINTS[:1], camera_param={"w": 10, "h": 10}
        )


LENSES = {
    "column": {"f": CAMERA["f"][:, None], "c": CAMERA["c"][:, None]},
    "tuple": {"f": tuple(CAMERA["f"]), "c": tuple(CAMERA["c"])},
}


@pytest.mark.parametrize("lens", LENSES)
def test_motionbert_reads_lenses_of_all_shapes_alike(lens: str) -> None:
    usual, other = (
        MotionBERTLabel(K).encode(KEYPOINTS, lifting_target=JOINTS, camera_param=camera)
        for camera in (CAMERA, CAMERA | LENSES[lens])
    )
    for key, values in usual.items():
        np.testing.assert_array_equal(values, other[key])


def test_a_lens_needs_two_numbers() -> None:
    with pytest.raises(ValueError, match="camera_param's f must be two numbers, x and y; found 1145"):
        MotionBERTLabel(K).encode(KEYPOINTS, lifting_target=JOINTS, camera_param=CAMERA | {"f": 1145.0})


def test_motionbert_brings_targets_back_to_the_scale_of_the_joints() -> None:
    codec = MotionBERTLabel(K)
    encoded = codec.encode(KEYPOINTS, VISIBLE, JOINTS, VISIBLE, CAMERA)
    depth = JOINTS[..., 2] - JOINTS[:, :1, 2]
    np.testing.assert_allclose(encoded["lifting_target_label"][..., 2], depth, atol=2e-2)
    np.testing.assert_allclose(encoded["keypoint_labels"][..., 0], KEYPOINTS[..., 0] / 500 - 1, atol=1e-5)
    assert encoded["factor"].shape == (T, 1)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_motionbert_decodes_samples_of_different_size(library: str) -> None:
    codec = MotionBERTLabel(K, mode="train")
    outputs = RNG.random((2, T, K, 3)).astype(np.float32)
    sizes = {"w": np.array([1000, 640]), "h": np.array([1002, 480]), "factor": np.full((2, T, 1), 3.0)}
    values = as_library({"encoded": outputs, **sizes}, library)
    joints, _ = codec.decode(**values)
    for i in range(2):
        single, _ = codec.decode(**{key: value[i : i + 1] for key, value in values.items()})
        np.testing.assert_allclose(joints[i], single[0], rtol=1e-5)
    expected = (outputs[1] - outputs[1][:, :1]) * 320 * 3 / 1000
    np.testing.assert_allclose(joints[1], expected, atol=1e-4)


def test_motionbert_refuses_what_it_cannot_use() -> None:
    with pytest.raises(ValueError, match="allowed are train, test"):
        MotionBERTLabel(K, mode="valid")
    with pytest.raises(ValueError, match="no lifting_target"):
        MotionBERTLabel(K).encode(KEYPOINTS)
    with pytest.raises(ValueError, match="of 3 samples for 2"):
        MotionBERTLabel(K).decode(np.zeros((2, T, K, 3)), np.ones(3), np.ones(3))


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_hand_volumes_round_trip(library: str) -> None:
    codec = Hand3DHeatmap((64, 64), heatmap_size=(32, 32, 32), sigma=2.0, max_bound=255, depth_size=32)
    joints = np.concatenate([10 + 40 * RNG.random((1, 6, 2)), 100 * RNG.random((1, 6, 1)) - 50], -1).astype(np.float32)
    inputs = as_library(
        {"keypoints": joints, "hand_type": np.ones((1, 2)), "hand_type_valid": np.ones((1, 1))}, library
    )
    encoded = codec.encode(**inputs, rel_root_depth=30.0, rel_root_valid=1.0)
    heatmaps = encoded["heatmaps"].reshape((6, 32, 32, 32))
    found, scores, depth, hands = codec.decode(heatmaps, encoded["root_depth"], encoded["type"])
    assert np.linalg.norm((np.asarray(found) - joints)[..., :2], axis=-1).max() <= codec.round_trip_px + 1e-3
    assert np.abs((np.asarray(found) - joints)[..., 2]).max() <= 0.5 * 400 / 32 + 1e-3
    assert np.asarray(scores).min() > 200
    assert float(depth[0]) == pytest.approx(30.0, abs=1e-4)
    assert np.asarray(hands).tolist() == [[1, 1]]


def test_hand_flip_swaps_hands_and_their_order_in_depth() -> None:
    codec = Hand3DHeatmap((64, 64), heatmap_size=(32, 32, 32))
    volumes = RNG.random((1, 4, 8, 8, 8)).astype(np.float32)
    root_depth = (np.array([[30.0]]) / codec.root_depth_bound + 0.5) * codec.heatmap_size_root
    flipped = codec.flip((volumes, root_depth, np.array([[1.0, -1.0]])), [2, 3, 0, 1])
    np.testing.assert_array_equal(flipped[0], volumes[:, [2, 3, 0, 1]][..., ::-1])
    assert codec.decode(volumes[0], flipped[1], flipped[2])[2] == pytest.approx(-30)
    np.testing.assert_array_equal(flipped[2], [[-1, 1]])


def test_hand_weights_need_the_keypoint_sets_weights() -> None:
    codec = Hand3DHeatmap((64, 64), heatmap_size=(32, 32, 32), use_different_joint_weights=True)
    with pytest.raises(ValueError, match="dataset_keypoint_weights"):
        codec.encode(np.zeros((1, 6, 3), np.float32))
