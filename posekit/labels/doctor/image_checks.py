"""Checks of the image files: missing, unreadable, of another size, and copies of one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from posekit.labels.doctor.finding import MAX_PLACES, Finding, FindingPlace, Severity
from posekit.labels.doctor.likeness import groups_of_copies
from posekit.labels.doctor.table import InstanceTable

NAMED = 3
"""Images of each file that are named of a group of copies."""


def check_files(table: InstanceTable) -> Iterator[Finding]:
    """Image files that are not there or cannot be read."""
    scan = table.scan
    if scan is None:
        return
    missing, broken = scan.index[scan.missing], scan.index[~scan.readable & ~scan.missing]
    if len(missing):
        hint = "Give the folder with --images." if len(missing) == len(scan.index) else "Restore them, or remove them."
        yield table.finding(
            "missing image", "error",
            f"{len(missing)} of {len(scan.index)} image files are not there, the first: "
            f"{table.images.paths[missing[0]]}.",
            hint,
            images=missing,
        )  # fmt: skip
    if len(broken):
        yield table.finding(
            "unreadable image", "error",
            f"{len(broken)} of {len(scan.index)} image files cannot be read.",
            "Download or convert these files again, or remove them.",
            texts=[problem for problem, gone in zip(scan.problems, scan.missing, strict=True) if problem and not gone],
        )  # fmt: skip


def check_image_sizes(table: InstanceTable) -> Iterator[Finding]:
    """Images whose size is not what the file states."""
    scan = table.scan
    if scan is None:
        return
    stated = table.images.size_wh[scan.index]
    differs = scan.readable & (scan.size_wh != stated).any(axis=1)
    turned = differs & (scan.stored_wh == stated).all(axis=1)
    if turned.any():
        yield table.finding(
            "turned image", "error",
            f"{int(turned.sum())} images carry an orientation (EXIF) that turns them, and the file states their size "
            "before that: the keypoints probably belong to the image as stored.",
            "Load them with LoadImage(color_type='color_ignore_orientation'), or save them without the EXIF block.",
            images=scan.index[turned],
        )  # fmt: skip
    other = np.flatnonzero(differs & ~turned)
    if len(other):
        first = other[0]
        (width, height), (a, b) = scan.size_wh[first].tolist(), stated[first].tolist()
        yield table.finding(
            "image size", "error",
            f"{len(other)} images have another size than the file states; the first, "
            f"{table.images.paths[scan.index[first]]}: {width} x {height}, stated {a:g} x {b:g}.",
            "If the images were resized after labelling, scale boxes and keypoints likewise, or use the originals.",
            images=scan.index[other],
        )  # fmt: skip


def check_copies(tables: Sequence[InstanceTable]) -> Iterator[Finding]:
    """Images that are copies of one another, exact or nearly, within a file and across files."""
    scanned = [table for table in tables if table.scan is not None and len(table.scan.index)]
    if not scanned:
        return
    images = [(table, int(index)) for table in scanned for index in table.scan.index]  # pyright: ignore
    exact, near = groups_of_copies([table.scan for table in scanned])  # pyright: ignore
    for kind, groups in (("same image", exact), ("similar image", near)):
        by_files: dict[tuple[str, ...], list[list[tuple[InstanceTable, int]]]] = {}
        for group in groups:
            members = [images[place] for place in group]
            by_files.setdefault(tuple(dict.fromkeys(table.file for table, _ in members)), []).append(members)
        for files, members in sorted(by_files.items(), key=lambda item: -len(item[0])):
            yield copies(kind, files, sorted(members, key=len, reverse=True))


def copies(kind: str, files: tuple[str, ...], groups: list[list[tuple[InstanceTable, int]]]) -> Finding:
    """Make the finding of groups of copies that all lie in the same files."""
    crossing = len(files) > 1
    judged = "are the same file" if kind == "same image" else "look alike (difference hash and correlation)"
    severity: Severity = "note"
    remedy = "Nothing, if they are frames of a video; else keep one of each."
    if crossing:
        severity = "error" if kind == "same image" else "warning"
        remedy = "Keep each image, and all frames of a scene, in one split: evaluation on seen images is too good."
    places = [described(group) for group in groups[:MAX_PLACES]]
    total = sum(map(len, groups))
    return Finding(
        f"{kind} {'across files' if crossing else 'repeated'}", severity,
        f"{total} images in {len(groups)} group{'s' * (len(groups) != 1)} {judged}.",
        remedy, " and ".join(files), tuple(places), len(groups),
    )  # fmt: skip


def described(group: list[tuple[InstanceTable, int]]) -> FindingPlace:
    """Name the first images of each file in a group of copies, and show two, of two files if there are."""
    words, spots = [], []
    for _, members in groupby(group, key=lambda member: member[0].file):
        rows = list(members)
        names = [table.images.infos[image]["file_name"] for table, image in rows[:NAMED]]
        rest = f" … ({len(rows)})" if len(rows) > NAMED else ""
        words.append(f"{rows[0][0].source.name}: {' = '.join(names)}{rest}")
        spots.append([table.image_spot(image) for table, image in rows[:2]])
    first = spots[0] if len(spots) == 1 else [row[0] for row in spots[:2]]
    return FindingPlace(" = ".join(words), tuple(first))
