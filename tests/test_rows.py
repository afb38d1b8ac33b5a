"""The check that every registered class has a row of tests."""

from __future__ import annotations

import pytest
from rows import check_rows

from posekit.registry import Registry


@pytest.fixture
def table() -> Registry:
    table = Registry("MODELS")
    table.index = {"ResNet": "posekit.models.backbones.resnet:ResNet", "FPN": "posekit.models.necks.fpn:FPN"}
    return table


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], r'1 without a contract test; add to cases\.py:\n    "ResNet": \(config, shape\),'),
        (["ResNet", "FPN"], r"cases\.py has rows for FPN, which posekit\.models\.backbones does not register"),
    ],
)
def test_says_which_line_to_add_or_to_remove(table: Registry, rows: list[str], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_rows(table, "posekit.models.backbones", rows, file="cases.py", row="(config, shape)")


def test_is_content_with_a_row_each(table: Registry) -> None:
    check_rows(table, "posekit.models.necks", ["FPN"], file="cases.py", row="{}")
