"""Average precision of boxes under the rules of COCO.

Shapes: G labels, D predictions, P pairs.
Source: https://cocodataset.org/#detection-eval; agrees with pycocotools' COCOeval to rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from posekit.datasets.readers.coco import is_ignored
from posekit.evaluation.average_precision import AREA_RANGES, OKS_THRS, PoseScores, precision_of
from posekit.evaluation.coco_truth import column, is_crowd
from posekit.evaluation.pose_matching import PosePairs, in_groups
from posekit.keypoints.oks import FoundPoses, TruePoses
from posekit.keypoints.oks_nms import expand_ranges

MAX_BOXES = 100
"""Predictions per image and category that count, the best first; COCO's number."""
SUMMARY: dict[str, dict[str, Any]] = {
    "AP": {}, "AP .5": {"thr": 0.5}, "AP .75": {"thr": 0.75},
    "AP (S)": {"area": "small"}, "AP (M)": {"area": "medium"}, "AP (L)": {"area": "large"},
}  # fmt: skip
PAIRS_AT_ONCE = 1 << 18


class FoundBoxes(NamedTuple):
    """What one image's prediction contributes: boxes (N, 4) xyxy, scores (N,) and category ids (N,)."""

    image: Any
    boxes: np.ndarray
    scores: np.ndarray
    categories: np.ndarray


def score_boxes(
    annotations: Iterable[Mapping[str, Any]],
    found: Iterable[FoundBoxes],
    *,
    categories: Iterable[Any] = (),
    ignore_where: Mapping[str, Any] | None = None,
    max_dets: int = MAX_BOXES,
) -> dict[str, float]:
    """Return AP, AP .5, AP .75, AP of small, medium and large objects, and AR.

    Args:
        annotations: labels in COCO's format, of all images evaluated.
        found: the predictions of each image.
        categories: ids of the categories that count; all of the labels' by default.
        ignore_where: fields of annotations -> values that mark regions to ignore, besides crowds.
        max_dets: number of predictions of each image and category that count, the best first.
    """
    truth, found_rows = true_boxes(annotations, categories, ignore_where or {}), join_boxes(found)
    scores = match_boxes(truth, found_rows, max_dets)
    return {name: scores.ap(**choice) for name, choice in SUMMARY.items()} | {"AR": scores.ar()}


def true_boxes(
    annotations: Iterable[Mapping[str, Any]], categories: Iterable[Any], ignore_where: Mapping[str, Any]
) -> TruePoses:
    """Return annotated boxes as labels without keypoints; ignored ones count as crowds."""
    wanted = set(categories)
    rows = [row for row in annotations if not wanted or row.get("category_id") in wanted]
    boxes = column(rows, "bbox", np.float64, 4)
    areas = [row.get("area", box[2] * box[3]) for row, box in zip(rows, boxes, strict=True)]
    crowd = np.array([is_crowd(row) or is_ignored(row, ignore_where) for row in rows], bool)
    return TruePoses(
        image=column(rows, "image_id", None),
        category=column(rows, "category_id", None),
        keypoints=np.zeros((len(rows), 0, 3)),
        boxes_xywh=boxes,
        area=np.array(areas, np.float64),
        ignore=crowd,
        crowd=crowd,
    )


def join_boxes(found: Iterable[FoundBoxes]) -> FoundPoses:
    """Return the predictions of all images as rows whose two keypoints are the corners of the boxes."""
    parts = list(found)
    boxes = np.concatenate([part.boxes for part in parts] or [np.zeros((0, 4))]).astype(np.float64)
    return FoundPoses(
        image=np.repeat(np.array([part.image for part in parts]), [len(part.boxes) for part in parts]),
        category=np.concatenate([part.categories for part in parts] or [np.zeros(0, np.int64)]),
        keypoints=boxes.reshape(-1, 2, 2),
        score=np.concatenate([part.scores for part in parts] or [np.zeros(0)]).astype(np.float64),
        area=(boxes[:, 2:] - boxes[:, :2]).prod(1),
    )


def match_boxes(truth: TruePoses, found: FoundPoses, max_dets: int) -> PoseScores:
    """Match predictions to labels by the overlap of their boxes and compute precision and recall."""
    truth, true_group, found, found_group = in_groups(truth, found, max_dets)
    pairs = overlapping_pairs(truth, true_group, found, found_group, OKS_THRS[0])
    return precision_of(truth, found, found_group, pairs, num_areas=len(AREA_RANGES)).scores()


def overlapping_pairs(
    truth: TruePoses, true_group: np.ndarray, found: FoundPoses, found_group: np.ndarray, thr: float
) -> PosePairs:
    """Return all pairs of one group whose overlap is at least ``thr``; the other arguments are those of ``in_groups``.

    With a crowd the overlap is the share of the prediction that lies within.
    """
    d, g = expand_ranges(
        np.searchsorted(true_group, found_group, side="left"), np.searchsorted(true_group, found_group, side="right")
    )
    overlap = np.empty(len(d))
    for start in range(0, len(d), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        overlap[part] = overlaps(found.keypoints[d[part]], truth.boxes_xywh[g[part]], truth.crowd[g[part]])
    close = overlap >= thr
    return PosePairs(d[close], g[close], overlap[close])


def overlaps(corners: np.ndarray, boxes_xywh: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """Return the overlap (P,) of boxes given by corners (P, 2, 2) with boxes (P, 4), some of them crowds (P,)."""
    low, size = boxes_xywh[:, :2], boxes_xywh[:, 2:]
    inner = np.minimum(corners[:, 1], low + size) - np.maximum(corners[:, 0], low)
    shared = np.maximum(inner, 0).prod(1)
    areas = (corners[:, 1] - corners[:, 0]).prod(1)
    base = np.where(crowd, areas, areas + size.prod(1) - shared)
    return shared / np.maximum(base, np.spacing(1.0))
