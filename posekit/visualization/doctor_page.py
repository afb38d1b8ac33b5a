"""The data doctor's findings as a web page with pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from posekit.datasets.doctor.examination import Examination
from posekit.datasets.doctor.finding import SEVERITIES, Finding, Spot
from posekit.datasets.doctor.statistics import Statistics, box_sides
from posekit.datasets.doctor.table import Table
from posekit.datasets.transforms.load_image import read_image
from posekit.structures import InstanceData
from posekit.visualization import html_page as html
from posekit.visualization.draw import PoseStyle, draw_pose
from posekit.visualization.gallery import fit

CELL_PX = 240
PICTURES = 8
"""Of each finding; of each file there are so many examples, too."""

PLACES = 12
CONTEXT = 0.25
"""Of an instance's size is shown around it on every side."""

Pictured = tuple[np.ndarray, str]


def doctor_page(found: Examination) -> str:
    """Return the page of an examination."""
    counts = ", ".join(f"{found.count(name)} {name}s" for name in SEVERITIES)
    parts = [html.text(f"{len(found.tables)} annotation file{'s' * (len(found.tables) > 1)}: {counts}.")]
    parts.append(overview(found.statistics))
    parts.append(html.text("Findings", tag="h2"))
    parts += [finding_card(finding, found.tables) for finding in found.findings] or [html.text("None.")]
    for table, numbers in zip(found.tables, found.statistics, strict=True):
        parts += file_section(table, numbers)
    return html.page("Data check", parts)


def overview(statistics: Iterable[Statistics]) -> str:
    header = ("file", "images", "read", "annotations", "to train on", "keypoint set")
    rows = [(s.file, s.images, s.images_read, s.annotations, s.usable, s.keypoint_set) for s in statistics]
    return html.table(header, rows)


def finding_card(finding: Finding, tables: Sequence[Table]) -> str:
    """Return a finding with its first places and pictures of them."""
    head = f'<h3><b class="{finding.severity}">{finding.severity}</b> {html.escape(finding.kind)}</h3>'
    parts = [head, html.text(finding.file, style="dim"), html.text(finding.message), html.text(finding.remedy)]
    spots = (spot for place in finding.where for spot in place.spots[:2])
    shown = [html.picture(*drawn) for drawn in islice(pictures_of(spots, tables), PICTURES)]
    parts.append(html.side_by_side(shown))
    if finding.where:
        parts.append(html.listing(place.text for place in finding.where[:PLACES]))
    if finding.count > PLACES and finding.where:
        parts.append(html.text(f"… and {finding.count - PLACES} more", style="dim"))
    return html.card(parts, style=finding.severity)


def pictures_of(spots: Iterable[Spot], tables: Sequence[Table]) -> Iterator[Pictured]:
    """Yield drawn pictures, of files that can be read, with their captions."""
    by_file = {table.file: table for table in tables}
    for tried, spot in enumerate(spots):
        drawn = None if tried > 4 * PICTURES else draw_spot(by_file[spot.file], spot)
        if drawn is not None:
            yield drawn


def draw_spot(table: Table, spot: Spot) -> Pictured | None:
    """Draw an instance with its surroundings, or an image with all its instances; None if it cannot be read."""
    if table.scan is None:
        return None
    try:
        image = read_image(table.images.paths[spot.image])
    except (OSError, ValueError):  # a finding of its own
        return None
    assert image is not None
    rows = np.flatnonzero(table.image == spot.image)[:50] if spot.instance < 0 else np.array([spot.instance])
    window = (0, 0, image.shape[1], image.shape[0])
    name = table.images.infos[spot.image]["file_name"]
    if spot.instance >= 0:
        window = surroundings(table, spot.instance, image.shape)
        name = f"{name}, annotation {table.instances.numbers['id'][spot.instance]}"
    return draw_window(table, image, rows, window), name


def surroundings(table: Table, row: int, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return the part of a picture, x1, y1, x2, y2, that holds an instance; all of it if the instance is elsewhere."""
    points = table.points[row][table.labelled[row], :2]
    corners = np.concatenate([points, table.boxes[row].reshape(2, 2)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    margin = max(float((high - low).max()) * CONTEXT, 8)
    left, top = np.clip(low - margin, 0, [shape[1], shape[0]]).astype(int).tolist()
    right, bottom = np.clip(high + margin, 0, [shape[1], shape[0]]).astype(int).tolist()
    return (left, top, right, bottom) if right - left > 1 and bottom - top > 1 else (0, 0, shape[1], shape[0])


def draw_window(table: Table, image: np.ndarray, rows: np.ndarray, window: tuple[int, int, int, int]) -> np.ndarray:
    """Return part of a picture at the size of a cell with instances drawn on it."""
    left, top, right, bottom = window
    cut = fit(image[top:bottom, left:right], (CELL_PX, CELL_PX))
    factor = np.array([cut.shape[1] / (right - left), cut.shape[0] / (bottom - top)])
    corner = np.array([left, top])
    instances = InstanceData(
        keypoints=(table.points[rows, :, :2] - corner) * factor,
        keypoints_visible=table.labelled[rows].astype(float),
        bboxes=np.clip((table.boxes[rows].reshape(-1, 2, 2) - corner) * factor, -9999, 9999).reshape(-1, 4),
    )
    style = PoseStyle(thr=0.5, boxes=True)
    return draw_pose(np.ascontiguousarray(cut), instances, table.metainfo, style=style)


def file_section(table: Table, numbers: Statistics) -> list[str]:
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
    rows = rows[np.linspace(0, len(rows) - 1, min(PICTURES, len(rows))).round().astype(int)]
    spots = [table.spot(row) for row in rows.tolist()]
    return [*parts, html.side_by_side(html.picture(*drawn) for drawn in pictures_of(spots, [table]))]


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
