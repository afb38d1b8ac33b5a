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

    def lift(self) -> list[PoseResult]:
        """Lift the persons of the frames since the last call, which are an image or the frames of a video.

        Returns:
            The lifted frames; none without a lifter or without persons.
        """
        results, self.to_lift = self.to_lift, []
        count = sum(map(len, results))
        if self.lifter is None or not count:
            return []
        lifted = self.lifter.predict(results)
        persons = [(frame, row) for frame in lifted for row in range(len(frame))]
        for annotation, (frame, row) in zip(self.annotations[-count:], persons, strict=True):
            annotation["keypoints_3d"] = frame.coco_3d(row)
        return lifted

    def content(self) -> dict[str, Any]:
        """Return everything as COCO's files have it."""
        return {"images": self.images, "categories": [self.category], "annotations": self.annotations}

    def as_json(self) -> str:
        """Return everything as one line of JSON."""
        return json.dumps(self.content(), allow_nan=False)
