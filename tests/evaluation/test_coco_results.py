from __future__ import annotations

import json

import numpy as np
import pytest

from posekit.evaluation.coco_results import read_results

ROW = dict(image_id=3, category_id=1, keypoints=[10, 20, 0.5, 40, 60, 0.9], score=0.7)


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "results.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return read_results(path, 2, [3, "a"], [1, "dog"])

    return read


def test_columns(read):
    found = read([ROW, ROW | dict(image_id=3, bbox=[0, 0, 5, 4], score=1)])
    assert found.image.tolist() == [3, 3]
    assert found.score.tolist() == [0.7, 1]
    assert found.area.tolist() == [30 * 40, 20]
    np.testing.assert_array_equal(found.keypoints[0], [[10, 20], [40, 60]])


def test_nothing_found(read):
    assert read([]).keypoints.shape == (0, 2, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"results\.json' is no valid JSON"),
        (dict(annotations=[]), "is a list of predictions, found a dict"),
        ([3], "prediction 0 is a int, not a dict"),
        ([ROW, dict(image_id=3)], "prediction 1 has no keypoints and no score"),
        ([ROW | dict(keypoints=[1, 2, 3])], "has 3 numbers in keypoints; 2 keypoints have 6"),
        ([ROW | dict(keypoints="abc")], "has no list of numbers in keypoints"),
        ([ROW | dict(score="high")], "has the score 'high', which is no number"),
        ([ROW | dict(bbox=[1, 2])], r"has the bbox \[1, 2\]; it must be four numbers"),
        ([ROW | dict(score=float("nan"))], "prediction 0 has a number that is NaN or infinite"),
        ([ROW | dict(keypoints=[1, 2, 3, 4, 5, 1e300])], "prediction 0 has a number that is NaN or infinite"),
        ([ROW | dict(bbox=[1, 2, 3, 10**400])], "prediction 0 has a number that is NaN or infinite"),
        ([ROW | dict(image_id=4)], "is of image 4, which the annotation file does not list"),
        ([ROW | dict(image_id=[4])], r"is of image \[4\]"),
        ([ROW, ROW | dict(category_id=0)], "prediction 1 is of category 0, .* does not have; it has 1, 'dog'"),
        ([ROW | dict(category_id="1")], "is of category '1', which the annotation file does not have"),
        ([ROW | dict(category_id=None)], "has the category_id None; it must be a whole number or a text"),
        ([ROW | dict(category_id=[1])], r"has the category_id \[1\]; it must be"),
    ],
)
def test_wrong_files(read, content, message):
    with pytest.raises(ValueError, match=message):
        read(content)


def document(*names: str) -> dict:
    """What ``posekit predict`` writes for images of these names, with a person in each."""
    annotations = [
        {"id": n, "image_id": n, "category_id": 1, "keypoints": [1, 2, 0.5, 3, 4, 0.5], "score": 0.5}
        for n in range(len(names))
    ]
    return {"images": [{"id": n, "file_name": name} for n, name in enumerate(names)], "annotations": annotations}


@pytest.mark.parametrize(
    ("names", "images"),
    [
        (["a/1.jpg", "b/1.jpg"], [7, 8]),
        (["/elsewhere/2.jpg", "not-labelled.jpg"], [9]),
        (["c/1.jpg", "2.jpg"], [9]),
        (["../../set/b/1.jpg"], [8]),
    ],
)
def test_predictions_of_posekit_are_matched_by_name(names, images, tmp_path):
    path = tmp_path / "predictions.json"
    path.write_text(json.dumps(document(*names)))
    poses = read_results(path, 2, [7, 8, 9], [4], {"a/1.jpg": 7, "b/1.jpg": 8, "2.jpg": 9})
    assert poses.image.tolist() == images
    assert set(poses.category.tolist()) == {4}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["x.jpg"], "no image has the name of one that the annotation file lists"),
        (["2.jpg", "b/2.jpg"], "several images"),
    ],
)
def test_predictions_of_other_images(names, message, tmp_path):
    path = tmp_path / "predictions.json"
    path.write_text(json.dumps(document(*names)))
    with pytest.raises(ValueError, match=message):
        read_results(path, 2, [9], [1], {"2.jpg": 9})
