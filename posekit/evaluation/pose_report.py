"""Everything there is to say about a results file, and about the difference of two.

Shapes: B resamples, G labels, K keypoints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from posekit.evaluation.average_precision import match_poses
from posekit.evaluation.bootstrap import (
    Difference,
    Estimate,
    difference,
    interval,
    mean_pck,
    resampled_ap,
    resampled_pck,
    resampled_scores,
)
from posekit.evaluation.coco_results import read_results
from posekit.evaluation.labelled_set import LabelledSet
from posekit.evaluation.merged_keypoints import merged_pairs, merged_text
from posekit.evaluation.pck import keypoint_pck, normalized_distances
from posekit.evaluation.pose_errors import KINDS, PoseErrors, ap_gains, find_errors
from posekit.evaluation.pose_matching import MAX_DETS
from posekit.keypoints.oks import FoundPoses

PCK_THR = 0.1
"""In units of the longer side of a person's box."""

CURVES = {"mean over OKS 0.5 to 0.95": None, "OKS 0.5": 0.5, "OKS 0.75": 0.75}


class Measured(NamedTuple):
    """A value and what it was in each resample (B,); B may be 0."""

    value: float
    samples: np.ndarray

    def estimate(self) -> Estimate:
        """Return the value with its interval."""
        return interval(self.value, self.samples)

    def minus(self, other: Measured) -> Difference:
        """Return how much this value exceeds another of the same resamples."""
        return difference(self.value - other.value, self.samples - other.samples)


@dataclass(frozen=True)
class Evaluation:
    """What was found out about one results file.

    Attributes:
        name: name of the file.
        scores: AP, AR and PCK by their names.
        keypoints: the AP and the PCK of single keypoints, first by "AP" and "PCK", then by keypoint.
        curves: precision at each of ``RECALLS``.
        errors: errors of keypoints and persons.
        gains: what AP would gain without each kind of error.
        warning: which keypoints the predictions do not tell apart; empty where there are none.
    """

    name: str
    scores: dict[str, Measured]
    keypoints: dict[str, dict[str, Measured]]
    curves: dict[str, np.ndarray]
    errors: PoseErrors
    gains: dict[str, float]
    warning: str = ""


def evaluate_results(
    labels: LabelledSet, path: Path, times: np.ndarray, name: str = "", *, max_dets: int = MAX_DETS
) -> Evaluation:
    """Read a results file and find out all about it.

    The AP of a single keypoint is that of the same predictions and scores with OKS and visibility
    of this keypoint alone. PCK compares each person with the prediction that means it, at OKS 0.1;
    where no prediction means a person, all keypoints of that person are wrong.

    Args:
        labels: labels to compare the results with.
        path: results in COCO's format.
        times: (B, I), how often each resample drew each image, in the order of their sorted ids.
        name: name in tables; by default that of the file.
        max_dets: number of predictions of each image and category that count, the best first.
    """
    truth, sigmas, weights = labels.truth, labels.sigmas, labels.weights
    predictions = read_results(path, len(labels.names), labels.images, labels.categories, labels.image_names)
    matches = match_poses(truth, predictions, sigmas, weights, images=labels.images, max_dets=max_dets)
    scores, samples = matches.scores(), resampled_scores(matches, times)
    errors = find_errors(truth, predictions, sigmas, labels.flip_indices, weights, max_dets=max_dets)
    named = {key: Measured(value, samples.get(key, np.empty(0))) for key, value in scores.named().items()}
    pck, single_pck = measured_pck(errors, labels, times)
    return Evaluation(
        name=name or path.name,
        scores={**named, f"PCK@{PCK_THR}": pck},
        keypoints={"AP": measured_keypoint_ap(labels, predictions, times, max_dets), "PCK": single_pck},
        curves={name: scores.curve(thr) for name, thr in CURVES.items()},
        errors=errors,
        gains=ap_gains(errors, sigmas, weights),
        warning=merged_warning(errors, labels),
    )


def measured_keypoint_ap(
    labels: LabelledSet, predictions: FoundPoses, times: np.ndarray, max_dets: int
) -> dict[str, Measured]:
    """Return the AP of each keypoint."""
    measured = {}
    for k, name in enumerate(labels.names):
        part = labels.truth.with_keypoints([k]), predictions.with_keypoints([k])
        matches = match_poses(*part, labels.sigmas[[k]], images=labels.images, max_dets=max_dets)
        measured[name] = Measured(matches.scores().ap(), resampled_ap(matches, times))
    return measured


