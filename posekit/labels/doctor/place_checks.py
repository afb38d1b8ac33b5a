"""Checks of where things are: boxes in their image, keypoints in their box, and visibility marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from posekit.labels.doctor.finding import Finding
from posekit.labels.doctor.table import InstanceTable

SLACK_PX = 1.0
"""Rounding moves boxes and points by so much; no more is a finding."""

NAMED = 4
"""Keypoints of an instance that are named."""

BOX_SLACK = 0.1
"""Of a box's longer side: a keypoint may lie so far outside, for boxes are drawn around what is seen."""


def check_box_sizes(table: InstanceTable) -> Iterator[Finding]:
    """Boxes and areas that are zero or negative, areas that are absent, or larger than their box."""
    size = table.boxes[:, 2:] - table.boxes[:, :2]
    flat = np.flatnonzero((size <= 0).any(axis=1) & table.labelled.any(axis=1))
    if len(flat):
        yield table.finding(
            "empty box", "error",
            f"{len(flat)} boxes have a width or height of zero or less; training leaves them out.",
            "Draw these boxes anew, as [x, y, width, height].",
            instances=flat,
        )  # fmt: skip
    absent = np.flatnonzero(~np.isfinite(table.areas))
    if len(absent):
        yield table.finding(
            "no area", "note" if len(absent) == len(table.areas) else "warning",
            f"{len(absent)} of {len(table.areas)} annotations have no area, which OKS is measured by: CocoMetric "
            "refuses the file.",
            "Set area to the segment's area in pixels, or evaluate with CocoMetric(use_area=False): 0.53 of the box.",
            instances=absent,
        )  # fmt: skip
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(table.areas <= 0)
        large = np.flatnonzero((size > 0).all(axis=1) & (table.areas > 1.02 * size.prod(axis=1) + 1))
    if len(bad):
        yield table.finding(
            "empty area", "warning",
            f"{len(bad)} annotations have an area of zero or less: OKS counts every keypoint of theirs as missed.",
            "Set area to the segment's area in pixels, or a part of the box's (about half for a person).",
            instances=bad,
        )  # fmt: skip
    if len(large):
        yield table.finding(
            "area larger than box", "warning",
            f"{len(large)} annotations have an area larger than their box; OKS is too kind to them.",
            "Set area to the segment's area in pixels; it fits into the box.",
            instances=large,
        )  # fmt: skip


def check_boxes_inside(table: InstanceTable) -> Iterator[Finding]:
    """Boxes that reach outside of their image."""
    boxes, image = table.boxes, table.imaged
    over = np.maximum(-boxes[:, :2], boxes[:, 2:] - image).max(axis=1, initial=-np.inf)
    outside = np.flatnonzero(over > SLACK_PX)
    gone = ((boxes[:, 2:] <= 0) | (boxes[:, :2] >= image)).any(axis=1)
    if len(outside):
        lost = f" {int(gone.sum())} of them lie wholly outside." if gone.any() else ""
        yield table.finding(
            "box outside image", "error" if gone.any() else "warning",
            f"{len(outside)} of {len(boxes)} boxes reach more than {SLACK_PX:g} px outside of their image, "
            f"up to {over.max():.0f} px.{lost}{corner_hint(table, outside)}",
            "Correct width and height of the images if they are wrong, else the boxes; training cuts them.",
            instances=outside[np.argsort(-over[outside])],
        )  # fmt: skip


def corner_hint(table: InstanceTable, outside: np.ndarray) -> str:
    """Say so if the boxes fit as two corners."""
    size = table.boxes[:, 2:] - table.boxes[:, :2]  # the file's third and fourth number
    fits = (size <= table.imaged + SLACK_PX).all(axis=1) & (size > table.boxes[:, :2]).all(axis=1)
    if len(outside) < 0.2 * len(size) or fits.mean() < 0.95:
        return ""
    return " All would fit as corners x1, y1, x2, y2: COCO's boxes are x, y, width, height."


