from __future__ import annotations

import numpy as np
import pytest
from doctor_files import POSE, found, keypoints, person, read

from posekit.labels.doctor import place_checks as checks


def moved(index, point, mark=2):
    """Return the pose with one point elsewhere."""
    points = keypoints()
    points[3 * index : 3 * index + 3] = [*point, mark]
    return points


ALL = [
    checks.check_box_sizes,
    checks.check_boxes_inside,
    checks.check_keypoints_inside,
    checks.check_visibility,
    checks.check_never_labelled,
]
CASES = {
    "empty box": (checks.check_box_sizes, "error", dict(bbox=[35, 10, 0, 60])),
    "empty area": (checks.check_box_sizes, "warning", dict(area=-3)),
    "area larger than box": (checks.check_box_sizes, "warning", dict(area=2000)),
    "box outside image": (checks.check_boxes_inside, "warning", dict(bbox=[35, 10, 90, 60])),
    "keypoint outside image": (checks.check_keypoints_inside, "warning", dict(keypoints=moved(0, (-9, 20)))),
    "keypoint outside box": (checks.check_keypoints_inside, "warning", dict(keypoints=moved(0, (90, 20)))),
    "visibility": (checks.check_visibility, "warning", dict(keypoints=moved(0, (50, 20), 0.7))),
    "labelled at (0, 0)": (checks.check_visibility, "error", dict(keypoints=moved(0, (0, 0)))),
    "unlabelled with a position": (checks.check_visibility, "note", dict(keypoints=moved(0, (50, 20), 0))),
}
NAMING = ("keypoint outside image", "keypoint outside box", "visibility", "labelled at (0, 0)")
FINE = person(1, keypoints=moved(0, (50, 20), 1))
"""Both marks stand in it."""


def test_nothing_is_found_in_a_faultless_file(tmp_path):
    table = read(tmp_path, [FINE])
    assert not any(found(check, table) for check in ALL)


@pytest.mark.parametrize("kind", CASES)
def test_each_mistake_is_found_where_it_is(kind, tmp_path):
    check, severity, changes = CASES[kind]
    finding = found(check, read(tmp_path, [FINE, person(7, **changes)]))[kind]
    assert finding.severity == severity
    assert [place.text for place in finding.where] == [f"annotation 7 on image 1{': nose' * (kind in NAMING)}"]
    assert (finding.where[0].spots[0].image, finding.where[0].spots[0].instance) == (0, 1)


def test_rounding_is_no_mistake(tmp_path):
    box = [-1, -1, 122, 92]
    table = read(tmp_path, [person(bbox=box, area=122 * 92 + 1, keypoints=moved(0, (120, 90)))])
    assert not found(checks.check_boxes_inside, table)
    assert not found(checks.check_box_sizes, table)
    assert not found(checks.check_keypoints_inside, table)


def test_boxes_wholly_outside_are_an_error(tmp_path):
    finding = found(checks.check_boxes_inside, read(tmp_path, [person(bbox=[500, 10, 9, 9])]))["box outside image"]
    assert finding.severity == "error"
    assert "1 of them lie wholly outside" in finding.message


def test_corners_in_place_of_sizes_are_recognised(tmp_path):
    boxes = [[40, 10, 110, 80], [20, 30, 119, 88], [60, 40, 100, 85]]
    table = read(tmp_path, [person(i, bbox=box) for i, box in enumerate(boxes)])
    assert "fit as corners x1, y1, x2, y2" in found(checks.check_boxes_inside, table)["box outside image"].message


def test_the_worst_comes_first(tmp_path):
    table = read(tmp_path, [person(1, bbox=[90, 10, 35, 60]), person(2, bbox=[90, 10, 80, 60])])
    texts = [place.text for place in found(checks.check_boxes_inside, table)["box outside image"].where]
    assert texts == ["annotation 2 on image 1", "annotation 1 on image 1"]


def test_relative_coordinates(tmp_path):
    relative = keypoints((x / 120, y / 90) for x, y in POSE)
    findings = found(checks.check_keypoints_inside, read(tmp_path, [person(keypoints=relative)]))
    assert "between 0 and 1" in findings["relative coordinates"].message


def test_one_mark_everywhere(tmp_path):
    finding = found(checks.check_visibility, read(tmp_path, [person(keypoints=keypoints(mark=1))]))["one visibility"]
    assert "visibility 1" in finding.message


def test_never_labelled(tmp_path):
    finding = found(checks.check_never_labelled, read(tmp_path, [person(keypoints=moved(0, (0, 0), 0))]))
    assert "1 of 7 keypoints are never labelled: nose." in finding["never labelled"].message


@pytest.mark.parametrize(("areas", "severity"), [((900, "big", ...), "warning"), ((None, float("nan"), ...), "note")])
def test_areas_that_are_none(areas, severity, tmp_path):
    annotations = [person(number, area=area) for number, area in enumerate(areas)]
    findings = found(checks.check_box_sizes, read(tmp_path, annotations))
    assert list(findings) == ["no area"]
    assert findings["no area"].severity == severity
    assert findings["no area"].count == 2 + (severity == "note")


def test_of_many_keypoints_a_few_are_named(tmp_path):
    table = read(tmp_path, [person(keypoints=keypoints(np.array(POSE) - 200))])
    place = found(checks.check_keypoints_inside, table)["keypoint outside image"].where[0]
    assert place.text == "annotation 1 on image 1: nose, left_eye, right_eye, left_shoulder … (7)"
