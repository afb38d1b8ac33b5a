"""Keypoints that a model does not tell apart."""

from __future__ import annotations

import numpy as np
import pytest

from posekit.evaluation.merged_keypoints import merged_pairs, merged_text


def poses(distance: float, count: int = 12) -> np.ndarray:
    """Return instances whose second keypoint lies ``distance`` px right of the first, the third far away."""
    start = np.random.default_rng(0).uniform(0, 100, (count, 1, 2))
    return start + np.array([[0, 0], [distance, 0], [0, 90]])


def test_the_pair_that_coincides_is_named_with_both_distances() -> None:
    pairs = merged_pairs(poses(20), np.ones((12, 3), bool), poses(0.2))
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1)]
    assert pairs[0].labelled_px == pytest.approx(20)
    assert pairs[0].predicted_px == pytest.approx(0.2)
    assert "left and right (0.2 px apart, labelled 20.0 px)" in merged_text(pairs, ["left", "right", "tail"])


@pytest.mark.parametrize(("labelled", "predicted", "count"), [(20, 12, 12), (20, 20, 12), (3, 0, 12), (20, 0, 9)])
def test_others_are_not(labelled: float, predicted: float, count: int) -> None:
    pairs = merged_pairs(poses(labelled, count), np.ones((count, 3), bool), poses(predicted, count))
    assert pairs == []
    assert merged_text(pairs, []) == ""


def test_what_is_not_labelled_or_not_predicted_does_not_count() -> None:
    mask = np.ones((12, 3), bool)
    mask[:3, 1] = False
    assert merged_pairs(poses(20), mask, poses(0)) == []
    predicted = poses(0)
    predicted[:3, 1] = np.nan
    assert merged_pairs(poses(20), np.ones((12, 3), bool), predicted) == []


def test_many_pairs_are_counted() -> None:
    labelled = np.arange(5)[None, :, None] * np.full((12, 1, 2), 10.0)
    pairs = merged_pairs(labelled, np.ones((12, 5), bool), np.zeros((12, 5, 2)))
    assert len(pairs) == 10
    assert "and 7 more pairs" in merged_text(pairs, list("abcde"))
