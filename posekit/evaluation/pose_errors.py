"""What is wrong with predicted poses, and how much AP each kind of error costs.

Shapes: G labels, D predictions, M predictions with their labels, P pairs, K keypoints.
Source: Ronchi and Perona, Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation, ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from posekit.evaluation.average_precision import score_poses
from posekit.evaluation.pose_matching import MAX_DETS, close_pairs, in_groups, match
from posekit.keypoints.oks import EPS, FoundPoses, TruePoses, squared_length, variances_of
from posekit.keypoints.oks_nms import expand_ranges, ranks_in_groups

ASSIGNED = 0.1
"""OKS from which a prediction is taken to mean a person."""

NEAR, GOOD = 0.5, 0.85
"""Similarity of a single keypoint from which it is near its place, and from which it is right."""

KEYPOINT_ERRORS = ("jitter", "inversion", "swap", "miss")
KINDS = ("good", *KEYPOINT_ERRORS)
"""A keypoint's state by its number; unlabelled keypoints have none, which is -1."""

PERSON_ERRORS = ("false positive", "missed person")


@dataclass(frozen=True)
class PoseErrors:
    """The errors of a set of predictions.

    Attributes:
        truth: the labels, by image.
        found: the predictions that count, by image.
        index_found: (M,) rows of the predictions that have a label with a keypoint.
        index_true: (M,) rows of those labels.
        states: (M, K) numbers in ``KINDS``, -1 for keypoints that are not labelled.
        places: (M, K, 2), where each keypoint would be without its error.
        unassigned: (D,), true for false positives.
        unfound: (G,), true for labelled persons that no prediction means.
    """

    truth: TruePoses
    found: FoundPoses
    index_found: np.ndarray
    index_true: np.ndarray
    states: np.ndarray
    places: np.ndarray
    unassigned: np.ndarray
    unfound: np.ndarray

    def counts(self) -> dict[str, int]:
        """Return how many keypoints, predictions or persons have each kind of error."""
        keypoints = {kind: int((self.states == KINDS.index(kind)).sum()) for kind in KEYPOINT_ERRORS}
        persons = (int(self.unassigned.sum()), int(self.unfound.sum()))
        return keypoints | dict(zip(PERSON_ERRORS, persons, strict=True))

    def shares(self) -> dict[str, np.ndarray]:
        """Return for each state the share (K,) of the labelled keypoints that have it, NaN where none is labelled."""
        labelled = (self.states >= 0).sum(0)
        counts = {kind: (self.states == number).sum(0) for number, kind in enumerate(KINDS)}
        empty = np.full(labelled.shape, np.nan)
        return {k: np.divide(n, labelled, out=empty.copy(), where=labelled > 0) for k, n in counts.items()}

    def repaired(self, kind: str) -> tuple[TruePoses, FoundPoses]:
        """Return labels and predictions without one kind of error.

        A jittered keypoint moves to similarity 0.85 with its label, a missed one to 0.5, an
        inverted or swapped one to the similarity that it had with the wrong label. False
        positives are left out, and missed persons do not count.
        """
        if kind == "false positive":
            return self.truth, self.found.rows(~self.unassigned)
        if kind == "missed person":
            return self.truth._replace(ignore=self.truth.ignore | self.unfound), self.found
        pose, keypoint = np.nonzero(self.states == KINDS.index(kind))
        keypoints = self.found.keypoints.copy()
        keypoints[self.index_found[pose], keypoint] = self.places[pose, keypoint]
        return self.truth, self.found._replace(keypoints=keypoints)


def find_errors(
    truth: TruePoses,
    found: FoundPoses,
    sigmas: np.ndarray,
    flip_indices: Sequence[int],
    weights: np.ndarray | None = None,
    *,
    max_dets: int = MAX_DETS,
) -> PoseErrors:
    """Tell the errors of predicted poses.

    A prediction means the person that COCO's matching gives it at OKS 0.1. Each labelled keypoint of
    that person is compared with the places where the predicted one could belong: its own, that of its
    left or right counterpart, and both of these of the other persons in the image. The most similar
    place decides: below 0.5 the keypoint is missed, else it is inverted (the counterpart), swapped
    (another person) or its own: jittered below 0.85, good above.

    Args:
        truth: the labels.
        found: the predictions, of images whose labels are all in ``truth``.
        sigmas: (K,) standard deviations of the keypoints.
        flip_indices: (K,) each keypoint's counterpart; itself without one.
        weights: (K,) of the keypoints in the OKS that decides which person is meant.
        max_dets: number of predictions of each image and category that count, the best first.
    """
    truth, true_group, found, found_group = in_groups(truth, found, max_dets)
    pairs = close_pairs(truth, true_group, found, found_group, sigmas, weights, thr=ASSIGNED)
    label = match(pairs, ranks_in_groups(found_group), truth.ignore[None], truth.crowd, np.array([ASSIGNED]))[0, 0]
    means_one = (label >= 0) & ~np.isin(label, np.flatnonzero(~(truth.keypoints[..., 2] > 0).any(1)))
    index_found, index_true = np.flatnonzero(means_one), label[means_one]
    similarity = similarities(truth, true_group, found, (index_found, index_true), sigmas, flip_indices)
    states = states_of(similarity)
    return PoseErrors(
        truth=truth,
        found=found,
        index_found=index_found,
        index_true=index_true,
        states=states,
        places=right_places(truth.rows(index_true), states, similarity.max(-1), sigmas),
        unassigned=label < 0,
        unfound=~truth.ignore & ~np.isin(np.arange(len(truth.image)), label),
    )


