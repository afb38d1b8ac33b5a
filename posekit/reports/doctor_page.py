"""The data doctor's findings as a web page with images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import PurePath

import numpy as np

from posekit.labels.doctor.examination import Examination
from posekit.labels.doctor.finding import Finding, FindingPlace, Spot
from posekit.labels.doctor.statistics import Statistics, box_sides
from posekit.labels.doctor.table import InstanceTable
from posekit.media.image_file import read_image
from posekit.reports import html_page as html
from posekit.reports.gallery import fit
from posekit.structures import InstanceData
from posekit.visualization.draw import PoseStyle, draw_pose

CELL_PX = 240
IMAGES = 8
"""Number of places shown of each finding, and of examples of each file."""

TRIED = 4 * IMAGES
"""Number of places whose files are opened, because some may be missing."""

PLACES = 12
CONTEXT = 0.25
"""Of an instance's size is shown around it on every side."""

OVERHANG = 0.25
"""Of an image's size is shown of what lies outside of it, in grey."""

GREY = (128, 128, 128)


def doctor_page(examination: Examination) -> str:
    """Return the page of an examination."""
    count = len(examination.tables)
    parts = [html.text(f"{count} annotation file{'s' * (count > 1)}: {examination.counts()}.")]
    parts.append(overview(examination.statistics))
    parts.append(html.text("Findings", tag="h2"))
    parts += contents(examination)
    cards = [finding_card(each, examination.tables, anchor(i)) for i, each in enumerate(examination.findings)]
    parts += cards or [html.text("None.")]
    for table, numbers in zip(examination.tables, examination.statistics, strict=True):
        parts += file_section(table, numbers)
    return html.page("Data check", parts)


def overview(statistics: Iterable[Statistics]) -> str:
    header = ("file", "images", "read", "annotations", "to train on", "keypoint set")
    rows = [(s.file, s.images, s.images_read, s.annotations, s.usable, s.keypoint_set) for s in statistics]
    return html.table(header, rows)


def contents(examination: Examination) -> list[str]:
    """Return a line for each finding that leads to it, with its file where there are several."""
    files = [
        f' <span class="dim">{html.escape(finding.file)}</span>' if len(examination.tables) > 1 else ""
        for finding in examination.findings
    ]
    return [html.link(anchor(i), title(finding) + files[i]) for i, finding in enumerate(examination.findings)]


def anchor(number: int) -> str:
    return f"finding-{number + 1}"


def title(finding: Finding) -> str:
    """Return the HTML of a finding's severity and kind, with how many places it has."""
    count = f" ({finding.count:,})" if finding.count else ""
    return f'<b class="{finding.severity}">{finding.severity}</b> {html.escape(finding.kind)}{count}'


def finding_card(finding: Finding, tables: Sequence[InstanceTable], anchor: str) -> str:
    """Return a finding with images of its first places, and these in words."""
    parts = [f"<h3>{title(finding)}</h3>", html.text(finding.file, style="dim")]
    parts += [html.text(finding.message), html.text(finding.remedy)]
    shown = list(islice(figures_of(finding.where[:TRIED], tables), IMAGES))
    listed = [html.listing(place.text for place in finding.where[:PLACES])] if finding.where else []
    if listed and finding.count > PLACES:
        listed.append(html.text(f"… and {finding.count - PLACES:,} more", style="dim"))
    parts += [html.side_by_side(shown), html.folded("Places", listed)] if shown and listed else listed
    return html.card(parts, style=finding.severity, anchor=anchor)


def figures_of(places: Iterable[FindingPlace], tables: Sequence[InstanceTable]) -> Iterator[str]:
    """Yield the images of each place, side by side if it has several; nothing of files that cannot be read."""
    by_file = {table.file: table for table in tables}
    for place in places:
        drawn = [(draw_spot(by_file[spot.file], spot), spot) for spot in place.spots]
        figures = [
            html.image(image, caption(place, spot, by_file[spot.file], named=len(tables) > 1))
            for image, spot in drawn
            if image is not None
        ]
        if figures:
            yield figures[0] if len(figures) == 1 else html.side_by_side(figures)


def caption(place: FindingPlace, spot: Spot, table: InstanceTable, *, named: bool) -> str:
    """Return the name of an image's file, with that of the annotation file if asked for, and a place in it."""
    name = PurePath(table.images.infos[spot.image]["file_name"]).name
    source = f"{table.source.name}: " if named else ""
    return f"{source}{name}{f': {place.text}' if spot.instance >= 0 else ''}"


