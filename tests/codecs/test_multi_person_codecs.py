"""Codecs for several instances in one image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from posekit.codecs.associative_embedding import AssociativeEmbedding
from posekit.codecs.decoupled_heatmap import DecoupledHeatmap
from posekit.codecs.edpose_label import EDPoseLabel
from posekit.codecs.spr import SPR
from posekit.codecs.yolox_pose_annotation_processor import YOLOXPoseAnnotationProcessor

SIZE, HEATMAP = (256, 256), (64, 64)
FLIP_INDICES = [0, 2, 1, 3]


@pytest.fixture
def people() -> np.ndarray:
    """Two persons (2, 4, 2) far apart."""
    first = np.array([[40, 60], [60, 40], [80, 90], [50, 110]], np.float32)
    return np.stack([first, first[::-1] + np.array([110, 90])]).astype(np.float32)


def match(found: np.ndarray, wanted: np.ndarray) -> float:
    """Return the largest distance between the persons found and the nearest of those wanted."""
    assert len(found) == len(wanted)
    distance = np.linalg.norm(found[:, None] - wanted[None], axis=-1).max(-1)
    assert sorted(distance.argmin(1)) == list(range(len(wanted)))
    return float(distance.min(1).max())


def tag_maps(people: np.ndarray, codec: AssociativeEmbedding) -> np.ndarray:
    """Return tags (K, H, W): everywhere the number of the person whose keypoint is nearest."""
    y, x = np.mgrid[: HEATMAP[1], : HEATMAP[0]]
    cells = people / codec.scale_factor
    distance = (x - cells[..., 0, None, None]) ** 2 + (y - cells[..., 1, None, None]) ** 2
    return distance.argmin(0).astype(np.float32) * 5


@pytest.mark.usefixtures("device_path")
@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("use_udp", [False, True])
def test_associative_embedding_finds_everyone(people: np.ndarray, use_udp: bool, library: str) -> None:
    codec = AssociativeEmbedding(SIZE, HEATMAP, sigma=2, use_udp=use_udp, decode_keypoint_order=[0, 1, 2, 3])
    outputs = codec.encode(people)["heatmaps"][None], tag_maps(people, codec)[None]
    if library == "torch":
        outputs = tuple(torch.from_numpy(part) for part in outputs)
    keypoints, scores, instance_scores = codec.batch_decode(*outputs)
    assert match(keypoints[0], people) <= codec.round_trip_px
    np.testing.assert_allclose(scores[0], 1, atol=0.1)
    assert instance_scores[0].shape == (2,)
    single, _ = codec.decode(*(part[0] for part in outputs))
    np.testing.assert_array_equal(single, keypoints[0])


def test_associative_embedding_looks_for_missing_keypoints_by_tag(people: np.ndarray) -> None:
    codec = AssociativeEmbedding(SIZE, HEATMAP, sigma=2, decode_keypoint_order=[0, 1, 2, 3], decode_keypoint_thr=0.5)
    heatmaps = codec.encode(people)["heatmaps"]
    heatmaps[3] *= 0.3  # below the threshold for everyone
    keypoints, _ = codec.decode(heatmaps, tag_maps(people, codec))
    assert match(keypoints, people) <= codec.round_trip_px


def test_associative_embedding_of_an_empty_image() -> None:
    codec = AssociativeEmbedding(SIZE, HEATMAP, sigma=2, decode_keypoint_order=[0, 1, 2, 3])
    keypoints, scores, instance_scores = codec.batch_decode(
        np.zeros((1, 4, 64, 64), np.float32), np.zeros((1, 4, 64, 64))
    )
    assert (keypoints[0].shape, scores[0].shape, instance_scores[0].shape) == ((0, 4, 2), (0, 4), (0,))


def test_associative_embedding_indices_lead_to_the_maxima(people: np.ndarray) -> None:
    visible = np.ones((2, 4), np.float32)
    visible[1, 2] = 0
    encoded = AssociativeEmbedding(SIZE, HEATMAP, sigma=2).encode(people, visible)
    flat = encoded["heatmaps"].reshape(4, -1)
    index, shown = encoded["keypoint_indices"][..., 0], encoded["keypoint_indices"][..., 1]
    np.testing.assert_array_equal(shown, visible)
    assert all(flat[k, index[n, k]] == 1 for n in range(2) for k in range(4) if visible[n, k])


def test_associative_embedding_refuses_an_order_that_leaves_keypoints_out() -> None:
    codec = AssociativeEmbedding(SIZE, HEATMAP, decode_keypoint_order=[0, 1])
    with pytest.raises(ValueError, match="each of the 4 keypoints once"):
        codec.batch_decode(np.zeros((1, 4, 64, 64)), np.zeros((1, 4, 64, 64)))
    with pytest.raises(ValueError, match="must be the same"):
        codec.batch_decode(np.zeros((1, 4, 64, 64)), np.zeros((1, 4, 32, 32)))


@pytest.mark.parametrize("flip_test", [False, True])
@pytest.mark.parametrize("root_type", ["kpt_center", "bbox_center"])
@pytest.mark.usefixtures("device_path")
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_spr_finds_everyone(people: np.ndarray, root_type: str, library: str, flip_test: bool) -> None:
    codec = SPR(SIZE, HEATMAP, sigma=(4, 2), generate_keypoint_heatmaps=True, root_type=root_type, decode_thr=0.5)
    source = people
    if flip_test:
        source = people[:, FLIP_INDICES].copy()
        source[..., 0] = SIZE[0] - 1 - source[..., 0]
    encoded = codec.encode(source if library == "numpy" else torch.from_numpy(source))
    outputs = encoded["heatmaps"], encoded["displacements"]
    if flip_test:
        outputs = tuple(part[0] for part in codec.flip([part[None] for part in outputs], FLIP_INDICES))
    keypoints, (root_scores, keypoint_scores) = codec.decode(*outputs)
    assert match(np.asarray(keypoints), people) <= codec.round_trip_px + 1e-3
    assert tuple(root_scores.shape) == (2,)
    assert np.asarray(keypoint_scores).min() > 0.5


def test_spr_gives_meeting_surroundings_to_the_smaller_instance(people: np.ndarray) -> None:
    small = people[:1].mean(1, keepdims=True) + 0.5 * (people[:1] - people[:1].mean(1, keepdims=True))
    codec = SPR(SIZE, HEATMAP, sigma=4)
    both = codec.encode(np.concatenate([small, people[:1]]))
    alone = codec.encode(small)
    covered = alone["displacement_weights"] > 0
    np.testing.assert_array_equal(both["displacements"][covered], alone["displacements"][covered])


def test_spr_weights(people: np.ndarray) -> None:
    encoded = SPR(SIZE, HEATMAP, sigma=4, background_weight=0.2).encode(people)
    np.testing.assert_allclose(encoded["heatmap_weights"], np.where(encoded["heatmaps"] > 0, 1, 0.2))
    with pytest.raises(ValueError, match="must be a pair"):
        SPR(SIZE, HEATMAP, sigma=4, generate_keypoint_heatmaps=True)


@pytest.mark.usefixtures("device_path")
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_decoupled_heatmap_keeps_instances_apart(people: np.ndarray, library: str) -> None:
    codec = DecoupledHeatmap(SIZE, HEATMAP)
    keypoints = people if library == "numpy" else torch.from_numpy(people)
    encoded = codec.encode(keypoints, rng=np.random.default_rng(0))
    assert encoded["heatmaps"].shape == (5, 64, 64)
    maps = encoded["instance_heatmaps"].reshape((2, 4, 64, 64))
    instance_scores = np.ones((2, 1), np.float32)
    found, scores = codec.decode(maps, instance_scores if library == "numpy" else torch.from_numpy(instance_scores))
    assert match(np.asarray(found), people) <= codec.round_trip_px
    np.testing.assert_allclose(np.asarray(scores), 1, atol=0.2)


def test_decoupled_heatmap_takes_its_chances_from_the_generator(people: np.ndarray) -> None:
    codec = DecoupledHeatmap(SIZE, HEATMAP, encode_max_instances=1)
    first, second = (codec.encode(people, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first["instance_coords"], second["instance_coords"])
    assert first["instance_coords"].shape == (1, 2)


@pytest.mark.parametrize(
    "codec", [AssociativeEmbedding(SIZE, HEATMAP), SPR(SIZE, HEATMAP), DecoupledHeatmap(SIZE, HEATMAP)]
)
def test_images_without_anyone(codec) -> None:
    encoded = codec.encode(np.zeros((0, 4, 2), np.float32), np.zeros((0, 4), np.float32))
    assert not encoded["heatmaps"].any()


@pytest.mark.parametrize(
    "codec", [AssociativeEmbedding(SIZE, HEATMAP), SPR(SIZE, HEATMAP), DecoupledHeatmap(SIZE, HEATMAP)]
)
def test_an_invisible_person_leaves_no_trace(codec, people: np.ndarray) -> None:
    visible = np.array([[1] * 4, [0] * 4], np.float32)
    both, alone = codec.encode(people, visible)["heatmaps"], codec.encode(people[:1], visible[:1])["heatmaps"]
    np.testing.assert_array_equal(both, alone)


def test_edpose_round_trip(people: np.ndarray) -> None:
    codec = EDPoseLabel(num_select=2, num_keypoints=4)
    boxes = np.array([[30, 30, 90, 120], [140, 120, 200, 210]], np.float32)
    encoded = codec.encode((640, 480), people, area=np.array([1.0, 2.0]), bboxes=boxes)
    raw = np.concatenate([encoded["keypoints"].reshape(2, 8), np.zeros((2, 4))], -1).astype(np.float32)
    logits = np.array([[0.1, 0.9], [0.8, 0.2]], np.float32)
    found_boxes, keypoints, scores = codec.decode(np.array([480, 640]), logits, encoded["bbox"], raw)
    np.testing.assert_allclose(keypoints, people, atol=codec.round_trip_px)
    np.testing.assert_allclose(found_boxes, boxes, atol=codec.round_trip_px)
    np.testing.assert_allclose(scores[:, 0], [0.9, 0.8])


def test_edpose_labels_in_a_pipeline(people: np.ndarray) -> None:
    from posekit.datasets.transforms.pipeline import Pipeline

    boxes = np.array([[30, 30, 90, 120], [140, 120, 200, 210]], np.float32)
    pipeline = Pipeline(
        [
            dict(type="BottomupRandomChoiceResize", scales=[(320, 120)]),
            dict(type="GenerateTarget", encoder=dict(type="EDPoseLabel")),
            dict(type="PackPoseInputs"),
        ],
        {"img", "keypoints", "keypoints_visible", "bbox", "area"},
    )
    results: Any = {
        "img": np.zeros((240, 320, 3), np.uint8),
        "keypoints": people,
        "keypoints_visible": np.ones((2, 4), np.float32),
        "bbox": boxes,
        "area": np.array([768.0, 7680.0], np.float32),
    }
    packed: Any = pipeline({**results, "rng": np.random.default_rng(0)})
    labels = packed["data_samples"].gt_instance_labels
    np.testing.assert_allclose(labels.keypoints, people / (320, 240), atol=5e-3)
    np.testing.assert_allclose(labels.bboxes[0], [60 / 320, 75 / 240, 60 / 320, 90 / 240], atol=5e-3)
    np.testing.assert_allclose(labels.areas, [0.01, 0.1], rtol=1e-5)


def test_edpose_needs_the_size_of_the_input(people: np.ndarray) -> None:
    with pytest.raises(ValueError, match="resize the image before GenerateTarget"):
        EDPoseLabel(num_keypoints=4).encode(keypoints=people)


def test_yolox_pose_widens_boxes_to_the_visible_keypoints(people: np.ndarray) -> None:
    boxes = np.array([[50, 50, 60, 60], [150, 150, 160, 160]], np.float32)
    kept = boxes.copy()
    visible = np.array([[1, 1, 1, 0], [0, 0, 0, 0]], np.float32)
    encoded = YOLOXPoseAnnotationProcessor(expand_bbox=True).encode(people, visible, bbox=boxes, category_id=[1, 3])
    np.testing.assert_array_equal(encoded["bbox"], [[40, 40, 80, 90], [150, 150, 160, 160]])
    np.testing.assert_array_equal(encoded["bbox_labels"], [0, 2])
    np.testing.assert_array_equal(boxes, kept)
    with pytest.raises(NotImplementedError, match="only prepares targets"):
        YOLOXPoseAnnotationProcessor().decode()
