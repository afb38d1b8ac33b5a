"""The base of all transforms that move the image."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import render


class GeometricTransform(BaseTransform):
    """A transform that moves image, keypoints, boxes and masks by one affine map.

    A subclass writes :meth:`place`, which moves the coordinates and *pends* the
    map for the pixels. Called alone, the transform renders at once; a Pipeline
    calls ``place`` where the next step that looks at the pixels is geometric
    too, so that the image is warped once.
    """

    keeps_frame: ClassVar[bool] = False
    """Whether every pixel stays inside the frame (a mirror does): such maps fold into any other without loss."""

    @abstractmethod
    def place(self, results: Results) -> Results | None:
        """Move coordinates, and pend the map of the pixels."""

    def transform(self, results: Results) -> Results | None:
        placed = self.place(results)
        return None if placed is None else render(placed)