def measured_pck(errors: PoseErrors, labels: LabelledSet, times: np.ndarray) -> tuple[Measured, dict[str, Measured]]:
    """Return the PCK of the persons that count, and that of each keypoint."""
    truth = errors.truth
    pred, mask = predictions_by_label(errors)
    distances = normalized_distances(pred, truth.keypoints[..., :2], mask, truth.boxes_xywh[:, 2:].max(1, initial=0))
    per_keypoint, mean = keypoint_pck(distances, PCK_THR)
    image = np.searchsorted(np.unique(labels.images), truth.image)
    samples = resampled_pck(distances, image, PCK_THR, times)
    single = zip(labels.names, per_keypoint.tolist(), samples.T, strict=True)
    return Measured(mean, mean_pck(samples)), {name: Measured(*values) for name, *values in single}


def predictions_by_label(errors: PoseErrors) -> tuple[np.ndarray, np.ndarray]:
    """Return the prediction (G, K, 2) that means each label, NaN without one, and which keypoints (G, K) count."""
    truth = errors.truth
    pred = np.full((*truth.keypoints.shape[:2], 2), np.nan)
    pred[errors.index_true] = errors.found.keypoints[errors.index_found]
    return pred, (truth.keypoints[..., 2] > 0) & ~truth.ignore[:, None]


def merged_warning(errors: PoseErrors, labels: LabelledSet) -> str:
    """Return which keypoints the predictions do not tell apart; nothing where there are none."""
    pred, mask = predictions_by_label(errors)
    return merged_text(merged_pairs(errors.truth.keypoints[..., :2], mask, pred), labels.names)


class ReportTable(NamedTuple):
    """A table of texts; the first cell of a row names it."""

    title: str
    header: list[str]
    rows: list[list[str]]


def tables_of(evaluations: Sequence[Evaluation]) -> list[ReportTable]:
    """Return the tables of one results file, or of two side by side."""
    names = [evaluation.name for evaluation in evaluations]
    tables = [ReportTable("Scores", *side_by_side("", names, [evaluation.scores for evaluation in evaluations]))]
    for kind in ("AP", "PCK") if len(evaluations) == 2 else ():
        values = [evaluation.keypoints[kind] for evaluation in evaluations]
        tables.append(ReportTable(f"{kind} of single keypoints", *side_by_side("keypoint", names, values)))
    return [*tables, error_table(evaluations), *map(keypoint_table, evaluations)]


def side_by_side(
    first: str, names: Sequence[str], columns: Sequence[Mapping[str, Measured]]
) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of named values, with the difference and its p-value where there are two."""
    header = [first, *names] + ["difference", "p"] * (len(columns) == 2)
    rows = []
    for name in columns[0]:
        cells = [column[name] for column in columns]
        row = [name, *(text_of(cell.estimate()) for cell in cells)]
        if len(cells) == 2:
            gain = cells[1].minus(cells[0])
            row += [text_of(Estimate(*gain[:3]), sign="+"), "" if np.isnan(gain.p) else f"{gain.p:.3f}"]
        rows.append(row)
    return header, rows


def error_table(evaluations: Sequence[Evaluation]) -> ReportTable:
    """Return how often each kind of error happens, and what AP would gain without it."""
    header, counts = ["error"], [evaluation.errors.counts() for evaluation in evaluations]
    for evaluation in evaluations:
        of = f" ({evaluation.name})" if len(evaluations) > 1 else ""
        header += [f"count{of}", f"AP gain{of}"]
    rows = []
    for kind in counts[0]:
        cells = [(str(count[kind]), f"{e.gains[kind]:+.4f}") for count, e in zip(counts, evaluations, strict=True)]
        rows.append([kind, *chain.from_iterable(cells)])
    return ReportTable("Errors", header, rows)


def keypoint_table(evaluation: Evaluation) -> ReportTable:
    """Return AP and PCK of each keypoint, and in how large a share of its labels it is in which state."""
    shares, scores = evaluation.errors.shares(), evaluation.keypoints
    rows = []
    for k, name in enumerate(scores["AP"]):
        values = [text_of(column[name].estimate()) for column in scores.values()]
        rows.append([name, *values, *(percent(shares[kind][k]) for kind in KINDS)])
    return ReportTable(f"Keypoints of {evaluation.name}", ["keypoint", *scores, *KINDS], rows)


def percent(share: float) -> str:
    return "" if np.isnan(share) else f"{100 * share:.1f} %"


def text_of(estimate: Estimate, sign: str = "") -> str:
    """Return a value and its interval as text, nothing for an unknown value."""
    value, low, high = estimate
    if np.isnan(value) or (value == -1 and not sign):
        return ""
    interval_text = "" if np.isnan(low) else f" [{low:{sign}.3f}, {high:{sign}.3f}]"
    return f"{value:{sign}.3f}{interval_text}"
