from __future__ import annotations

import numpy as np
import pytest

from posekit.evaluation.average_precision import score_poses
from posekit.evaluation.pose_errors import (
    GOOD,
    KEYPOINT_ERRORS,
    KINDS,
    NEAR,
    PERSON_ERRORS,
    ap_gains,
    find_errors,
    single_similarity,
)
from posekit.keypoints.oks import FoundPoses, TruePoses

POSE = np.array([[50.0, 0], [0, 40], [100, 40], [0, 100], [100, 100]])
FLIPS = [0, 2, 1, 4, 3]
SIGMAS = np.full(5, 0.05)
AREA = 10_000.0
SHIFT = np.array([300.0, 0])
"""Where the second person stands."""


def away(similarity: float) -> float:
    """Return the distance at which a keypoint has this similarity."""
    return float(np.sqrt(-2 * np.log(similarity) * AREA * (2 * SIGMAS[0]) ** 2))


@pytest.fixture
def truth() -> TruePoses:
    keypoints = np.dstack([np.stack([POSE, POSE + SHIFT]), np.full((2, 5), 2.0)])
    boxes = np.array([[0.0, 0, 100, 100], [300, 0, 100, 100]])
    no = np.zeros(2, bool)
    return TruePoses(np.zeros(2, int), np.ones(2, int), keypoints, boxes, np.full(2, AREA), no, no)


def found(*poses: np.ndarray) -> FoundPoses:
    count = len(poses)
    scores = np.linspace(0.9, 0.5, count)
    return FoundPoses(np.zeros(count, int), np.ones(count, int), np.stack(poses), scores, np.full(count, AREA))


def states(truth: TruePoses, *poses: np.ndarray) -> list[list[str]]:
    errors = find_errors(truth, found(*poses), SIGMAS, FLIPS)
    return [[KINDS[state] if state >= 0 else "" for state in row] for row in errors.states.tolist()]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (POSE[1] + [away(0.9), 0], "good"),
        (POSE[1] + [away(0.7), 0], "jitter"),
        (POSE[1] - [0, away(0.3)], "miss"),
        (POSE[2] + [away(0.9), 0], "inversion"),
        (POSE[2] + [away(0.6), 0], "inversion"),
        (POSE[1] + SHIFT + [away(0.8), 0], "swap"),
        (POSE[2] + SHIFT + [away(0.8), 0], "swap"),
        (POSE[4], "miss"),
    ],
)
def test_state_of_a_keypoint(truth, place, expected):
    pose = POSE.copy()
    pose[1] = place
    assert states(truth, pose, POSE + SHIFT) == [["good", expected, "good", "good", "good"], ["good"] * 5]


def test_unlabelled_keypoints_have_no_state(truth):
    truth.keypoints[0, 1, 2] = 0
    pose = POSE.copy()
    pose[2] = POSE[1]  # where its counterpart is, were that labelled
    (first,) = states(truth, pose)
    assert first == ["good", "", "miss", "good", "good"]


def test_a_keypoint_without_counterpart_is_not_inverted(truth):
    errors = find_errors(truth, found(POSE), SIGMAS, range(5))
    assert (errors.states == 0).all()


def test_false_positives_and_missed_persons(truth):
    errors = find_errors(truth, found(POSE, POSE + 3000, POSE + np.array([5, 0])), SIGMAS, FLIPS)
    assert errors.unassigned.tolist() == [False, True, True]
    assert errors.unfound.tolist() == [False, True]
    assert errors.counts() == dict(zip((*KEYPOINT_ERRORS, *PERSON_ERRORS), [0, 0, 0, 0, 2, 1], strict=True))


def test_a_prediction_of_a_region_to_ignore_is_no_error(truth):
    truth = truth._replace(ignore=np.array([False, True]))
    truth.keypoints[1] = 0
    errors = find_errors(truth, found(POSE, POSE + SHIFT), SIGMAS, FLIPS)
    assert not errors.unassigned.any()
    assert not errors.unfound.any()
    assert len(errors.states) == 1


def test_shares_are_of_the_labelled_keypoints(truth):
    truth.keypoints[:, 0, 2] = 0
    pose = POSE.copy()
    pose[1] += away(0.1)
    shares = find_errors(truth, found(pose, POSE + SHIFT), SIGMAS, FLIPS).shares()
    assert shares["miss"][1] == 0.5
    assert shares["good"][1] == 0.5
    assert np.isnan(shares["good"][0])
    np.testing.assert_allclose(sum(shares.values())[1:], 1)


@pytest.mark.parametrize(
    ("kind", "place", "left"),
    [
        ("jitter", POSE[1] + [away(0.6), 0], GOOD),
        ("miss", POSE[1] + [0, away(0.01)], NEAR),
        ("inversion", POSE[2] + [away(0.8), 0], 0.8),
        ("swap", POSE[1] + SHIFT + [away(0.7), 0], 0.7),
    ],
)
def test_repair_leaves_what_is_left_of_the_similarity(truth, kind, place, left):
    pose = POSE.copy()
    pose[1] = place
    errors = find_errors(truth, found(pose, POSE + SHIFT), SIGMAS, FLIPS)
    labels, repaired = errors.repaired(kind)
    similarity = single_similarity(repaired.keypoints[:1], labels.rows(np.array([0])), np.arange(5), SIGMAS)[0]
    np.testing.assert_allclose(similarity, [1, left, 1, 1, 1])
    for other in set(KEYPOINT_ERRORS) - {kind}:
        np.testing.assert_array_equal(errors.repaired(other)[1].keypoints, errors.found.keypoints)


def test_gains_of_ap_are_those_of_the_errors_there_are(truth):
    inverted = POSE[FLIPS]
    errors = find_errors(truth, found(inverted, POSE + SHIFT, POSE + 3000), SIGMAS, FLIPS)
    gains = ap_gains(errors, SIGMAS)
    assert gains["inversion"] == pytest.approx(1 - score_poses(errors.truth, errors.found, SIGMAS).ap())
    assert gains["jitter"] == gains["swap"] == gains["miss"] == gains["missed person"] == 0
    assert find_errors(truth, found(POSE + 3000), SIGMAS, FLIPS).counts()["missed person"] == 2
