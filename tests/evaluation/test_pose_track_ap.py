from __future__ import annotations

import numpy as np
import pytest

from posekit.evaluation.metrics.posetrack18_metric import (
    ScoredFrame,
    average_precision,
    inside_polygons,
    joint_ap,
    right_joints,
)

PERSON = np.array([[0.0, 0], [10, 0], [20, 0]])


def frame(true: list[np.ndarray], found: list[np.ndarray], scores=None) -> ScoredFrame:
    shape = (len(found), 3)
    return ScoredFrame(
        true=np.array(true).reshape(-1, 3, 2),
        labelled=np.ones((len(true), 3), bool),
        heads=np.full(len(true), 4.0),
        found=np.array(found).reshape(-1, 3, 2),
        present=np.ones(shape, bool),
        scores=np.ones(shape) if scores is None else np.array(scores),
    )


def test_a_joint_is_right_within_half_a_head():
    found = PERSON + np.array([[1.9, 0], [2.0, 0], [2.1, 0]])
    assert right_joints(frame([PERSON], [found])).tolist() == [[True, True, False]]


def test_a_prediction_is_assigned_to_the_person_it_shares_most_joints_with():
    other = PERSON + np.array([100, 0])
    mixed = np.array([PERSON[0], other[1], other[2]])
    right = right_joints(frame([PERSON, other], [mixed]))
    assert right.tolist() == [[False, True, True]]


def test_of_two_predictions_of_a_person_one_is_wrong():
    worse = PERSON + np.array([[0, 0], [9, 9], [0, 0]])
    right = right_joints(frame([PERSON], [worse, PERSON]))
    assert right.tolist() == [[False] * 3, [True] * 3]


def test_unlabelled_and_absent_joints_are_not_right():
    one = frame([PERSON], [PERSON])
    one.labelled[0, 0] = one.present[0, 1] = False
    assert right_joints(one).tolist() == [[False, False, True]]


@pytest.mark.parametrize(("true", "found"), [([], [PERSON]), ([PERSON], []), ([], [])])
def test_empty_frames(true, found):
    assert not right_joints(frame(true, found)).any()
    ap = joint_ap([frame(true, found)])
    assert (np.isnan(ap) if not true else ap == 0).all()


def test_no_frames():
    with pytest.raises(ValueError, match="no person is labelled in any frame"):
        joint_ap([])


def test_area_under_the_monotonic_curve():
    right, scores = np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1])
    assert average_precision(right, scores, 4) == pytest.approx(1 / 4 + 2 / 3 / 4)
    assert average_precision(right[::-1], scores[::-1], 4) == pytest.approx(1 / 4 + 2 / 3 / 4)


def test_joints_are_ranked_by_their_own_scores():
    far = PERSON + 900
    low, high = [[0.1, 0.9, 0.1]], [[0.9, 0.1, 0.9]]
    ap = joint_ap([frame([PERSON], [PERSON, far], low + high)])
    np.testing.assert_allclose(ap, [50, 100, 50])


def test_inside_polygons():
    triangle, square = np.array([[0, 0], [10, 0], [0, 10]]), np.array([[20, 0], [30, 0], [30, 10], [20, 10]])
    points = np.array([[[2, 2], [9, 9]], [[25, 5], [15, 5]]])
    assert inside_polygons(points, [triangle, square]).tolist() == [[True, False], [True, False]]
    assert not inside_polygons(points, []).any()