def similarities(
    truth: TruePoses,
    true_group: np.ndarray,
    found: FoundPoses,
    assigned: tuple[np.ndarray, np.ndarray],
    sigmas: np.ndarray,
    flip_indices: Sequence[int],
) -> np.ndarray:
    """Return how similar keypoints are to the places where they could belong.

    Args:
        truth: the labels.
        true_group: (G,), sorted.
        found: the predictions.
        assigned: (M,) rows of predictions and of their labels.
        sigmas: (K,).
        flip_indices: (K,).

    Returns:
        (M, K, 3) for a keypoint's own place, that of its counterpart, and the best of other persons;
        -1 where nothing is labelled.
    """
    index_found, index_true = assigned
    flips = np.asarray(flip_indices)
    same = np.arange(len(flips))
    points = found.keypoints[index_found]
    same_keypoint, counterpart = (single_similarity(points, truth.rows(index_true), k, sigmas) for k in (same, flips))
    counterpart[:, flips == same] = -1
    group = true_group[index_true]
    starts, stops = (np.searchsorted(true_group, group, side=side) for side in ("left", "right"))
    pose, label = expand_ranges(starts, stops)
    other = label != index_true[pose]
    pose, label = pose[other], label[other]
    best = np.full(same_keypoint.shape, -1.0)
    for k in (same, flips):
        np.maximum.at(best, pose, single_similarity(points[pose], truth.rows(label), k, sigmas))
    return np.stack([same_keypoint, counterpart, best], axis=-1)


def single_similarity(points: np.ndarray, truth: TruePoses, which: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """Return the OKS (P, K) of single keypoints: points (P, K, 2) with the labels' keypoints ``which`` (K,), or -1."""
    labelled = truth.keypoints[:, which]
    distance = squared_length(points - labelled[..., :2])
    similarity = np.exp(-distance / (2 * variances_of(sigmas)) / (truth.area + EPS)[:, None])
    return np.where(labelled[..., 2] > 0, similarity, -1.0)


def states_of(similarity: np.ndarray) -> np.ndarray:
    """Return the states (M, K) of keypoints from their similarities (M, K, 3)."""
    same_keypoint, top, best = similarity[..., 0], similarity.max(-1), similarity.argmax(-1)
    good, jitter, inversion, swap, miss = range(len(KINDS))
    conditions = [same_keypoint < 0, top < NEAR, best == 1, best == 2, same_keypoint < GOOD]
    return np.select(conditions, [-1, miss, inversion, swap, jitter], good)


def right_places(truth: TruePoses, states: np.ndarray, top: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """Return the places (M, K, 2) at which keypoints with an error would have what is left of their similarity."""
    jitter, miss = KINDS.index("jitter"), KINDS.index("miss")
    similarity = np.select([states == jitter, states == miss], [GOOD, NEAR], np.clip(top, NEAR, 1))
    distance = np.sqrt(-2 * np.log(similarity) * variances_of(sigmas) * truth.area[:, None])
    places = truth.keypoints[..., :2].copy()
    places[..., 0] += distance
    return places


def ap_gains(errors: PoseErrors, sigmas: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
    """Return how much the AP would rise if one kind of error were repaired and all others stayed."""

    def ap(truth: TruePoses, found: FoundPoses) -> float:
        return score_poses(truth, found, sigmas, weights, max_dets=len(found.image)).ap()  # the best were chosen before

    kinds = (*KEYPOINT_ERRORS, *PERSON_ERRORS)
    now = ap(errors.truth, errors.found)
    return {kind: ap(*errors.repaired(kind)) - now for kind in kinds}