def draw_spot(table: InstanceTable, spot: Spot) -> np.ndarray | None:
    """Draw an instance with its surroundings, or an image with all its instances; None if it cannot be read."""
    if table.scan is None:
        return None
    try:
        image = read_image(table.images.paths[spot.image])
    except (OSError, ValueError):  # a finding of its own
        return None
    assert image is not None
    if spot.instance < 0:
        rows = np.flatnonzero(table.image == spot.image)[:50]
        return draw_window(table, image, rows, (0, 0, image.shape[1], image.shape[0]))
    return draw_window(table, image, np.array([spot.instance]), surroundings(table, spot.instance, image.shape))


def surroundings(table: InstanceTable, row: int, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return the window, x1, y1, x2, y2, that holds an instance; the whole image if the instance is elsewhere."""
    points = table.points[row][table.labelled[row], :2]
    corners = np.concatenate([points, table.boxes[row].reshape(2, 2)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    margin = max(float((high - low).max()) * CONTEXT, 8)
    size = np.array([shape[1], shape[0]])
    if (np.minimum(high + margin, size) - np.maximum(low - margin, 0) <= 1).any():
        return 0, 0, shape[1], shape[0]
    least = np.where(low < -1, np.maximum(low - 8, -size * OVERHANG), 0)
    most = np.where(high > size, np.minimum(high + 8, size * (1 + OVERHANG)), size)
    left, top = np.maximum(low - margin, least).astype(int).tolist()
    right, bottom = np.minimum(high + margin, most).astype(int).tolist()
    return left, top, right, bottom


def draw_window(
    table: InstanceTable, image: np.ndarray, rows: np.ndarray, window: tuple[int, int, int, int]
) -> np.ndarray:
    """Return part of an image at the size of a cell with instances drawn on it."""
    left, top, right, bottom = window
    cut = fit(cut_out(image, window), (CELL_PX, CELL_PX))
    factor = np.array([cut.shape[1] / (right - left), cut.shape[0] / (bottom - top)])
    corner = np.array([left, top])
    instances = InstanceData(
        keypoints=(table.points[rows, :, :2] - corner) * factor,
        keypoints_visible=table.labelled[rows].astype(float),
        bboxes=np.clip((table.boxes[rows].reshape(-1, 2, 2) - corner) * factor, -9999, 9999).reshape(-1, 4),
    )
    style = PoseStyle(thr=0.5, boxes=True)
    return draw_pose(np.ascontiguousarray(cut), instances, table.metainfo, style=style)


def cut_out(image: np.ndarray, window: tuple[int, int, int, int]) -> np.ndarray:
    """Return part of an image, grey where the window reaches outside of it."""
    import cv2

    left, top, right, bottom = window
    height, width = image.shape[:2]
    inside = image[max(top, 0) : bottom, max(left, 0) : right]
    beyond = max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0)
    return cv2.copyMakeBorder(inside, *beyond, cv2.BORDER_CONSTANT, value=GREY) if any(beyond) else inside


def file_section(table: InstanceTable, numbers: Statistics) -> list[str]:
    """Return the numbers of a file as tables and histograms, and a few examples."""
    usable = table.instances.usable()
    per_image = np.bincount(table.image[usable], minlength=len(table.images.ids))
    parts = [html.text(numbers.name, tag="h2"), html.text(numbers.file, style="dim")]
    parts.append(html.table(("category", "annotations"), list(numbers.categories.items())[:20]))
    parts.append(
        html.side_by_side(
            [
                html.histogram(box_sides(table), "longer side of the boxes, px"),
                html.histogram(table.labelled[usable].sum(axis=1), "labelled keypoints per instance"),
                html.histogram(per_image, "instances per image"),
                html.histogram(table.images.size_wh.max(axis=1), "longer side of the images, px"),
            ]
        )
    )
    parts.append(html.folded("Keypoints", [keypoint_table(numbers)]))
    rows = np.flatnonzero(usable)
    rows = rows[np.linspace(0, len(rows) - 1, min(IMAGES, len(rows))).round().astype(int)]
    places = [FindingPlace(table.instances.where(row), (table.spot(row),)) for row in rows.tolist()]
    return [*parts, html.side_by_side(figures_of(places, [table]))]


def keypoint_table(numbers: Statistics) -> str:
    header = ("keypoint", "labelled", "of instances", "seen (v = 2)", "sigma", "sigma of repeated labels")
    rows = [
        (
            point.name,
            point.labelled,
            f"{point.labelled / max(numbers.instances, 1):.0%}",
            f"{point.seen / max(point.labelled, 1):.0%}",
            "" if point.sigma is None else f"{point.sigma:.3f}",
            "" if point.estimated_sigma is None else f"{point.estimated_sigma:.3f}",
        )
        for point in numbers.keypoints
    ]
    return html.table(header, rows)
