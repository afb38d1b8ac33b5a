from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from posekit.reports.charts import bar_chart, line_chart


def drawing(section: str) -> ElementTree.Element:
    """Parse the SVG of a section; ElementTree raises where it is not well-formed."""
    return ElementTree.fromstring(section[section.index("<svg") :])


def test_lines_leave_out_what_is_unknown():
    chart = drawing(line_chart("C", {"m<1>": {"a": np.array([1.0, 0.5, -1])}, "n": {"a": np.ones(3)}}, ("x", "y")))
    lines = chart.findall("polyline")
    assert len(lines) == 2
    assert [len(line.attrib["points"].split()) for line in lines] == [2, 3]
    assert lines[0].attrib["style"] != lines[1].attrib["style"]


def widths(chart: ElementTree.Element) -> list[float]:
    bars = [bar for bar in chart.findall("rect") if float(bar.attrib["height"]) > 12]
    return [float(bar.attrib["width"]) for bar in bars]


def test_bars_are_as_long_as_their_values():
    a, b, c = widths(drawing(bar_chart("B", {"x": {"p": 1.0}, "y": {"p": 0.5}, "z": {"p": float("nan")}})))
    assert (b, c) == (pytest.approx(a / 2), 0)


def test_stacked_bars_follow_one_another():
    chart = drawing(bar_chart("B", {"x": {"p": 0.25, "q": 0.75}}, stacked=True))
    bars = [bar for bar in chart.findall("rect") if float(bar.attrib["height"]) > 12]
    first, second = (float(bar.attrib["x"]) for bar in bars)
    assert second == pytest.approx(first + float(bars[0].attrib["width"]), abs=0.11)


def test_bars_of_nothing():
    assert widths(drawing(bar_chart("B", {"x": {"p": 0.0}}))) == [0]
