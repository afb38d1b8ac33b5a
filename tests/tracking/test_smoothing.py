from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from posekit.tracking import OneEuro, fill_gaps, gaussian, median, one_euro, savgol

FILTERS = {"savgol": savgol, "gaussian": gaussian, "median": median, "one_euro": one_euro}
EXACT_PX = 1e-8
"""Rounding of sums of a window's values, which are of some thousands of pixels."""


def track(*values) -> np.ndarray:
    """One keypoint that moves along x."""
    points = np.zeros((len(values), 1, 2))
    points[:, 0, 0] = values
    return points


coordinates = st.floats(-1000, 1000, width=32)
with_gaps = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30).map(
    lambda rows: np.array(rows, bool).reshape(-1, 2)
)


@pytest.mark.parametrize("name", FILTERS)
@settings(deadline=None)
@given(missing=with_gaps, value=coordinates)
def test_constants_are_kept_and_gaps_stay(name, missing, value):
    points = np.where(missing[..., None], np.nan, np.full((*missing.shape, 3), value))
    np.testing.assert_allclose(FILTERS[name](points), points, atol=EXACT_PX)


@pytest.mark.parametrize("name", ["savgol", "gaussian"])
@settings(deadline=None)
@given(missing=with_gaps, start=coordinates, step=coordinates)
def test_straight_lines_are_kept_beside_gaps_and_at_ends(name, missing, start, step):
    line = np.full((*missing.shape, 2), start) + step * np.arange(len(missing))[:, None, None]
    points = np.where(missing[..., None], np.nan, line)
    np.testing.assert_allclose(FILTERS[name](points), points, atol=EXACT_PX, rtol=1e-10)


@settings(deadline=None)
@given(length=st.integers(0, 20), window=st.sampled_from([1, 3, 5, 9]), step=coordinates)
def test_the_median_keeps_straight_lines(length, window, step):
    line = track(*(step * np.arange(length)))
    np.testing.assert_array_equal(median(line, window=window), line)


@pytest.mark.parametrize("name", FILTERS)
def test_a_point_is_missing_as_a_whole_and_the_input_stays(name):
    points = track(1.0, 2.0, 3.0, 4.0)
    points[1, 0, 1] = np.inf
    before = points.copy()
    assert np.isnan(FILTERS[name](points)[1]).all()
    np.testing.assert_array_equal(points, before)


@pytest.mark.parametrize("name", FILTERS)
def test_noise_shrinks(name):
    noise = np.random.default_rng(0).normal(size=(300, 4, 2))
    assert FILTERS[name](noise).std() < 0.75


def test_savgol_is_scipys_inside():
    points = np.random.default_rng(0).normal(size=(40, 2, 3))
    expected = savgol_filter(points, 7, 2, axis=0)
    np.testing.assert_allclose(savgol(points)[3:-3], expected[3:-3], atol=1e-12)


def test_savgol_keeps_parabolas():
    points = track(*np.arange(12.0) ** 2)
    np.testing.assert_allclose(savgol(points, window=9), points, atol=EXACT_PX)


def test_gaussian_weights():
    weight = np.exp(-0.5)
    assert gaussian(track(0, 0, 0, 9, 0, 0, 0), radius=1)[3, 0, 0] == pytest.approx(9 / (1 + 2 * weight))


def test_the_median_drops_an_outlier():
    assert median(track(0, 1, 99, 3, 4))[:, 0, 0].tolist() == [0, 1, 3, 4, 4]
    assert median(track(5, 1, 9, 3, 7), window=5)[:, 0, 0].tolist() == [5, 5, 5, 7, 7]
    assert median(track(0, np.nan, 4))[[0, 2], 0, 0].tolist() == [0, 4]


def test_gaps_are_filled_on_straight_lines():
    points = track(np.nan, 0, np.nan, np.nan, 6, np.nan, 10, np.nan)
    np.testing.assert_array_equal(fill_gaps(points)[:, 0, 0], [np.nan, 0, 2, 4, 6, 8, 10, np.nan])
    np.testing.assert_array_equal(fill_gaps(points, max_gap=1)[:, 0, 0], [np.nan, 0, np.nan, np.nan, 6, 8, 10, np.nan])
    np.testing.assert_array_equal(fill_gaps(points, max_gap=0), track_or_nan(points))


def track_or_nan(points: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(points).any(-1, keepdims=True), np.nan, points)


@settings(deadline=None)
@given(missing=with_gaps)
def test_filling_touches_no_point_that_is_there(missing):
    points = np.random.default_rng(0).normal(size=(*missing.shape, 2))
    points[missing] = np.nan
    filled = fill_gaps(points)
    np.testing.assert_array_equal(filled[~missing], points[~missing])
    for k in range(2):
        here = np.flatnonzero(~missing[:, k])
        inside = slice(here[0], here[-1] + 1) if len(here) else slice(0)
        assert np.isnan(filled[:, k]).any(-1).sum() == len(missing) - len(filled[inside])


def test_one_euro_by_hand():
    follower = OneEuro(fps=1 / (2 * np.pi), min_cutoff=1, beta=0)  # a frame lasts 2 pi seconds
    share = (2 * np.pi) ** 2 / ((2 * np.pi) ** 2 + 1)
    assert follower.update(np.array([[0.0, 5.0]])).tolist() == [[0, 5]]
    np.testing.assert_allclose(follower.update(np.array([[8.0, 5.0]])), [[8 * share, 5]])
    np.testing.assert_allclose(follower.update(np.array([[8.0, 5.0]])), [[8 * share + 8 * (1 - share) * share, 5]])


def test_one_euro_lags_as_its_docstring_tells():
    slow = track(*(0.001 * np.arange(400)))
    frames_late = (slow - one_euro(slow, fps=30, min_cutoff=2.5))[-1, 0, 0] / 0.001
    assert frames_late == pytest.approx(30 / (2 * np.pi * 2.5), rel=0.01)
    fast = track(*(100.0 * np.arange(400)))
    assert (fast - one_euro(fast))[-1, 0, 0] / 100 < 0.4


def test_one_euro_forgets_a_point_that_was_long_away():
    points = track(0, *[np.nan] * 1000, 50, 50)
    assert one_euro(points)[-2, 0, 0] == pytest.approx(50, abs=0.1)
    assert one_euro(track(0, 50))[-1, 0, 0] < 40


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: median(track(1), window=4), "window 4: expected an odd number"),
        (lambda: savgol(track(1), window=3, degree=3), "degree 3: expected 0 ... 2"),
        (lambda: gaussian(track(1), sigma=0), "expected a sigma above 0"),
        (lambda: fill_gaps(track(1), max_gap=-1), "max_gap -1"),
        (lambda: savgol(np.zeros((3, 2))), "expected .frames, keypoints, coordinates."),
        (lambda: OneEuro(fps=0), "fps 0"),
        (lambda: one_euro(track(1), beta=-1), "beta -1"),
    ],
)
def test_options_that_make_no_sense(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_one_euro_refuses_other_shapes():
    follower = OneEuro()
    follower.update(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="those before had"):
        follower.update(np.zeros((3, 2)))
