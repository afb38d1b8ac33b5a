"""The greedy tracking of MMPose's demos, one person at a time; ``posekit.tracking.Tracker`` follows better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from posekit.array import to_numpy
from posekit.keypoints.oks import oks_between
from posekit.keypoints.skeleton import Skeleton
from posekit.structures import PoseDataSample
from posekit.structures.bbox.overlaps import bbox_overlaps

Match = tuple[int, list[PoseDataSample], Any]


def _compute_iou(bboxA: Sequence[float], bboxB: Sequence[float]) -> float:
    """Return the overlap (IoU) of two boxes x1, y1, x2, y2, ..."""
    first, second = (np.asarray(box, np.float64)[None, :4] for box in (bboxA, bboxB))
    return float(bbox_overlaps(first, second)[0, 0])


def _track_by_iou(res: PoseDataSample, results_last: list[PoseDataSample], thr: float) -> Match:
    """Return the id of the last frame's person whose box overlaps most, the others, and that person.

    The id is -1, and the person ``{}``, if no overlap is above ``thr``.
    """
    box = to_numpy(res.pred_instances.bboxes)[0]
    return _matched(
        [_compute_iou(box, to_numpy(last.pred_instances.bboxes)[0]) for last in results_last], results_last, thr
    )


def _track_by_oks(res: PoseDataSample, results_last: list[PoseDataSample], thr: float, sigmas: Any = None) -> Match:
    """Do the same by the similarity of poses (OKS).

    Args:
        res: a person, with ``pred_instances.areas`` (1,) in square pixels, as the others have.
        results_last: persons of the last frame.
        thr: similarity that must be exceeded.
        sigmas: (K,) spread of the keypoints; COCO's by default.
    """
    spread = Skeleton.load("coco").metainfo()["sigmas"] if sigmas is None else sigmas
    points, area = _points_and_area(res)
    others = [_points_and_area(last) for last in results_last]
    values = [float(oks_between(points, other, np.array((area + size) / 2), spread)) for other, size in others]
    return _matched(values, results_last, thr)


def _points_and_area(person: PoseDataSample) -> tuple[np.ndarray, float]:
    instances = person.pred_instances
    return to_numpy(instances.keypoints)[0, :, :2].astype(np.float64), float(to_numpy(instances.areas)[0])


def _matched(values: Sequence[float], results_last: list[PoseDataSample], thr: float) -> Match:
    """Take the person of the greatest value out of the list, if that is above ``thr``."""
    if not values or max(values) <= thr:
        return -1, results_last, {}
    person = results_last.pop(int(np.argmax(values)))
    return person.get("track_id"), results_last, person
