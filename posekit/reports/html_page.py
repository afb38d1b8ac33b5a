"""Web pages in one file: images and curves are part of the text, and nothing is loaded from elsewhere.

Every function returns HTML; what is given as text is escaped, what is called ``html`` is not.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from posekit.visualization.draw import Color

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --dim: #63696f; --paper: #fbfaf8; --card: #fff; --rule: #dcd8d2;
  --bar: #4a78b5; --error: #b3261e; --warning: #8a5a00; --note: #2b5f9e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e4e1; --dim: #9da3a9; --paper: #17181a; --card: #1f2123;
  --rule: #383b3f; --bar: #7ba6dd; --error: #ff8a80; --warning: #ffca66; --note: #8ebcf2; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 76rem;
  margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; } h3 { font-size: 1rem; margin: 0 0 .3rem; }
p { margin: .3rem 0; max-width: 60rem; } .dim, figcaption, ul.places { color: var(--dim); font-size: .85rem; }
.card { background: var(--card); border: 1px solid var(--rule); border-left: 4px solid var(--rule); border-radius: 6px;
  padding: .8rem 1rem; margin: .8rem 0; }
.error { border-left-color: var(--error); } .warning { border-left-color: var(--warning); }
.note { border-left-color: var(--note); } b.error { color: var(--error); } b.warning { color: var(--warning); }
b.note { color: var(--note); }
a { color: inherit; text-decoration: none; } a:hover { text-decoration: underline; }
.images .images { margin: 0; padding-left: .6rem; border-left: 3px solid var(--rule); }
.images { display: flex; flex-wrap: wrap; gap: .7rem; margin: .6rem 0; align-items: flex-start; }
figure { margin: 0; } figure img, figure svg { display: block; max-width: 100%; border-radius: 4px; }
figcaption { max-width: 17rem; overflow-wrap: anywhere; } ul.places { margin: .3rem 0; padding-left: 1.2rem; }
table { border-collapse: collapse; margin: .6rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .15rem .7rem; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; padding-left: 0; } summary { cursor: pointer; }
svg text { fill: var(--dim); font: 11px system-ui, sans-serif; } svg rect { fill: var(--bar); }
svg line { stroke: var(--rule); } svg polyline { fill: none; stroke-width: 1.3; }
"""

JPEG_QUALITY = 82


