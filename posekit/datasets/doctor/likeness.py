"""Which pictures are copies of one another.

Two pictures are the same if their files are; they are alike if their difference hashes differ in few of 64 bits and
their small grey versions correlate. Pictures are compared where two of them agree in a quarter of the hash, so no pair
that differs in three bits or fewer is missed and large sets take no longer than they should.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from posekit.datasets.doctor.image_scan import SMALL, Scan

MAX_BITS = 8
"""Hashes of copies differ in so many bits at most."""

MIN_CORRELATION = 0.97
MIN_CONTRAST = 4.0
"""Grey levels; pictures flatter than that are all alike."""

BIT_COUNTS = np.array([bin(value).count("1") for value in range(1 << 16)], np.uint8)


def groups_of_copies(scans: Sequence[Scan]) -> tuple[list[list[int]], list[list[int]]]:
    """Find copies among the pictures of several scans, one after the other.

    Returns:
        Groups of places in the joined scans: of equal files, and of pictures that are alike. Of equal files only the
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
    """Yield pairs of pictures that are alike.

    Shapes: hashes (N,) uint64, small (N, P) uint8.
    """
    quarters = np.ascontiguousarray(hashes).view(np.uint16).reshape(-1, 4)
    usable = np.flatnonzero(small.std(axis=1) >= MIN_CONTRAST)
    for column in range(4):
        order = usable[np.argsort(quarters[usable, column], kind="stable")]
        for run in np.split(order, np.flatnonzero(np.diff(quarters[order, column])) + 1):
            for place, one in enumerate(run[:-1]):
                others = run[place + 1 :]
                bits = BIT_COUNTS[quarters[others] ^ quarters[one]].sum(axis=1)
                for other in others[bits <= MAX_BITS].tolist():
                    if correlation(small[one], small[other]) >= MIN_CORRELATION:
                        yield int(one), other


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the correlation of two grey pictures."""
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-9))


def joined(count: int, pairs: Iterator[tuple[int, int]]) -> list[list[int]]:
    """Return the groups of two or more that pairs connect."""
    parent = list(range(count))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for one, other in pairs:
        parent[root(other)] = root(one)
    groups: dict[int, list[int]] = {}
    for place in range(count):
        groups.setdefault(root(place), []).append(place)
    return [group for group in groups.values() if len(group) > 1]
