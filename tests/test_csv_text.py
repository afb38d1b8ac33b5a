from __future__ import annotations

import pytest

from posekit.csv_text import csv_text, harmless, without_mark


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "'=1", "＝1"])
def test_formulas_are_neutralised(text):
    assert harmless(text) == f"'{text}"
    assert harmless("a" + text) == "a" + text
    assert without_mark(harmless(text)) == text


def test_numbers_stay_numbers_and_nothing_stays_empty():
    assert csv_text([["-a", -1, -0.5, None]]) == "'-a,-1,-0.5,\n"
