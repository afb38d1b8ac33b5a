from __future__ import annotations

import numpy as np
import pytest

from posekit.evaluation.pck import keypoint_auc, keypoint_pck, mean_of_valid, normalized_distances


@pytest.fixture
def two_people():
    gt = np.zeros((2, 3, 2), np.float32)
    pred = gt + np.array([[[3, 4], [0, 1], [0, 0]], [[0, 0], [0, 30], [5, 0]]], np.float32)
    mask = np.array([[1, 1, 0], [1, 1, 0]], bool)
    return pred, gt, mask


def test_distances_are_in_units_of_the_size(two_people):
    distances = normalized_distances(*two_people, np.array([10.0, 20.0]))
    np.testing.assert_allclose(distances, [[0.5, 0.1, np.nan], [0, 1.5, np.nan]])


@pytest.mark.parametrize("size", [0.0, -3.0, np.nan])
def test_a_person_without_size_does_not_count(two_people, size):
    distances = normalized_distances(*two_people, np.array([10.0, size]))
    assert np.isnan(distances[1]).all()
    assert np.isfinite(distances[0, :2]).all()


def test_a_nan_prediction_is_a_miss(two_people):
    pred, gt, mask = two_people
    pred[0, 0] = np.nan
    per_keypoint, _ = keypoint_pck(normalized_distances(pred, gt, mask, 10.0), 1.0)
    assert per_keypoint[0] == 0.5


def test_pck_is_strict_and_skips_unlabelled_keypoints(two_people):
    distances = normalized_distances(*two_people, np.array([10.0, 20.0]))
    per_keypoint, mean = keypoint_pck(distances, 0.5)
    np.testing.assert_array_equal(per_keypoint, [0.5, 0.5, np.nan])
    assert mean == 0.5


def test_auc_of_perfect_predictions_misses_only_the_zero_threshold():
    zeros = normalized_distances(np.ones((1, 2, 2)), np.ones((1, 2, 2)), np.ones((1, 2)), 30)
    assert keypoint_auc(zeros, 20) == pytest.approx(0.95)


def test_nothing_labelled_gives_zero():
    assert mean_of_valid(np.full(3, np.nan)) == 0


def test_shapes_must_agree(two_people):
    pred, gt, mask = two_people
    with pytest.raises(ValueError, match="same keypoints"):
        normalized_distances(pred[:, :2], gt, mask, 1.0)
