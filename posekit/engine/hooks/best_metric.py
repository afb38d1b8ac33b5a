"""Which of two values of a metric is the better one."""

from __future__ import annotations

import math
import re

GREATER = (
    "acc", "accuracy", "top", "ar", "recall", "auc", "precision", "ap", "map", "pck", "pckh", "tpck", "oks", "dice",
    "mdice", "iou", "miou",
)  # fmt: skip
LESS = ("loss", "losses", "epe", "nme", "mpjpe", "mrrpe", "error", "errors", "mse", "mae")
WORD = re.compile(r"[A-Za-z0-9]+")
PIECE = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")
"""Parts of names written in one word, such as HandednessAcc."""


def rule_for(metric: str, rule: str | None = None) -> str:
    """Return ``greater`` or ``less``: the rule given, else the one that the metric's name suggests.

    Raises:
        ValueError: if the rule is neither, or the name suggests none.
    """
    if rule is not None:
        if rule not in ("greater", "less"):
            raise ValueError(f"rule for '{metric}' is {rule!r}; allowed are 'greater' and 'less'")
        return rule
    for word in reversed(words_of(metric)):  # the last word says what it is: AP_error is an error
        if word in LESS or word in GREATER:
            return "less" if word in LESS else "greater"
    raise ValueError(f"cannot tell from its name whether a greater '{metric}' is better; add rule='greater' or 'less'")


def words_of(metric: str) -> list[str]:
    """Return the words of a metric's name in lower case, without numbers behind them: ``coco/AP50`` is coco, ap."""
    words = [part for word in WORD.findall(metric) for part in (word, *PIECE.findall(word))]
    return [word.lower().rstrip("0123456789") for word in words]


def better(metric: float, than: float, rule: str) -> bool:
    """Return whether a value beats another; NaN beats nothing, and any number beats NaN."""
    if math.isnan(metric) or math.isnan(than):
        return not math.isnan(metric)
    return metric > than if rule == "greater" else metric < than
