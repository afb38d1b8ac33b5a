"""Crops of everybody that a detector finds, where the person gave no boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from posekit.console import suggestion
from posekit.inference.detection import Detections, Detector, class_nms
from posekit.inference.images import Boxes
from posekit.inference.predictor import Predictor, Prepare, Prepared
from posekit.inference.results import PoseResult
from posekit.keypoints.oks import FoundPoses
from posekit.keypoints.oks_nms import oks_nms

DEFAULT_DETECTOR = Path(__file__).parent / "assets" / "detector.onnx"
BoxFinder: TypeAlias = Callable[[np.ndarray], Detections]
"""Finds the boxes in an image (H, W, 3), BGR, uint8."""

PEOPLE, WHOLE = "people", "whole"
"""In place of a detector's file: the one that comes with posekit; none, as each image shows one person."""

SCORE_THR = 0.35
"""Lowest score of a box that poses are looked for in: on everyday photographs precision and recall balance there."""

IOU_THR = 0.45
"""Largest overlap of two boxes that poses are looked for in; what is nearer is one person seen twice."""

OKS_THR = 0.5
"""Similarity from which two poses are taken for one person's."""


class DetectedPeople:
    """Prepares a crop of each box, of those that a detector finds where none are given.

    Args:
        crops: function that makes the inputs of an image and its boxes.
        detector: detector that finds boxes; they count from the corner of the image.
        score_thr: lowest score of a box.
        iou_thr: largest overlap of two boxes.
        max_people: number of boxes of an image, the best first; None for all.
        labels: numbers of the detector's classes to find; None for all.
    """

    def __init__(
        self,
        crops: Prepare,
        detector: BoxFinder,
        *,
        score_thr: float = SCORE_THR,
        iou_thr: float = IOU_THR,
        max_people: int | None = None,
        labels: Sequence[int] | None = None,
    ) -> None:
        self.crops = crops
        self.detector = detector
        self.score_thr, self.iou_thr = score_thr, iou_thr
        self.max_people = max_people
        self.labels = labels

    def __call__(self, image: np.ndarray, boxes: Boxes | None) -> Iterator[Prepared]:
        if boxes is not None:
            yield from self.crops(image, boxes)
            return
        yield from FoundPeople(self.crops)(image, self.boxes_in(image))

    def boxes_in(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the boxes (N, 4) of an image, from pixel centres on, and their scores (N,), best first."""
        return self.chosen(self.detector(image), image)

    def boxes_in_all(self, images: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Do as ``boxes_in`` for many images; an exported detector takes them all in one run of its network."""
        if isinstance(self.detector, Detector):
            detections = self.detector.detect(images)
        else:
            detections = [self.detector(image) for image in images]
        return [self.chosen(*pair) for pair in zip(detections, images, strict=True)]

    def chosen(self, detections: Detections, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the boxes among detections that poses are looked for in, from pixel centres on, and their scores."""
        height, width = image.shape[:2]
        boxes = np.clip(detections.boxes, 0, (width, height, width, height)) - 0.5
        usable = (detections.scores >= self.score_thr) & (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)
        if self.labels is not None:
            usable &= np.isin(detections.labels, self.labels)
        boxes, scores = boxes[usable], detections.scores[usable]
        rows = class_nms(boxes, scores, np.zeros(len(boxes), int), self.iou_thr)[: self.max_people]
        return boxes[rows], scores[rows]


class FoundPeople:
    """Prepares a crop of each box that a detector found, and notes the box's score.

    Args:
        crops: function that makes the inputs of an image and its boxes.
    """

    def __init__(self, crops: Prepare) -> None:
        self.crops = crops

    def __call__(self, image: np.ndarray, boxes: Any) -> Iterator[Prepared]:
        """Yield the inputs of an image.

        Args:
            image: (H, W, 3), uint8, BGR.
            boxes: boxes (N, 4) and their scores (N,).
        """
        boxes, scores = boxes
        for (crop, sample), score in zip(self.crops(image, boxes), scores, strict=True):
            sample.gt_instances.bbox_scores = np.array([score], np.float32)
            yield crop, sample


def labels_of(names: Sequence[str] | None, known: Sequence[str]) -> list[int] | None:
    """Return the numbers of classes; None for all.

    Raises:
        ValueError: if there is no such class.
    """
    if names is None:
        return [known.index("person")] if "person" in known else None
    for name in names:
        if name not in known:
            raise ValueError(f"the detector has no class '{name}'; {suggestion(name, known, otherwise='it has')}")
    return [known.index(name) for name in names]


def look_for_people(predictor: Predictor, detector: str | Path | BoxFinder, **options: Any) -> Predictor:
    """Let a top-down predictor run a detector on images without boxes.

    Args:
        predictor: predictor to change.
        detector: path of an exported detector, or an open one; ``people`` for the one that comes with posekit,
            ``whole`` for none.
        options: ``score_thr``, ``iou_thr`` and ``max_people`` of ``DetectedPeople``; ``classes``, names of an exported
            detector's classes to find, by default ``person``, of detectors without it all; ``threads`` and
            ``providers`` of an exported detector.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no detector that posekit exported.
    """
    if detector == WHOLE:
        return predictor
    session = {name: options.pop(name) for name in ("threads", "providers") if name in options}
    classes = options.pop("classes", None)
    if isinstance(detector, (str, Path)):
        detector = Detector.open(DEFAULT_DETECTOR if detector == PEOPLE else detector, **session)
        options["labels"] = labels_of(classes, detector.recipe.classes)
    predictor.prepare = DetectedPeople(predictor.prepare, detector, **options)
    leave_out_repeats(predictor)
    return predictor


def leave_out_repeats(predictor: Predictor) -> None:
    """Let a predictor leave out poses that repeat a better one, if its keypoints tell how near is the same."""
    sigmas = predictor.metainfo.get("sigmas")
    if sigmas is not None and len(sigmas):
        predictor.finish = partial(without_repeats, sigmas=np.asarray(sigmas, np.float64))


def without_repeats(result: PoseResult, *, sigmas: np.ndarray, thr: float = OKS_THR) -> PoseResult:
    """Leave out poses that repeat a better one, as a detector's overlapping boxes make them."""
    rows = rows_without_repeats(result, sigmas=sigmas, thr=thr)
    return result if len(rows) == len(result) else result[rows]


def rows_without_repeats(result: PoseResult, *, sigmas: np.ndarray, thr: float = OKS_THR) -> np.ndarray:
    """Return the numbers of the poses that repeat no better one (NMS by OKS).

    Args:
        result: poses of an image; those of boxes that the person gave, all of score 1, stay.
        sigmas: (K,) standard deviations of the keypoints.
        thr: OKS from which a pose is a repeat.
    """
    if len(result) < 2 or result.boxes is None or result.box_scores is None or (result.box_scores == 1).all():
        return np.arange(len(result))
    poses = FoundPoses(
        image=np.zeros(len(result), int),
        category=np.zeros(len(result), int),
        keypoints=result.keypoints[..., :2].astype(np.float64),
        score=result.box_scores * result.scores.mean(axis=1),
        area=np.prod(result.boxes[:, 2:] - result.boxes[:, :2], axis=1).astype(np.float64),
    )
    return np.sort(oks_nms(poses, sigmas, thr))
