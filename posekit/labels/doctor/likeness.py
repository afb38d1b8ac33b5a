"""Which images are copies of one another.

Two images are the same if their files are; they are alike if their difference hashes differ in few of 64 bits and
their small grey versions correlate. Images are compared where two of them agree in a quarter of the hash, so no pair
that differs in three bits or fewer is missed. Where more than ``BLOCK`` agree, as the frames of a still camera do, each
is compared with those next to it in the order of the hashes: the work grows with the images, not with their pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from posekit.labels.doctor.image_scan import SMALL, Scan

MAX_BITS = 8
"""Largest number of bits in which hashes of copies differ."""

MIN_CORRELATION = 0.97
MIN_CONTRAST = 4.0
"""Grey levels; images flatter than that are all alike."""

BLOCK = 256
"""So many images at most are compared each with each."""

AT_ONCE = 4096

BIT_COUNTS = np.array([bin(value).count("1") for value in range(1 << 16)], np.uint8)


def groups_of_copies(scans: Sequence[Scan]) -> tuple[list[list[int]], list[list[int]]]:
    """Find copies among the images of several scans, one after the other.

    Returns:
        Groups of places in the joined scans: of equal files, and of images that are alike. Of equal files only the
        first counts for the second kind.
    """
    readable = np.flatnonzero(np.concatenate([scan.readable for scan in scans]))
    digests = np.concatenate([scan.digests for scan in scans])[readable]
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    runs = np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1)
    exact = sorted(readable[run].tolist() for run in runs if len(run) > 1)
    single = np.sort(readable[first])
    hashes = np.concatenate([scan.hashes for scan in scans])[single]
    small = np.concatenate([scan.small for scan in scans])[single].reshape(-1, SMALL**2)
    near = joined(len(single), alike_pairs(hashes, small))
    return exact, [single[group].tolist() for group in near]


def alike_pairs(hashes: np.ndarray, small: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield pairs of images that are alike, enough of them to connect every group.

    Shapes: hashes (N,) uint64, small (N, P) uint8.
    """
    quarters = np.ascontiguousarray(hashes).view(np.uint16).reshape(-1, 4)
    usable = np.flatnonzero(contrasts(small) >= MIN_CONTRAST)
    for column in range(4):
        keys = np.roll(quarters[usable], -column, axis=1)
        order = np.lexsort(keys.T[::-1])
        for run in np.split(usable[order], np.flatnonzero(np.diff(keys[order, 0])) + 1):
            for start in range(0, max(len(run) - BLOCK // 2, 1), BLOCK // 2):
                yield from alike_in(run[start : start + BLOCK], quarters, small)


def alike_in(block: np.ndarray, quarters: np.ndarray, small: np.ndarray) -> Iterator[tuple[int, int]]:
    """Compare each of a few images with each and yield pairs that connect those that are alike."""
    if len(block) < 2:
        return
    bits = BIT_COUNTS[quarters[block, None] ^ quarters[block]].sum(axis=2)
    alike = np.triu(bits <= MAX_BITS, 1)
    if not alike.any():
        return
    alike &= correlations(small[block]) >= MIN_CORRELATION
    _, group = connected_components(csr_array(alike), directed=False)
    _, first = np.unique(group, return_index=True)
    for place in np.flatnonzero(first[group] != np.arange(len(group))).tolist():
        yield int(block[first[group[place]]]), int(block[place])


def contrasts(small: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each grey image (N,), a few at a time for the memory."""
    return np.concatenate([part.std(axis=1) for part in np.array_split(small, len(small) // AT_ONCE + 1)])


def correlations(small: np.ndarray) -> np.ndarray:
    """Return how grey images (N, P) correlate (N, N)."""
    centred = small.astype(np.float32) - small.mean(axis=1, keepdims=True, dtype=np.float32)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    return unit @ unit.T


def joined(count: int, pairs: Iterator[tuple[int, int]]) -> list[list[int]]:
    """Return the groups of two or more that pairs connect."""
    parent = list(range(count))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for first, second in pairs:
        parent[root(second)] = root(first)
    groups: dict[int, list[int]] = {}
    for place in range(count):
        groups.setdefault(root(place), []).append(place)
    return [group for group in groups.values() if len(group) > 1]
