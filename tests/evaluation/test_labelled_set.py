from __future__ import annotations

import json

import numpy as np
import pytest

from posekit.evaluation.labelled_set import read_labels
from posekit.keypoints.skeleton import Skeleton

NAMES = ["left_ear", "right_ear", "nose"]


@pytest.fixture
def ann_file(tmp_path):
    def write(names=NAMES, images=(2, 1), **changes):
        label = (
            dict(id=5, image_id=1, category_id=1, bbox=[0, 0, 10, 20], keypoints=[1, 2, 2] * len(names or NAMES))
            | changes
        )
        category = dict(id=1, name="face") | (dict(keypoints=names) if names else {})
        content = dict(images=[dict(id=i) for i in images], annotations=[label], categories=[category])
        path = tmp_path / "labels.json"
        path.write_text(json.dumps(content))
        return path

    return write


def test_names_sides_and_boxes_in_place_of_areas(ann_file):
    labels = read_labels(ann_file(), "0.1")
    assert labels.names == NAMES
    assert labels.flip_indices == [1, 0, 2]
    assert labels.images == [1, 2]
    assert labels.truth.area.tolist() == [0.53 * 200]
    assert labels.without_area == 1
    assert labels.weights is None
    assert read_labels(ann_file(area=7.0), "0.1").truth.area.tolist() == [7]


def test_keypoints_without_names_are_numbered(ann_file):
    labels = read_labels(ann_file(names=None), "0.1")
    assert labels.names == ["0", "1", "2"]
    assert labels.flip_indices == [0, 1, 2]


def test_sigmas_of_the_set_with_the_same_keypoints(ann_file):
    coco = Skeleton.load("coco")
    path = ann_file(names=list(coco.names))
    np.testing.assert_allclose(read_labels(path).sigmas, coco.sigmas, atol=1e-7)
    np.testing.assert_allclose(read_labels(path, "coco").sigmas, coco.sigmas, atol=1e-7)


def test_numbers(ann_file):
    labels = read_labels(ann_file(), "0.1, 0.2,3e-1", "1,2,3")
    assert labels.sigmas.tolist() == [0.1, 0.2, 0.3]
    assert labels.weights is not None
    assert labels.weights.tolist() == [1, 2, 3]
    assert read_labels(ann_file(), "0.1").sigmas.tolist() == [0.1] * 3


@pytest.mark.parametrize(
    ("sigmas", "weights", "message"),
    [
        (None, None, "no packaged keypoint set with sigmas has these 3 keypoints; give --sigmas"),
        ("coco", None, r"set 'coco' has 17 keypoints, .*labels\.json has 3"),
        ("0.1,0.2", None, "--sigmas is '0.1,0.2'; give one number above 0, or one for each of 3 keypoints"),
        ("0.1,0,0.2", None, "give one number above 0"),
        ("0.1,,0.2", None, "give numbers with commas between them"),
        ("0.1", "a,b,c", "--weights is 'a,b,c'; give numbers with commas"),
        ("0.1", "1,2", "--weights is '1,2'; give one number above 0"),
    ],
)
def test_wrong_numbers(ann_file, sigmas, weights, message):
    with pytest.raises(ValueError, match=message):
        read_labels(ann_file(), sigmas, weights)


def test_an_unknown_set_is_named(ann_file):
    with pytest.raises(FileNotFoundError, match="keypoint set 'cocoo'"):
        read_labels(ann_file(), "cocoo")


def test_wrong_files(ann_file):
    with pytest.raises(ValueError, match="annotation 5 is of image 1, which 'images' does not list"):
        read_labels(ann_file(images=[3]), "0.1")
    for images in ([None, 1], ["a", 1]):
        with pytest.raises(ValueError, match="every image needs an id, all of them whole numbers or all of them texts"):
            read_labels(ann_file(images=images), "0.1")
    with pytest.raises(ValueError, match="neither a category nor an annotation has keypoints"):
        read_labels(ann_file(names=None, keypoints=[]), "0.1")


NAN = float("nan")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(keypoints=[1] * 8), "8 numbers in keypoints, but 3 keypoints have 9"),
        (dict(keypoints="abc"), "keypoints must be a list of numbers, found 'abc'"),
        (dict(keypoints=[1] * 8 + ["x"]), "keypoints must be 9 finite numbers, found "),
        (dict(keypoints=[1] * 8 + [NAN]), "keypoints must be 9 finite numbers, found "),
        (dict(keypoints=[1] * 8 + [1e300]), "keypoints must be 9 finite numbers, found "),
        (dict(bbox=[1, 2, 3]), r"bbox must be 4 finite numbers, found \[1, 2, 3\]"),
        (dict(bbox=None), "bbox must be 4 finite numbers, found None"),
        (dict(area="big"), "area must be a finite number, found big"),
        (dict(area=10**400), "area must be a finite number, found 1000"),
        (dict(area=-5), "its area is -5; it must not be below 0"),
        (dict(iscrowd="0"), "iscrowd must be 0 or 1, found '0'"),
        (dict(category_id=[1]), r"category_id must be a whole number or a text, found \[1\]"),
    ],
)
def test_wrong_annotations_are_named(ann_file, changes, message):
    with pytest.raises(ValueError, match=rf"labels\.json: annotation 5: {message}"):
        read_labels(ann_file(**changes), "0.1")


def test_keypoints_of_one_name_are_refused(ann_file):
    with pytest.raises(ValueError, match="several keypoints are called 'a'; give each a name of its own"):
        read_labels(ann_file(names=["a", "b", "a"]), "0.1")


def test_categories_are_those_listed_and_labelled(ann_file):
    path = ann_file(category_id=7)
    content = json.loads(path.read_text())
    categories = [*content["categories"], {"id": 3}, {"id": None}, {"id": [1]}, {}]
    path.write_text(json.dumps({**content, "categories": categories}))
    assert {3, 7} <= set(read_labels(path, "0.1").categories) <= {1, 3, 7}


@pytest.mark.parametrize("categories", ["x", 3, [3], [dict(keypoints="abc")]])
def test_categories_that_are_none_name_no_keypoints(ann_file, categories):
    path = ann_file()
    path.write_text(json.dumps({**json.loads(path.read_text()), "categories": categories}))
    assert read_labels(path, "0.1").names == ["0", "1", "2"]
