"""Random mirror images of pairs of hands."""

from __future__ import annotations

from posekit.datasets.transforms.random_flip import RandomFlip
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class HandRandomFlip(RandomFlip):
    """Flip horizontally, and swap right and left in ``hand_type`` and the sign of ``rel_root_depth`` along with it."""

    requires = ("img", "hand_type", "rel_root_depth")
    provides = ("flip", "flip_direction")

    def __init__(self, prob: float = 0.5) -> None:
        super().__init__(prob, "horizontal")

    def place(self, results: Results) -> Results | None:
        super().place(results)
        if results["flip"]:
            results["hand_type"] = results["hand_type"][..., [1, 0]]
            results["rel_root_depth"] = -results["rel_root_depth"]
        return results
