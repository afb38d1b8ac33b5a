"""Another name for resizing the image to one of several sizes."""

from __future__ import annotations

from posekit.datasets.transforms.bottomup_random_choice_resize import BottomupRandomChoiceResize
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomChoiceResize(BottomupRandomChoiceResize):
    """BottomupRandomChoiceResize, as older configs name it."""
