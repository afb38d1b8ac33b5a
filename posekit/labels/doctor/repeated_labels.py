"""Instances that are labelled more than once: copies to remove, and a measure of the labels' noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.spatial import KDTree

from posekit.labels.doctor.finding import Finding
from posekit.labels.doctor.table import InstanceTable

MAX_DISTANCE = 0.1
"""Mean distance of two labellings of one instance, in units of its scale, at most."""

MIN_COMMON = 3
MAX_CROWD = 50
"""In an image with more instances each is compared with those of the most similar boxes alone."""

NEIGHBOURS = 4
"""So many of them."""

PAIRS_AT_ONCE = 1 << 15

FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""Odd and without order: 2^64 divided by the golden ratio."""

MIN_LABELLINGS = 10
"""Number of label pairs of a keypoint that a sigma needs."""


def check_copied_annotations(table: InstanceTable) -> Iterator[Finding]:
    """Annotations with the same keypoints and box on the same image."""
    rows = np.flatnonzero(table.labelled.any(axis=1))
    if not len(rows):
        return
    copies, originals = repeated_rows(
        [table.image[rows, None], table.points[rows].reshape(len(rows), -1), table.boxes[rows]]
    )
    if len(copies):
        ids = table.instances.numbers["id"][rows[originals]]
        yield table.finding(
            "copied annotation", "error",
            f"{len(copies)} annotations repeat another one's keypoints and box on the same image.",
            "Remove the copies: evaluation counts them as persons that were missed.",
            instances=rows[copies],
            notes=(f" repeats annotation {number}" for number in ids),
        )  # fmt: skip


def repeated_rows(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a table, its columns in several arrays (N, ...), that equal an earlier one, and that one."""
    digests = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        for values in column.T:
            digests = (digests ^ (values + 0.0).astype(np.float64).view(np.uint64)) * FACTOR  # -0.0 becomes 0.0
            digests ^= digests >> np.uint64(32)
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    earlier = first[inverse]
    repeated = np.flatnonzero(earlier != np.arange(len(earlier)))
    same = [(column[repeated] == column[earlier[repeated]]).all(axis=1) for column in columns]
    repeated = repeated[np.all(same, axis=0)]
    return repeated, earlier[repeated]


def check_repeated_labels(table: InstanceTable) -> Iterator[Finding]:
    """Instances that somebody labelled a second time, nearly alike."""
    pairs = repeated_labels(table)
    if len(pairs):
        yield table.finding(
            "labelled twice", "warning",
            f"{len(pairs)} pairs of annotations on one image are so near to each other "
            f"(less than {MAX_DISTANCE:g} of the scale) that they seem to be one instance, labelled twice.",
            "Keep one of each, or their mean; the report estimates sigmas from them.",
            instances=pairs[:, 1],
            notes=(f" is like annotation {number}" for number in table.instances.numbers["id"][pairs[:, 0]]),
        )  # fmt: skip


def repeated_labels(table: InstanceTable) -> np.ndarray:
    """Return pairs of instances (R, 2) on the same image that seem to be the same one, but are no copies."""
    if table.repeated is None:
        table.repeated = find_repeated_labels(table)
    return table.repeated


def find_repeated_labels(table: InstanceTable) -> np.ndarray:
    """Look for the pairs of ``repeated_labels``."""
    pairs = [np.zeros((0, 2), np.int64)]
    scales, labelled = table.scales(), table.labelled
    rows = np.flatnonzero(labelled.sum(axis=1) >= MIN_COMMON)
    for first, second in neighbours(same_images(table)[table.image[rows]], table.boxes[rows]):
        first, second = rows[first], rows[second]
        common = labelled[first] & labelled[second]
        count = common.sum(axis=1)
        distance = np.hypot(*np.moveaxis(table.points[first, :, :2] - table.points[second, :, :2], -1, 0))
        mean = (distance * common).sum(axis=1) / np.maximum(count, 1) / np.minimum(scales[first], scales[second])
        enough = (count >= MIN_COMMON) & (2 * count >= np.maximum(labelled[first].sum(1), labelled[second].sum(1)))
        near = enough & (mean <= MAX_DISTANCE) & (mean > 0)
        pairs.append(np.column_stack([first[near], second[near]]))
    return np.unique(np.concatenate(pairs), axis=0)


def neighbours(images: np.ndarray, boxes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield pairs of instances on the same image that may be one instance, many pairs at a time.

    Args:
        images: (N,) numbers.
        boxes: (N, 4).
    """
    order = np.argsort(images, kind="stable")
    _, starts, sizes = np.unique(images[order], return_index=True, return_counts=True)
    for size in range(2, min(sizes.max(initial=0), MAX_CROWD) + 1):
        groups = order[starts[sizes == size][:, None] + np.arange(size)]
        first, second = np.triu_indices(size, 1)
        step = max(PAIRS_AT_ONCE // len(first), 1)
        for part in (groups[row : row + step] for row in range(0, len(groups), step)):
            yield part[:, first].ravel(), part[:, second].ravel()
    for start, size in zip(starts[sizes > MAX_CROWD], sizes[sizes > MAX_CROWD], strict=True):
        crowd = order[start : start + size]
        for first, second in nearest_boxes(boxes[crowd]):
            yield crowd[first], crowd[second]


def nearest_boxes(boxes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each box (N, 4) with the ``NEIGHBOURS`` whose corners are nearest to its own, many pairs at a time."""
    noise = np.random.default_rng(0).random(boxes.shape)  # a tree of many equal boxes would not be divided
    corners = boxes * (1 + 1e-6 * noise) + 1e-3 * noise
    tree = KDTree(corners)
    count = min(NEIGHBOURS + 1, len(boxes))
    step = PAIRS_AT_ONCE // count
    for start in range(0, len(boxes), step):
        first = tree.indices[start : start + step]  # those of one place together are six times as fast
        _, nearest = tree.query(corners[first], count)
        first, second = np.repeat(first, count), nearest.ravel()
        yield np.minimum(first, second)[first != second], np.maximum(first, second)[first != second]


def same_images(table: InstanceTable) -> np.ndarray:
    """Return a number for each image that images of equal file content share (I,)."""
    numbers = np.arange(len(table.images.ids))
    if table.scan is None:
        return numbers
    index, digests = table.scan.index[table.scan.readable], table.scan.digests[table.scan.readable]
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    numbers[index] = index[first[inverse]]
    return numbers


def estimated_sigmas(table: InstanceTable) -> np.ndarray:
    """Return each keypoint's label noise relative to the scale (K,), NaN without enough repeated labels.

    Both labels of a pair err, so sigma^2 is half the mean squared distance.

    Source: https://cocodataset.org/#keypoints-eval, "Tuning OKS".
    """
    first, second = repeated_labels(table).T
    scale = np.sqrt(table.scales()[first] * table.scales()[second])
    squared = ((table.points[first, :, :2] - table.points[second, :, :2]) ** 2).sum(axis=2) / scale[:, None] ** 2
    common = table.labelled[first] & table.labelled[second]
    count = common.sum(axis=0)
    mean = (squared * common).sum(axis=0) / np.maximum(count, 1)
    return np.where(count >= MIN_LABELLINGS, np.sqrt(mean / 2), np.nan)
