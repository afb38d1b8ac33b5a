"""Converting labelled data between formats; ``posekit data convert`` is made of this."""

from posekit.datasets.converters.convert import Options, convert
from posekit.datasets.converters.formats import get_format, guess_format
from posekit.datasets.converters.keypoint_data import Category, Hints, Instance, KeypointData, Picture

__all__ = [
    "Category",
    "Hints",
    "Instance",
    "KeypointData",
    "Options",
    "Picture",
    "convert",
    "get_format",
    "guess_format",
]
