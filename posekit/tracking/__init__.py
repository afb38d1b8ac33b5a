"""Identities of poses over time, and smoothing of their tracks; docs/en/tracking.md."""

from posekit.tracking.one_euro import OneEuro, one_euro
from posekit.tracking.smoothing import FILTERS, fill_gaps, gaussian, median, named_filter, savgol
from posekit.tracking.tracker import Tracker

__all__ = ["FILTERS", "OneEuro", "Tracker", "fill_gaps", "gaussian", "median", "named_filter", "one_euro", "savgol"]
