"""Converting labelled data between formats; ``posekit data convert`` is made of this."""

from posekit.labels.convert import Options, convert
from posekit.labels.format_table import get_format, guess_format
from posekit.labels.keypoint_data import Category, Hints, Instance, KeypointData, LabelledImage

__all__ = [
    "Category",
    "Hints",
    "Instance",
    "KeypointData",
    "LabelledImage",
    "Options",
    "convert",
    "get_format",
    "guess_format",
]
