from __future__ import annotations

import numpy as np
import pytest

from posekit.evaluation.average_precision import match_poses
from posekit.evaluation.bootstrap import (
    difference,
    draw_images,
    interval,
    mean_pck,
    resampled_ap,
    resampled_pck,
    resampled_scores,
)
from posekit.evaluation.pck import keypoint_pck
from posekit.keypoints.oks import FoundPoses, TruePoses


def one_person_an_image(num_images: int, right: np.ndarray) -> tuple[TruePoses, FoundPoses]:
    """Return labels and predictions, of which some are right and the others far away."""
    rng = np.random.default_rng(0)
    points, ones = rng.uniform(0, 100, (num_images, 3, 2)), np.ones(num_images)
    boxes = np.tile([0.0, 0, 100, 100], (num_images, 1))
    no, images = np.zeros(num_images, bool), np.arange(num_images)
    truth = TruePoses(images, ones, np.dstack([points, np.ones((num_images, 3))]), boxes, 5000 * ones, no, no)
    return truth, FoundPoses(images, ones, points + 900 * ~right[:, None, None], rng.random(num_images), 5000 * ones)


def test_draws_are_as_many_images_and_reproducible():
    times = draw_images(7, 50, seed=3)
    assert times.shape == (50, 7)
    assert (times.sum(1) == 7).all()
    np.testing.assert_array_equal(times, draw_images(7, 50, seed=3))
    assert (times != draw_images(7, 50, seed=4)).any()
    assert draw_images(7, 0).shape == (0, 7)


def test_recall_varies_as_a_binomial():
    right = np.arange(200) < 140
    matches = match_poses(*one_person_an_image(200, right), np.full(3, 0.05))
    samples = resampled_scores(matches, draw_images(200, 400))
    assert set(samples) == set(matches.scores().named())
    assert samples["AR"].mean() == pytest.approx(0.7, abs=0.01)
    assert samples["AR"].std() == pytest.approx((0.7 * 0.3 / 200) ** 0.5, rel=0.15)
    assert np.isnan(samples["AP (L)"]).all()  # nobody is that large
    np.testing.assert_array_equal(resampled_ap(matches, draw_images(200, 400)), samples["AP"])


def test_a_resample_without_anybody_is_unknown():
    matches = match_poses(*one_person_an_image(2, np.ones(2, bool)), np.full(3, 0.05), images=[7])
    assert np.isnan(resampled_ap(matches, np.array([[0, 0, 3], [3, 0, 0]]))).tolist() == [True, False]


def test_no_resamples_give_no_samples():
    matches = match_poses(*one_person_an_image(2, np.ones(2, bool)), np.full(3, 0.05))
    assert resampled_scores(matches, draw_images(2, 0)) == {}
    assert resampled_ap(matches, draw_images(2, 0)).shape == (0,)


def test_pck_of_resamples_is_that_of_copied_persons():
    rng = np.random.default_rng(0)
    distances, image = rng.random((9, 4)), rng.integers(0, 3, 9)
    distances[rng.random((9, 4)) < 0.3] = np.nan
    times = np.array([[1, 1, 1], [2, 0, 1], [0, 0, 3]])
    per_keypoint = resampled_pck(distances, image, 0.5, times)
    for row, mean, counts in zip(per_keypoint, mean_pck(per_keypoint), times, strict=True):
        expected, expected_mean = keypoint_pck(np.repeat(distances, counts[image], axis=0), 0.5)
        np.testing.assert_allclose(row, expected)
        assert mean == pytest.approx(expected_mean)


def test_interval_holds_the_middle():
    estimate = interval(0.5, np.append(np.arange(101) / 100, np.nan), level=0.9)
    assert estimate == pytest.approx((0.5, 0.05, 0.95))
    assert np.isnan(interval(0.5, np.full(3, np.nan))[1:]).all()


@pytest.mark.parametrize(
    ("gains", "p"),
    [
        (np.zeros(9), 1.0),
        (np.ones(99), 0.02),
        (-np.ones(99), 0.02),
        (np.tile([1.0, -1.0], 50), 1.0),
        ([np.nan], np.nan),
    ],
)
def test_p_value_counts_resamples_of_the_other_sign(gains, p):
    assert difference(0.0, np.array(gains, float)).p == pytest.approx(p, nan_ok=True)


def test_noise_makes_no_difference_and_a_better_model_does():
    rng = np.random.default_rng(0)
    times, sigmas = draw_images(300, 300), np.full(3, 0.05)
    first, alike, better = rng.random((3, 300)) < np.array([[0.5], [0.5], [0.75]])
    samples = [
        resampled_ap(match_poses(*one_person_an_image(300, right), sigmas), times) for right in (first, alike, better)
    ]
    assert difference(0.0, samples[1] - samples[0]).p > 0.05
    gain = difference(float(np.mean(samples[2] - samples[0])), samples[2] - samples[0])
    assert gain.p < 0.01
    assert 0 < gain.low < gain.value < gain.high
