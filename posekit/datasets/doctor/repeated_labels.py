"""Instances that are labelled more than once: copies to remove, and a measure of the labels' noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from posekit.datasets.doctor.finding import Finding
from posekit.datasets.doctor.table import Table

MAX_DISTANCE = 0.1
"""Mean distance of two labellings of one instance, in units of its scale, at most."""

MIN_COMMON = 3
MAX_CROWD = 200
"""In a picture with more instances every one is not compared with every other."""

MIN_LABELLINGS = 10
"""A sigma needs so many pairs of labels of its keypoint."""


def check_copied_annotations(table: Table) -> Iterator[Finding]:
    """Annotations with the same keypoints and box on the same image."""
    rows = np.flatnonzero(table.labelled.any(axis=1))
    if not len(rows):
        return
    content = np.column_stack([table.image[rows], table.points[rows].reshape(len(rows), -1), table.boxes[rows]])
    _, first, inverse = np.unique(content, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    copies = np.flatnonzero(first[inverse] != np.arange(len(rows)))
    if len(copies):
        originals = table.instances.numbers["id"][rows[first[inverse[copies]]]].tolist()
        yield table.finding(
            "copied annotation", "error",
            f"{len(copies)} annotations repeat another one's keypoints and box on the same image.",
            "Remove the copies: evaluation counts them as persons that were missed.",
            instances=rows[copies].tolist(),
            notes=[f" repeats annotation {original}" for original in originals],
        )  # fmt: skip


def check_repeated_labels(table: Table) -> Iterator[Finding]:
    """Instances that somebody labelled a second time, nearly alike."""
    pairs = repeated_labels(table)
    if len(pairs):
        yield table.finding(
            "labelled twice", "warning",
            f"{len(pairs)} pairs of annotations on one picture are so near to each other "
            f"(less than {MAX_DISTANCE:g} of the scale) that they seem to be one instance, labelled twice.",
            "Keep one of each, or their mean; the report estimates sigmas from them.",
            instances=pairs[:, 1].tolist(),
        )  # fmt: skip


def repeated_labels(table: Table) -> np.ndarray:
    """Return pairs of instances (R, 2) on the same picture that seem to be the same one, but are no copies."""
    pictures = same_pictures(table)[table.image]
    order = np.argsort(pictures, kind="stable")
    runs = np.split(order, np.flatnonzero(np.diff(pictures[order])) + 1) if len(order) else []
    scales, found = table.scales(), []
    for run in runs:
        if not 1 < len(run) <= MAX_CROWD:
            continue
        points, labelled = table.points[run, :, :2], table.labelled[run]
        one, other = np.triu_indices(len(run), 1)
        common = labelled[one] & labelled[other]
        count = common.sum(axis=1)
        distance = np.hypot(*np.moveaxis(points[one] - points[other], -1, 0))
        mean = (distance * common).sum(axis=1) / np.maximum(count, 1) / np.minimum(scales[run[one]], scales[run[other]])
        enough = (count >= MIN_COMMON) & (2 * count >= np.maximum(labelled[one].sum(1), labelled[other].sum(1)))
        near = enough & (mean <= MAX_DISTANCE) & (mean > 0)
        found.append(np.column_stack([run[one[near]], run[other[near]]]))
    return np.concatenate(found) if found else np.zeros((0, 2), np.int64)


def same_pictures(table: Table) -> np.ndarray:
    """Return a number for each image that images of equal file content share (I,)."""
    numbers = np.arange(len(table.images.ids))
    if table.scan is None:
        return numbers
    index, digests = table.scan.index[table.scan.readable], table.scan.digests[table.scan.readable]
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    numbers[index] = index[first[inverse]]
    return numbers


def estimated_sigmas(table: Table) -> np.ndarray:
    """Return each keypoint's label noise relative to the scale (K,), NaN without enough repeated labels.

    Both labels of a pair err, so sigma^2 is half the mean squared distance.

    Source: https://cocodataset.org/#keypoints-eval, "Tuning OKS".
    """
    one, other = repeated_labels(table).T
    scale = np.sqrt(table.scales()[one] * table.scales()[other])
    squared = ((table.points[one, :, :2] - table.points[other, :, :2]) ** 2).sum(axis=2) / scale[:, None] ** 2
    common = table.labelled[one] & table.labelled[other]
    count = common.sum(axis=0)
    mean = (squared * common).sum(axis=0) / np.maximum(count, 1)
    return np.where(count >= MIN_LABELLINGS, np.sqrt(mean / 2), np.nan)
