"""The predictions for many images as one COCO-like document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from posekit.inference.lifting import LiftingPredictor
from posekit.inference.results import PoseResult, coco_category


class CocoDocument:
    """Images, their persons and the one category, as COCO's files have them.

    Args:
        metainfo: the set of the predicted keypoints.
        lifter: adds ``keypoints_3d`` to the persons, and the names of these joints to the category.

    Attributes:
        images: one for each frame: id, file_name, width, height and, in videos, frame_id.
        annotations: one for each person, as ``PoseResult.to_coco`` writes it.
    """

    def __init__(self, metainfo: Mapping[str, Any], lifter: LiftingPredictor | None = None) -> None:
        self.category = coco_category(metainfo)
        self.lifter = lifter
        if lifter is not None:
            self.category["keypoints_3d"] = coco_category(lifter.metainfo)["keypoints"]
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.to_lift: list[PoseResult] = []

    def add(self, file_name: str, result: PoseResult, info: Mapping[str, Any] | None = None) -> None:
        """Note the persons of an image or frame; ``info`` is what else is known of it."""
        number, (width, height) = len(self.images) + 1, result.image_size_wh or (0, 0)
        self.images.append({"id": number, "file_name": file_name, **(info or {}), "width": width, "height": height})
        self.annotations += result.to_coco(image_id=number, first_id=len(self.annotations) + 1)
        if self.lifter is not None:
            self.to_lift.append(result)

    def lift(self) -> None:
        """Lift the persons of the frames since the last call, which are an image or the frames of a video."""
        results, self.to_lift = self.to_lift, []
        count = sum(map(len, results))
        if self.lifter is None or not count:
            return
        persons = [(frame, row) for frame in self.lifter.predict(results) for row in range(len(frame))]
        for annotation, (frame, row) in zip(self.annotations[-count:], persons, strict=True):
            annotation["keypoints_3d"] = frame.coco_3d(row)

    def as_json(self) -> str:
        """Return everything as one line of JSON."""
        content = {"images": self.images, "categories": [self.category], "annotations": self.annotations}
        return json.dumps(content, allow_nan=False)
