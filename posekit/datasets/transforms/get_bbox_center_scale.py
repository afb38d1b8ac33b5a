"""From boxes to the centre and scale of crops."""

from __future__ import annotations

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class GetBBoxCenterScale(BaseTransform):
    """Give every box a centre and a scale (width and height times ``padding``).

    A dataset that supplies ``bbox_center`` and ``bbox_scale`` itself keeps its
    centre, and its scale is padded.
    """

    requires = ("bbox",)
    provides = ("bbox_center", "bbox_scale")

    def __init__(self, padding: float = 1.25) -> None:
        self.padding = padding

    def transform(self, results: Results) -> Results:
        if "bbox_center" in results and "bbox_scale" in results:
            results["bbox_scale"] = results["bbox_scale"] * self.padding
            return results
        boxes = results["bbox"]
        low, high = boxes[..., :2], boxes[..., 2:4]
        results["bbox_center"] = (low + high) * 0.5
        results["bbox_scale"] = (high - low) * self.padding
        return results
