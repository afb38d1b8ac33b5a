"""Charts for pages of ``html_page``, as drawings (SVG) with a heading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from posekit.reports import html_page as html

COLORS = ("#2a6fb0", "#d9772b", "#3d9a57", "#8f5bb5", "#b33a3a", "#777777")
DASHES = ("", "7 4", "2 3")
WIDTH, HEIGHT, MARGIN = 640, 340, 44
LABELS, BAR = 150, 16
"""Pixels for the names beside bars, and of a bar with the gap after it."""


def line_chart(title: str, curves: Mapping[str, Mapping[str, np.ndarray]], axes: tuple[str, str]) -> str:
    """Draw curves over 0 ... 1, both axes; those of one group share a colour.

    Args:
        title: heading.
        curves: values at equal steps by group and name; negative ones are left out.
        axes: what x and y are.
    """
    right, top, bottom = WIDTH - MARGIN, MARGIN / 2, HEIGHT - MARGIN
    parts = grid(right, top, bottom, axes)
    lines = [
        (color, dash, f"{group}, {name}", np.asarray(values))
        for color, (group, named) in zip(COLORS, curves.items(), strict=False)
        for dash, (name, values) in zip(DASHES, named.items(), strict=False)
    ]
    for row, (color, dash, label, values) in enumerate(lines):
        x, y = np.linspace(MARGIN, right, len(values)), bottom - values * (bottom - top)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in np.column_stack([x, y])[values >= 0])
        stroke = f'style="stroke: {color}; stroke-width: 2; stroke-dasharray: {dash or "none"}; fill: none"'
        level = bottom - 16 * (len(lines) - row)
        parts.append(f'<polyline points="{points}" {stroke}/><path d="M{MARGIN + 12} {level - 4}h28" {stroke}/>')
        parts.append(text(MARGIN + 46, level, label))
    return html.text(title, tag="h2") + svg(HEIGHT, parts)


def grid(right: float, top: float, bottom: float, axes: tuple[str, str]) -> list[str]:
    """Return lines and labels of two axes from 0 to 1."""
    parts = [text((MARGIN + right) / 2, HEIGHT - 8, axes[0], "middle"), text(4, top - 8, axes[1])]
    for value in (0, 0.25, 0.5, 0.75, 1):
        x, y = MARGIN + value * (right - MARGIN), bottom - value * (bottom - top)
        parts.append(f'<path d="M{MARGIN} {y:.1f}H{right}M{x:.1f} {top}V{bottom}" style="stroke: var(--rule)"/>')
        parts += [text(x, bottom + 16, f"{value:g}", "middle"), text(MARGIN - 6, y + 4, f"{value:g}", "end")]
    return parts


def bar_chart(title: str, rows: Mapping[str, Mapping[str, float]], *, stacked: bool = False) -> str:
    """Draw rows of bars, a colour for each name.

    Args:
        title: heading.
        rows: values >= 0 by row and name; NaN and negative ones have no length.
        stacked: put a row's bars one after the other rather than below one another.
    """
    names = list(dict.fromkeys(name for values in rows.values() for name in values))
    values = np.array([[values.get(name, 0.0) for name in names] for values in rows.values()])
    values = np.maximum(np.nan_to_num(values), 0)
    longest = max(float((values.sum(1) if stacked else values).max(initial=0)), 1e-9)
    lengths = values / longest * (WIDTH - LABELS - 60)
    shift_x = np.cumsum(lengths, 1) - lengths if stacked else np.zeros_like(lengths)
    step = BAR * (1 if stacked else len(names)) + 8
    parts = legend(names)
    for r, label in enumerate(rows):
        y = 28 + r * step
        parts.append(text(LABELS - 8, y + (step - 8) / 2 + 4, label, "end"))
        for n, color in zip(range(len(names)), COLORS, strict=False):
            x, top = LABELS + shift_x[r, n], y + (0 if stacked else n * BAR)
            parts.append(rect(x, top, lengths[r, n], BAR - 2, color))
            if not stacked:
                parts.append(text(x + lengths[r, n] + 6, top + 12, f"{values[r, n]:.3f}"))
    return html.text(title, tag="h2") + svg(32 + len(rows) * step, parts)


def legend(names: Sequence[str]) -> list[str]:
    """Return a line that tells which colour is which."""
    parts = []
    for n, (name, color) in enumerate(zip(names, COLORS, strict=False)):
        x = LABELS + n * (WIDTH - LABELS) / len(names)
        parts += [rect(x, 4, 12, 12, color), text(x + 17, 14, name)]
    return parts


def rect(x: float, y: float, width: float, height: float, color: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" style="fill: {color}"/>'


def svg(height: float, parts: Sequence[str]) -> str:
    return f'<svg width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">' + "".join(parts) + "</svg>"


def text(x: float, y: float, content: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(content)}</text>'
