"""Average precision and recall of poses under the rules of COCO, for all images at once.

Shapes: G labels, D predictions, T thresholds, R recall levels, C categories, A area ranges, I images, B resamples.
Source: https://cocodataset.org/#keypoints-eval; agrees with pycocotools' COCOeval to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from posekit.evaluation.pose_matching import MAX_DETS, PosePairs, close_pairs, in_groups, match
from posekit.keypoints.oks import FoundPoses, TruePoses
from posekit.keypoints.oks_nms import ranks_in_groups

OKS_THRS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
AREA_RANGES = {
    "all": (0.0, 1e10), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10), "small": (0.0, 32.0**2),
}  # fmt: skip
"""Areas in square pixels, both ends included."""
POSE_AREAS = 3
"""Number of the first of these ranges that poses are scored in: COCO labels no poses of small persons."""

SUMMARY: dict[str, dict[str, Any]] = {
    "": {}, " .5": {"thr": 0.5}, " .75": {"thr": 0.75}, " (M)": {"area": "medium"}, " (L)": {"area": "large"},
}  # fmt: skip
"""What COCO's tables show of AP and of AR, by the ending of the name."""

RESAMPLES_AT_ONCE = 16
"""Resamples that are scored together: enough to forget the cost of Python, few enough for the memory."""


@dataclass(frozen=True)
class PoseScores:
    """Precision (T, R, C, A) and recall (T, C, A); -1 where a category has no label in an area range."""

    precision: np.ndarray
    recall: np.ndarray

    def ap(self, thr: float | None = None, area: str = "all") -> float:
        """Return the average precision, over all thresholds or at one; -1 where nothing is labelled."""
        return mean_of_known(at_threshold(self.precision, thr)[..., list(AREA_RANGES).index(area)])

    def ar(self, thr: float | None = None, area: str = "all") -> float:
        """Return the average recall, over all thresholds or at one; -1 where nothing is labelled."""
        return mean_of_known(at_threshold(self.recall, thr)[..., list(AREA_RANGES).index(area)])

    def named(self) -> dict[str, float]:
        """Return the ten values that COCO's tables show, by the names used there."""
        precision = {f"AP{ending}": self.ap(**choice) for ending, choice in SUMMARY.items()}
        return precision | {f"AR{ending}": self.ar(**choice) for ending, choice in SUMMARY.items()}

    def curve(self, thr: float | None = None) -> np.ndarray:
        """Return the precision (R,) at each of ``RECALLS`` as a mean over thresholds and categories."""
        precision = at_threshold(self.precision, thr)[..., list(AREA_RANGES).index("all")]
        return np.array([mean_of_known(precision[:, level]) for level in range(len(RECALLS))])


def at_threshold(values: np.ndarray, thr: float | None) -> np.ndarray:
    return values if thr is None else values[np.isclose(OKS_THRS, thr)]


def mean_of_known(values: np.ndarray) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else -1.0


@dataclass(frozen=True)
class PoseMatches:
    """Which predictions are right, by falling score: all that scoring needs, for any resample of the images.

    Attributes:
        matched: (A, T, D), whether a prediction found a label.
        counted: (A, T, D), false for predictions that count neither as right nor as wrong.
        image: (D,) numbers of images.
        category: (D,) numbers of categories, -1 for those that have no label.
        true_counted: (A, G), whether a label counts.
        true_image: (G,) numbers of images.
        true_category: (G,) numbers of categories.
        num_images: I.
    """

    matched: np.ndarray
    counted: np.ndarray
    image: np.ndarray
    category: np.ndarray
    true_counted: np.ndarray
    true_image: np.ndarray
    true_category: np.ndarray
    num_images: int

    def scores(self) -> PoseScores:
        """Return the scores of the images as they are."""
        return next(self.resampled(np.ones((1, self.num_images), np.int32)))

    def resampled(self, times: np.ndarray, areas: Sequence[str] = ()) -> Iterator[PoseScores]:
        """Yield the scores of each resample; nothing is matched anew.

        An image that was drawn n times counts as n images, whose predictions
        follow one another in the order of scores.

        Args:
            times: (B, I), how often each image was drawn.
            areas: the area ranges wanted, by default all that were matched; all others are -1.
        """
        num_categories, num_areas = int(self.true_category.max(initial=0)) + 1, len(self.true_counted)
        areas = areas or list(AREA_RANGES)[:num_areas]
        shape = (len(OKS_THRS), len(RECALLS), num_categories, num_areas)
        for start in range(0, len(times), RESAMPLES_AT_ONCE):
            part = times[start : start + RESAMPLES_AT_ONCE]
            precision = np.full((len(part), *shape), -1.0)
            recall = np.full((len(part), shape[0], *shape[2:]), -1.0)
            for c in range(num_categories):
                self._score(c, part, areas, precision[..., c, :], recall[..., c, :])
            yield from map(PoseScores, precision, recall)

    def _score(
        self, category: int, times: np.ndarray, areas: Sequence[str], precision: np.ndarray, recall: np.ndarray
    ) -> None:
        """Fill in the precision (B, T, R, A) and recall (B, T, A) of one category.

        Most predictions never find a label, and whether these count depends on the area range alone:
        how many stand before each of the others is summed up once for all thresholds.
        """
        chosen = np.flatnonzero(self.category == category)
        matched, counted = self.matched[..., chosen], self.counted[..., chosen]
        ever = matched.any((0, 1))
        weight = times[:, self.image[chosen]]
        matched_weight = weight[:, ever]
        for a in map(list(AREA_RANGES).index, areas):
            num_true = times[:, self.true_image[self.true_counted[a] & (self.true_category == category)]].sum(1)
            known = num_true > 0
            if not known.any():
                continue
            others = np.cumsum(weight * (counted[a, 0] & ~ever), axis=1, dtype=np.int32)[:, ever]
            for t in range(len(OKS_THRS)):
                at = matched[a, t, ever], counted[a, t, ever]
                curve = precision_at_recalls(*at, matched_weight, others, np.maximum(num_true, 1))
                precision[:, t, :, a], recall[:, t, a] = curve
            precision[~known, ..., a] = recall[~known, ..., a] = -1


