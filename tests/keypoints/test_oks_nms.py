from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posekit.keypoints.oks import FoundPoses, exceeds_oks, oks_matrix
from posekit.keypoints.oks_nms import expand_ranges, oks_nms, ranks_in_groups, soft_oks_nms

SIGMAS = np.full(7, 0.07)


def crowd(seed: int, count: int, images: int = 3) -> FoundPoses:
    rng = np.random.default_rng(seed)
    people = rng.uniform(0, 100, (3, 7, 2))
    keypoints = people[rng.integers(0, 3, count)] + rng.normal(0, 3, (count, 7, 2))
    return FoundPoses(
        rng.integers(0, images, count), np.ones(count, int), keypoints, rng.random(count), rng.uniform(50, 5000, count)
    )


def greedy(found: FoundPoses, thr: float) -> set[int]:
    kept: list[int] = []
    similarity = oks_matrix(found, SIGMAS)
    for row in np.argsort(-found.score):
        rivals = [k for k in kept if found.image[k] == found.image[row]]
        if not any(similarity[k, row] > thr for k in rivals):
            kept.append(int(row))
    return set(kept)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 60), thr=st.sampled_from([0.0, 0.3, 0.7, 0.9, 1.0]))
def test_equals_the_plain_greedy_loop(seed, count, thr):
    found = crowd(seed, count)
    assert set(oks_nms(found, SIGMAS, thr).tolist()) == greedy(found, thr)


def test_exceeds_oks_equals_the_full_similarity():
    found = crowd(0, 50)
    first, second = np.indices((50, 50)).reshape(2, -1)
    for thr in (0.1, 0.5, 0.9):
        expected = oks_matrix(found, SIGMAS)[first, second] > thr
        np.testing.assert_array_equal(exceeds_oks(found, SIGMAS, first, second, thr), expected)


def test_result_is_by_image_and_falling_score():
    found = crowd(1, 40)
    kept = oks_nms(found, SIGMAS, 0.7)
    order = np.lexsort((-found.score[kept], found.image[kept]))
    np.testing.assert_array_equal(order, np.arange(len(kept)))


def test_soft_nms_takes_distinct_poses_before_copies():
    one = np.random.default_rng(0).uniform(0, 100, (1, 7, 2))
    keypoints = np.concatenate([one, one, one + 200])
    found = FoundPoses(np.zeros(3, int), np.ones(3, int), keypoints, np.array([0.9, 0.8, 0.1]), np.full(3, 900.0))
    assert soft_oks_nms(found, SIGMAS, 0.1).tolist() == [0, 2, 1]
    assert soft_oks_nms(found, SIGMAS, 0.1, max_dets=1).tolist() == [0]


@pytest.mark.parametrize("suppress", [oks_nms, soft_oks_nms])
def test_nothing_to_suppress(suppress):
    found = crowd(0, 5)
    assert len(suppress(found.rows(np.zeros(0, int)), SIGMAS, 0.9)) == 0
    assert suppress(found.rows(np.array([2])), SIGMAS, 0.9).tolist() == [0]


def test_index_helpers():
    assert ranks_in_groups(np.array([3, 3, 5, 5, 5, 9])).tolist() == [0, 1, 0, 1, 2, 0]
    owner, member = expand_ranges(np.array([0, 5, 7]), np.array([2, 5, 9]))
    assert owner.tolist() == [0, 0, 2, 2]
    assert member.tolist() == [0, 1, 7, 8]