def check_keypoints_inside(table: InstanceTable) -> Iterator[Finding]:
    """Labelled keypoints outside of their image or far outside of their box."""
    points, labelled = table.points[..., :2], table.labelled
    yield from check_normalised(table)
    low, high = -SLACK_PX, table.imaged[:, None] - 1 + SLACK_PX
    off = labelled & ((points < low) | (points > high)).any(axis=2)
    rows = np.flatnonzero(off.any(axis=1))
    if len(rows):
        yield table.finding(
            "keypoint outside image", "warning",
            f"{int(off.sum())} of {int(labelled.sum())} labelled keypoints, of {len(rows)} instances, lie outside of "
            "their image; no head can learn a heatmap there.",
            "Mark points that cannot be seen as unlabelled (0, 0, 0); if there are many, look at the images' sizes.",
            **named(table, off, rows[np.argsort(-off[rows].sum(axis=1), kind="stable")]),
        )  # fmt: skip
    low, high = table.instances.arrays["bbox"][:, None, :2], table.instances.arrays["bbox"][:, None, 2:]
    side = np.maximum((high - low).max(axis=2), 1)
    distance = np.maximum(np.maximum(low - points, points - high), 0).max(axis=2) / side
    distance = np.where(labelled & (high > low).all(axis=2), distance, 0)
    rows = np.flatnonzero((distance > BOX_SLACK).any(axis=1))
    if len(rows):
        total = int((distance > BOX_SLACK).sum())
        yield table.finding(
            "keypoint outside box", "warning",
            f"{total} labelled keypoints of {len(rows)} instances lie outside of their box by more than "
            f"{BOX_SLACK:.0%} of its longer side.",
            "Look whether box and keypoints belong to the same person; else enlarge the box.",
            **named(table, distance > BOX_SLACK, rows[np.argsort(-distance[rows].max(axis=1), kind="stable")]),
        )  # fmt: skip


def named(table: InstanceTable, which: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    """Return instances as places of a finding, each with the names of its keypoints that ``which`` (N, K) marks."""

    names = table.names

    def note(row: int) -> str:
        marked = [names[k] for k in np.flatnonzero(which[row])]
        return f": {', '.join(marked[:NAMED])}{f' … ({len(marked)})' if len(marked) > NAMED else ''}"

    return dict(instances=rows, notes=(note(row) for row in rows))


def check_normalised(table: InstanceTable) -> Iterator[Finding]:
    """Coordinates that are shares of the image's size."""
    points = table.points[..., :2][table.labelled]
    if len(points) and points.min() >= 0 and points.max() <= 1:
        yield table.finding(
            "relative coordinates", "error",
            "All keypoints lie between 0 and 1: they seem to be shares of the image's size.",
            "Multiply x by the width and y by the height; keypoints are pixels.",
        )  # fmt: skip


def check_visibility(table: InstanceTable) -> Iterator[Finding]:
    """Visibility marks beside 0, 1, 2, marks without a position and positions without a mark."""
    points, marks = table.points[..., :2], table.points[..., 2]
    odd = ~np.isin(marks, (0, 1, 2))
    if odd.any():
        rows = np.flatnonzero(odd.any(axis=1))
        values, counts = np.unique(marks[odd], return_counts=True)
        most = ", ".join(f"{values[i]:g} ({counts[i]})" for i in np.argsort(-counts, kind="stable")[:5])
        yield table.finding(
            "visibility", "warning",
            f"{int(odd.sum())} visibility marks in {len(rows)} instances are none of 0, 1, 2: {most}.",
            "Use 0 for unlabelled, 1 for labelled but hidden, 2 for labelled and seen; scores belong in predictions.",
            **named(table, odd, rows),
        )  # fmt: skip
    zero = (points == 0).all(axis=2)
    rows = np.flatnonzero((zero & table.labelled).any(axis=1))
    if len(rows):
        yield table.finding(
            "labelled at (0, 0)", "error",
            f"{int((zero & table.labelled).sum())} keypoints of {len(rows)} instances are marked as labelled and lie "
            "at (0, 0): training would draw them into the corner.",
            "Set their visibility to 0.",
            **named(table, zero & table.labelled, rows),
        )  # fmt: skip
    rows = np.flatnonzero((~zero & (marks == 0)).any(axis=1))
    if len(rows):
        yield table.finding(
            "unlabelled with a position", "note",
            f"{int((~zero & (marks == 0)).sum())} keypoints of {len(rows)} instances have a position and visibility 0; "
            "training does not use them.",
            "If these positions are good, set their visibility to 1 (hidden) or 2 (seen).",
            instances=rows,
        )  # fmt: skip
    yield from check_single_mark(table)


def check_single_mark(table: InstanceTable) -> Iterator[Finding]:
    """All labelled keypoints with the same mark."""
    used = table.points[..., 2][table.labelled]
    if len(used) and used.min() == used.max():
        yield table.finding(
            "one visibility", "note",
            f"All labelled keypoints have visibility {used[0]:g}: the file does not tell hidden from seen.",
            "Nothing, unless you train a head that predicts visibility.",
        )  # fmt: skip


def check_never_labelled(table: InstanceTable) -> Iterator[Finding]:
    """Keypoints that no instance has."""
    never = [name for name, count in zip(table.names, table.labelled.sum(axis=0), strict=True) if not count]
    if never and len(table.image):
        yield table.finding(
            "never labelled", "warning",
            f"{len(never)} of {len(table.names)} keypoints are never labelled: {', '.join(never[:10])}.",
            "Use a keypoint set without them, or give them no weight.",
        )  # fmt: skip
