from __future__ import annotations

import numpy as np
import pytest

from posekit.tracking import FILTERS, named_filter, savgol

POINTS = np.random.default_rng(0).normal(size=(20, 2, 2))


@pytest.mark.parametrize("name", FILTERS)
def test_filters_have_their_defaults(name):
    np.testing.assert_array_equal(named_filter(name, window=None)(POINTS), FILTERS[name].smooth(POINTS))


def test_options_reach_the_filter():
    np.testing.assert_array_equal(named_filter("savgol", window=5)(POINTS), savgol(POINTS, window=5))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("medain", {}, "did you mean 'median'"),
        ("median", dict(sigma=1, beta=2), "median has no sigma and no beta; it has window"),
        ("median", dict(window=2), "window 2: expected an odd number"),
        ("one-euro", dict(fps=-1), "fps -1"),
        ("savgol", dict(degree=7), "degree 7: expected 0 ... 6"),
    ],
)
def test_wrong_options_are_told_at_once(name, options, message):
    with pytest.raises(ValueError, match=message):
        named_filter(name, **options)
