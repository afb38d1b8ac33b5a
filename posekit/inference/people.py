"""Crops of everybody that a detector finds, where the person gave no boxes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from posekit.inference.detection import Detector
from posekit.inference.images import Boxes
from posekit.inference.predictor import Predictor, Prepare, Prepared

DEFAULT_DETECTOR = Path(__file__).parent / "assets" / "detector.onnx"
WHOLE = "whole"
"""In place of a detector: each image shows one person."""

SCORE_THR = 0.3
"""Lowest score of a box that poses are looked for in."""


class DetectedPeople:
    """Prepares a crop of each box, of those that a detector finds where none are given.

    Args:
        crops: makes the inputs of an image and its boxes.
        detector: finds boxes; they count from the corner of the image.
        score_thr: lowest score of a box.
        max_people: number of boxes of an image, the best first; None for all.
    """

    def __init__(
        self, crops: Prepare, detector: Detector, *, score_thr: float = SCORE_THR, max_people: int | None = None
    ) -> None:
        self.crops = crops
        self.detector = detector
        self.score_thr = score_thr
        self.max_people = max_people

    def __call__(self, image: np.ndarray, boxes: Boxes | None) -> Iterator[Prepared]:
        if boxes is not None:
            yield from self.crops(image, boxes)
            return
        found, scores = self.boxes_in(image)
        for (crop, sample), score in zip(self.crops(image, found), scores, strict=True):
            sample.gt_instances.bbox_scores = np.array([score], np.float32)
            yield crop, sample

    def boxes_in(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the boxes (N, 4) of an image, from pixel centres on, and their scores (N,), best first."""
        detections = self.detector(image)
        height, width = image.shape[:2]
        boxes = np.clip(detections.boxes, 0, (width, height, width, height)) - 0.5
        usable = (detections.scores >= self.score_thr) & (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)
        rows = np.flatnonzero(usable)[: self.max_people]
        return boxes[rows], detections.scores[rows]


def look_for_people(predictor: Predictor, detector: str | Path | None = None, **options: Any) -> Predictor:
    """Let a top-down predictor look for people by itself where no boxes are given.

    Args:
        predictor: is changed.
        detector: exported detector, ``whole`` for none; by default the one that comes with posekit, if it does.
        options: ``score_thr`` and ``max_people`` of ``DetectedPeople``; ``threads`` and ``providers`` of the detector.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no detector that posekit exported.
    """
    if detector == WHOLE or (detector is None and not DEFAULT_DETECTOR.is_file()):
        return predictor
    session = {name: options.pop(name) for name in ("threads", "providers") if options.get(name) is not None}
    opened = Detector.open(DEFAULT_DETECTOR if detector is None else detector, **session)
    predictor.prepare = DetectedPeople(predictor.prepare, opened, **options)
    return predictor
