"""A step of detectors' pipelines that posekit's datasets make unnecessary."""

from __future__ import annotations

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadAnnotations(BaseTransform):
    """Leave everything as it is: datasets hand over boxes and labels themselves.

    Args:
        with_bbox: accepted from configs; boxes are always there.
        with_label: accepted from configs; labels are always there.
        with_mask: False; posekit has no instance masks.

    Raises:
        ValueError: for ``with_mask=True``.
    """

    def __init__(self, with_bbox: bool = True, with_label: bool = True, with_mask: bool = False) -> None:
        if with_mask:
            raise ValueError("LoadAnnotations.with_mask: instance masks are not supported; set it to False")

    def transform(self, results: Results) -> Results:
        return results