def page(title: str, html: Iterable[str]) -> str:
    """Return a whole page."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<title>{escape(title)}</title><style>{STYLE}</style></head>\n'
        f"<body><h1>{escape(title)}</h1>\n" + "\n".join(html) + "\n</body></html>\n"
    )


def text(content: str, *, tag: str = "p", style: str = "") -> str:
    """Return a paragraph or another element of text."""
    return f'<{tag} class="{style}">{escape(content)}</{tag}>' if style else f"<{tag}>{escape(content)}</{tag}>"


def card(html: Iterable[str], *, style: str = "", anchor: str = "") -> str:
    """Return a box around parts, to which ``link(anchor, ...)`` leads; ``style`` is error, warning, note or nothing."""
    place = f' id="{escape(anchor)}"' if anchor else ""
    return f'<section class="card {style}"{place}>' + "\n".join(html) + "</section>"


def link(anchor: str, html: str) -> str:
    """Return a line that leads to a card of the page."""
    return f'<p><a href="#{escape(anchor)}">{html}</a></p>'


def image(image: np.ndarray, caption: str = "") -> str:
    """Return a (H, W, 3) uint8 BGR image as an embedded JPEG."""
    import cv2

    from posekit.visualization.draw import check_image

    check_image(image)
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    source = base64.b64encode(data.tobytes()).decode()
    size = f'width="{image.shape[1]}" height="{image.shape[0]}"'
    return figure(f'<img {size} src="data:image/jpeg;base64,{source}" alt="{escape(caption)}">', caption)


def figure(html: str, caption: str = "") -> str:
    """Return something with a caption."""
    return f"<figure>{html}{text(caption, tag='figcaption') if caption else ''}</figure>"


def side_by_side(html: Iterable[str]) -> str:
    """Return figures in a row that wraps."""
    return '<div class="images">' + "".join(html) + "</div>"


def listing(items: Iterable[str]) -> str:
    """Return a list of texts."""
    return '<ul class="places">' + "".join(text(item, tag="li") for item in items) + "</ul>"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; its first column is text, the others are numbers."""
    head = "".join(text(name, tag="th") for name in header)
    body = "".join("<tr>" + "".join(text(str(cell), tag="td") for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def folded(summary: str, html: Iterable[str]) -> str:
    """Return parts that are shown on a click."""
    return f"<details>{text(summary, tag='summary')}" + "\n".join(html) + "</details>"


def histogram(values: np.ndarray, caption: str, *, bins: int = 24, size_wh: tuple[int, int] = (270, 110)) -> str:
    """Return a histogram of numbers as a drawing (SVG), cut at the 99.5th percentile; its last bar holds the rest."""
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return figure("", f"{caption}: nothing")
    low, high = float(values.min()), float(np.percentile(values, 99.5))
    size = max(abs(low), 1.0)
    half, span = 0.0, (low, high if high - low > 1e-9 * size else low + size)
    if (values == np.round(values)).all() and high - low < 2 * bins and size < 1e9:  # counts: a bar for each
        half, bins = 0.5, int(np.ceil(high) - low + 1)
        span = (low - half, low + bins - half)
    counts, edges = np.histogram(np.minimum(values, high), bins, span)
    return figure(bars(counts.tolist(), edges, (edges[0] + half, edges[-1] - half), size_wh), caption)


def bars(counts: list[int], edges: np.ndarray, ends: tuple[float, float], size_wh: tuple[int, int]) -> str:
    """Return the drawing (SVG) of a histogram, with the numbers at both ends of its axis and the highest count."""
    (width, height), top = size_wh, 14
    step, unit = width / len(counts), height / max(counts)
    drawn = "".join(
        f'<rect x="{place * step:.1f}" y="{top + height - count * unit:.1f}" width="{step - 1:.1f}" '
        f'height="{count * unit:.1f}"><title>{edges[place]:.4g} to {edges[place + 1]:.4g}: {count}</title></rect>'
        for place, count in enumerate(counts)
    )
    base = top + height
    return (
        f'<svg width="{width}" height="{base + 16}">{drawn}<line x1="0" x2="{width}" y1="{base}" y2="{base}"/>'
        f'<text x="0" y="{base + 13}">{ends[0]:.4g}</text><text x="0" y="10">up to {max(counts)}</text>'
        f'<text x="{width}" y="{base + 13}" text-anchor="end">{ends[1]:.4g}</text></svg>'
    )


def curves(rows: np.ndarray, colors: Sequence[Color], caption: str, *, size_wh: tuple[int, int] = (300, 80)) -> str:
    """Return rows of numbers (K, W) as curves over a common axis, each in its B, G, R colour."""
    rows = np.asarray(rows, np.float64)
    width, height = size_wh
    low, high = min(float(rows.min(initial=0)), 0.0), float(rows.max(initial=1e-9))
    across = np.linspace(0, width, rows.shape[1])
    down = 2 + (height - 4) * (1 - (rows - low) / max(high - low, 1e-9))
    lines = "".join(
        f'<polyline stroke="rgb({red},{green},{blue})" points="{points(across, curve)}"/>'
        for curve, (blue, green, red), row in zip(down, colors, rows, strict=True)
        if row.any()
    )
    frame = f'<line x1="0" x2="{width}" y1="{height}" y2="{height}"/>'
    return figure(f'<svg width="{width}" height="{height + 2}">{frame}{lines}</svg>', caption)


def points(across: np.ndarray, down: np.ndarray) -> str:
    """Return a polyline's points, without those amid others of the same height."""
    changes = np.ones(len(down), bool)
    changes[1:-1] = (down[1:-1] != down[:-2]) | (down[1:-1] != down[2:])
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across[changes], down[changes], strict=True))