def score_poses(
    truth: TruePoses,
    found: FoundPoses,
    sigmas: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    max_dets: int = MAX_DETS,
) -> PoseScores:
    """Match predictions to labels and compute precision and recall; for the arguments see ``match_poses``.

    Example:
        >>> from posekit.evaluation.coco_truth import true_poses
        >>> box = {"image_id": 1, "bbox": [0, 0, 10, 10], "area": 50.0, "keypoints": [1, 2, 2, 8, 9, 2]}
        >>> truth = true_poses([box], num_keypoints=2)
        >>> image, keypoints = np.array([1]), truth.keypoints[..., :2]
        >>> found = FoundPoses(image, np.array([1]), keypoints, np.array([0.9]), np.array([50.0]))
        >>> round(score_poses(truth, found, sigmas=np.array([0.1, 0.1])).ap(), 6)
        1.0
    """
    return match_poses(truth, found, sigmas, weights, max_dets=max_dets).scores()


def match_poses(
    truth: TruePoses,
    found: FoundPoses,
    sigmas: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    images: Sequence[Any] | np.ndarray = (),
    max_dets: int = MAX_DETS,
) -> PoseMatches:
    """Match predictions to labels at all thresholds and for all area ranges.

    Args:
        truth: the labels.
        found: the predictions, of images whose labels are all in ``truth``.
        sigmas: (K,) standard deviations of the keypoints, relative to the root of the area.
        weights: (K,) of the keypoints in the OKS, above 0; by default all count alike.
        images: ids of images beyond those with a label or a prediction, which resampling may draw.
        max_dets: number of predictions of each image and category that count, the best first.
    """
    truth, true_group, found, found_group = in_groups(truth, found, max_dets)
    pairs = close_pairs(truth, true_group, found, found_group, sigmas, weights, thr=OKS_THRS[0])
    return precision_of(truth, found, found_group, pairs, images=images)


def precision_of(
    truth: TruePoses,
    found: FoundPoses,
    found_group: np.ndarray,
    pairs: PosePairs,
    *,
    images: Sequence[Any] | np.ndarray = (),
    num_areas: int = POSE_AREAS,
) -> PoseMatches:
    """Match the predictions to the labels that they resemble.

    Args:
        truth: the labels, as ``in_groups`` returns them.
        found: the predictions, likewise.
        found_group: (D,) the group of each prediction, likewise.
        pairs: predictions and labels of one group that resemble each other enough.
        images: ids of images beyond those with a label or a prediction.
        num_areas: number of the first of ``AREA_RANGES`` to score.
    """
    outside = out_of_area(truth.area, num_areas) | truth.ignore
    labels = match(pairs, ranks_in_groups(found_group), outside, truth.crowd, OKS_THRS)
    matched = labels >= 0
    ignored = np.stack([out[label] for out, label in zip(outside, labels, strict=True)]) if len(truth.image) else False
    ignored = np.where(matched, ignored, out_of_area(found.area, num_areas)[:, None])
    order = np.argsort(-found.score, kind="stable")
    ids = np.unique(np.concatenate([truth.image, found.image, np.asarray(images) if len(images) else truth.image]))
    categories = np.unique(truth.category)
    category = np.searchsorted(categories, found.category[order])
    return PoseMatches(
        matched=matched[..., order],
        counted=~ignored[..., order],
        image=np.searchsorted(ids, found.image[order]),
        category=np.where(np.isin(found.category[order], categories), category, -1),
        true_counted=~outside,
        true_image=np.searchsorted(ids, truth.image),
        true_category=np.searchsorted(categories, truth.category),
        num_images=len(ids),
    )


def out_of_area(area: np.ndarray, num_areas: int) -> np.ndarray:
    """Return (A, N): whether an area lies outside of each of the first ranges."""
    return np.stack([(area < low) | (area > high) for low, high in list(AREA_RANGES.values())[:num_areas]])


def precision_at_recalls(
    matched: np.ndarray, counted: np.ndarray, weight: np.ndarray, others: np.ndarray, num_true: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the precision at each recall level, made monotonic, and the final recall, of each resample.

    Precision only rises where a prediction is right, so nothing else is looked at.

    Args:
        matched: (D,) by falling score, whether a label was found.
        counted: (D,), false for predictions that count neither as right nor as wrong.
        weight: (B, D), how often each resample contains a prediction.
        others: (B, D), how many wrong predictions that are not among these stand before each of them.
        num_true: (B,) numbers of labels, above 0.

    Returns:
        Precision (B, R) and recall (B,).
    """
    right = np.flatnonzero(matched & counted)
    rank = others[:, right] + np.cumsum(weight * counted, axis=1, dtype=np.int32)[:, right]
    hits = np.cumsum(weight[:, right], axis=1, dtype=np.int32)
    precision = np.pad(hits / (rank + np.spacing(1.0)), ((0, 0), (0, 1)))
    highest_after = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = hits / num_true[:, None]
    at = np.stack([np.searchsorted(row, RECALLS, side="left") for row in recall])
    return np.take_along_axis(highest_after, at, axis=1), recall.max(1, initial=0.0)
