from __future__ import annotations

import json

import numpy as np
import pytest

from posekit.inference.results import PoseResult, boxes_of, coco_category
from posekit.structures import InstanceData, PoseDataSample

SET = dict(dataset_name="two", keypoint_id2name={0: "low", 1: "high"}, skeleton_links=[[0, 1]])
KEYPOINTS = np.array([[[1, 2], [5, 9]], [[3, 3], [4, 8]]], np.float32)
SCORES = np.array([[0.5, 0.75], [0, 1]], np.float32)


def sample(**columns) -> PoseDataSample:
    return PoseDataSample(pred_instances=InstanceData(keypoints=KEYPOINTS, keypoint_scores=SCORES, **columns))


def result(**columns) -> PoseResult:
    return PoseResult.from_samples([sample(**columns)], SET, (20, 10))


def test_boxes_come_from_keypoints_where_the_model_has_none():
    assert result().boxes.tolist() == [[1, 2, 5, 9], [4, 8, 4, 8]]  # a keypoint with score 0 was not found
    assert boxes_of(KEYPOINTS, np.zeros((2, 2)))[1].tolist() == [3, 3, 4, 8]
    assert result(bboxes=np.ones((2, 4))).boxes.tolist() == [[1] * 4] * 2


def test_visibility_is_there_only_where_the_model_tells():
    assert result(keypoints_visible=SCORES).visible is None
    assert result(keypoints_visible=SCORES / 2).visible.tolist() == (SCORES / 2).tolist()


def test_no_samples_and_no_persons():
    for samples in ([], [PoseDataSample(pred_instances=InstanceData())]):
        empty = PoseResult.from_samples(samples, SET, (20, 10))
        assert (len(empty), empty.keypoints.shape, empty.to_coco(), list(empty)) == (0, (0, 2, 2), [], [])


def test_persons_one_by_one_and_some_of_them():
    both = result(bbox_scores=np.array([0.2, 0.9]))
    assert [person.box_scores[0] for person in both] == [0.2, 0.9]
    assert both[np.array([False, True])].keypoints.tolist() == KEYPOINTS[1:].tolist()
    assert both[-1].boxes.tolist() == both[1:].boxes.tolist()
    with pytest.raises(IndexError, match="there are 2 persons"):
        both[2]


def test_json_tells_names_size_and_what_is_known():
    content = json.loads(result().to_json())
    assert (content["keypoint_names"], content["image_size_wh"]) == (["low", "high"], [20, 10])
    assert content["persons"][0] == dict(keypoints=[[1, 2], [5, 9]], scores=[0.5, 0.75], boxes=[1, 2, 5, 9])


def test_coco():
    flat = result(keypoints_visible=SCORES / 2)
    first, second = flat.to_coco(image_id=4, first_id=8)
    assert first == dict(
        id=8, image_id=4, category_id=1, keypoints=[1, 2, 0.5, 5, 9, 0.75], bbox=[1, 2, 4, 7], score=0.625,
        visibility=[0.25, 0.375],
    )  # fmt: skip
    assert (second["id"], second["bbox"]) == (9, [4, 8, 0, 0])
    assert coco_category(SET) == dict(id=1, name="two", keypoints=["low", "high"], skeleton=[[1, 2]])


def test_a_third_coordinate_is_kept():
    deep = PoseResult(np.arange(6.0).reshape(1, 2, 3), np.ones((1, 2)), SET, track_ids=np.array([3]))
    (annotation,) = deep.to_coco()
    assert annotation["keypoints"] == [0, 1, 1, 3, 4, 1]
    assert annotation["keypoints_3d"] == [0, 1, 2, 3, 4, 5]
    assert annotation["track_id"] == 3
    assert "bbox" not in annotation


def test_a_keypoint_by_its_name():
    assert result()["high"].tolist() == KEYPOINTS[:, 1].tolist()
    assert result()[0]["low"].tolist() == [[1, 2]]
    assert result().names == ["low", "high"]
    with pytest.raises(KeyError, match="no keypoint 'hihg'; did you mean 'high'"):
        result()["hihg"]


def test_poses_are_drawn_on_their_image(tmp_path):
    image = np.zeros((10, 20, 3), np.uint8)
    drawn = result().draw(image)
    assert drawn.shape == image.shape
    assert drawn.any()
    assert not image.any()
    assert not result().draw(image, thr=2).any()
    with pytest.raises(ValueError, match="image: got"):
        result().draw(image[..., 0])


def test_lifted_poses_are_drawn_in_space():
    pytest.importorskip("matplotlib")
    points = np.random.default_rng(0).normal(size=(2, 2, 3))
    lifted = PoseResult(points, np.ones((2, 2)), SET)
    drawn = lifted.draw_3d(np.zeros((10, 20, 3), np.uint8))
    assert drawn.shape == (480, 20 + 2 * 480, 3)
    assert lifted[[]].draw_3d().shape == (480, 480, 3)
    with pytest.raises(ValueError, match="lifted to space"):
        lifted.draw(np.zeros((10, 20, 3), np.uint8))
    with pytest.raises(ValueError, match="in the image, not in space"):
        result().draw_3d()
