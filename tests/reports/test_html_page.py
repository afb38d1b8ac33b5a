from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from posekit.reports import html_page as html


def svg_of(text):
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", text)[0])  # pyright: ignore


def test_page_escapes_text_and_loads_nothing():
    whole = html.page("<b>", [html.text("a < b & c"), html.listing(["<i>"]), html.table(["<u>"], [["<s>", 1]])])
    assert not re.search(r"<(b|i|u|s)>", whole)
    assert not re.search(r"https?://|<script|<link", whole)
    assert whole.startswith("<!doctype html>")


def test_image_is_part_of_the_page():
    image = np.full((10, 20, 3), (30, 120, 200), np.uint8)
    tag = html.image(image, 'a "quoted" name')
    assert 'width="20" height="10"' in tag
    assert "a &quot;quoted&quot; name" in tag
    data = base64.b64decode(re.search(r"base64,([^\"]+)", tag)[1])  # pyright: ignore
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(decoded.astype(int) - image).max() < 6


def test_what_is_no_image_is_refused():
    with pytest.raises(ValueError, match="cannot draw on"):
        html.image(np.zeros((3, 3)))


def test_histogram_has_a_bar_for_each_count():
    drawn = svg_of(html.histogram(np.array([1, 1, 2, 5]), "counts"))
    titles = [bar[0].text for bar in drawn.iter("rect")]
    assert titles == ["0.5 to 1.5: 2", "1.5 to 2.5: 1", "2.5 to 3.5: 0", "3.5 to 4.5: 0", "4.5 to 5.5: 1"]
    assert [text.text for text in drawn.iter("text")] == ["1", "up to 2", "5"]


def test_histogram_is_cut_where_few_values_are():
    values = np.concatenate([np.linspace(0.1, 10.3, 999), [1e6]])
    drawn = svg_of(html.histogram(values, "sizes", bins=10))
    bars = list(drawn.iter("rect"))
    assert len(bars) == 10
    assert sum(int(bar[0].text.rpartition(" ")[2]) for bar in bars) == 1000
    assert float(list(drawn.iter("text"))[-1].text) < 11


@pytest.mark.parametrize("values", [[], [np.nan], [3.5], [3], [6.3e16], [1e38, -1e38], [-5]])
def test_histogram_of_next_to_nothing(values):
    assert "sizes" in html.histogram(np.array(values, float), "sizes")


def test_curves_skip_empty_rows_and_keep_peaks():
    rows = np.zeros((3, 100))
    rows[0, 50], rows[2, 10] = 1, 0.5
    drawn = svg_of(html.curves(rows, [(255, 0, 0), (0, 255, 0), (0, 0, 255)], "rows", size_wh=(99, 54)))
    lines = list(drawn.iter("polyline"))
    assert [line.get("stroke") for line in lines] == ["rgb(0,0,255)", "rgb(255,0,0)"]
    first = [tuple(map(float, point.split(","))) for point in lines[0].get("points").split()]
    assert min(first, key=lambda point: point[1]) == (50, 2)
    assert (first[0], first[-1]) == ((0, 52), (99, 52))
    assert len(first) < 10


def test_cards_and_folds():
    assert html.card([html.text("x")], style="error") == '<section class="card error"><p>x</p></section>'
    assert html.folded("more", ["<p>y</p>"]) == "<details><summary>more</summary><p>y</p></details>"
