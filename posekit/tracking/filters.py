"""The smoothing filters by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from posekit.console import suggestion
from posekit.tracking.one_euro import one_euro
from posekit.tracking.smoothing import gaussian, median, savgol


class Filter(NamedTuple):
    """What smooths points (T, K, D), and the names of its options."""

    smooth: Callable[..., np.ndarray]
    options: tuple[str, ...]


FILTERS: Mapping[str, Filter] = {
    "one-euro": Filter(one_euro, ("fps", "min_cutoff", "beta")),
    "savgol": Filter(savgol, ("window", "degree")),
    "gaussian": Filter(gaussian, ("sigma", "radius")),
    "median": Filter(median, ("window",)),
}


def named_filter(name: str, **options: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Return a filter with its options set; options that are None keep their defaults.

    Raises:
        ValueError: if there is no such filter, or it has no such option, or cannot work with one.
    """
    if name not in FILTERS:
        raise ValueError(f"no filter '{name}'; {suggestion(name, FILTERS, otherwise='there are')}")
    smooth, known = FILTERS[name]
    values = {option: value for option, value in options.items() if value is not None}
    if foreign := [option for option in values if option not in known]:
        raise ValueError(f"the filter {name} has no {' and no '.join(foreign)}; it has {', '.join(known)}")
    smooth(np.zeros((0, 1, 2)), **values)  # checks the values before there is work to lose
    return lambda points: smooth(points, **values)
