"""Reading annotation files that may be anything, and naming what is wrong with them."""

from __future__ import annotations

import logging
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

logger = logging.getLogger(__name__)

SHOWN = 8
KEPT = 1000
"""Number of problems of each kind whose place and text are kept; all are counted."""

ROWS_AT_ONCE = 1 << 14
INT64 = 2**63
INFINITE = 1e30
"""From here on a number counts as infinite: sums and differences of smaller ones fit into float32."""


class Problem(NamedTuple):
    """One entry that cannot be used; ``kind`` says what is wrong in one or two words."""

    where: str
    text: str
    kind: str


class Problems:
    """What is wrong with a file's entries: an error in evaluation, a warning in training."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.found: list[Problem] = []
        self.counts: Counter[str] = Counter()

    def add(self, where: str, text: str, kind: str = "annotation") -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= KEPT:
            self.found.append(Problem(where, text, kind))

    def report(self, *, strict: bool) -> None:
        """Name all problems at once.

        Raises:
            ValueError: if ``strict`` and there are any.
        """
        if not self.found:
            return
        count = self.counts.total()
        shown = [f"  {problem.where}: {problem.text}" for problem in self.found[:SHOWN]]
        shown += [f"  … and {count - SHOWN} more"] if count > SHOWN else []
        headline = f"{self.path}: {count} problem{'s' if count > 1 else ''} in the annotations"
        if strict:
            advice = "evaluation leaves nothing out: correct or remove these annotations"
            raise ValueError("\n".join([f"{headline}; {advice}", *shown]))
        logger.warning("%s; training leaves these annotations out\n%s", headline, "\n".join(shown))


def packer(keys: Sequence[str]) -> Callable[[dict[str, Any]], dict[str, Any]] | None:
    """Return a hook for ``read_json`` by which lists of numbers come as arrays, for a fraction of the memory.

    Args:
        keys: keys of annotations (dicts with an image_id), whose lists to pack.
    """

    def pack(item: dict[str, Any]) -> dict[str, Any]:
        for key in keys if "image_id" in item else ():
            value = item.get(key)
            try:
                if type(value) is list and set(map(type, value)) <= {int, float}:
                    item[key] = array("d", value)
            except OverflowError:
                pass  # the reader names the number that is too big
        return item

    return pack if keys else None


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -INT64 <= value < INT64


def number_rows(lists: Sequence[Any], width: int, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    """Turn lists, or arrays, of ``width`` numbers into an array.

    Returns:
        The numbers (N, width) and which rows are lists of ``width`` finite numbers (N,); others are 0.
    """
    values, good = np.zeros((len(lists), width), dtype), np.zeros(len(lists), bool)
    for start in range(0, len(lists), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        flat = _all_numbers(lists[rows], width)
        if flat is not None:
            good[rows] = (np.abs(flat) < INFINITE).all(axis=1)
            values[rows] = np.where(good[rows, None], flat, 0)
            continue
        for index, row in enumerate(lists[rows], start):
            if number_row_problem(row, width) is None:
                values[index], good[index] = row, True
    return values, good


def _all_numbers(lists: Sequence[Any], width: int) -> np.ndarray | None:
    """Return lists of ``width`` numbers as an array (N, width) float64; None if they are not all such."""
    kinds = set(map(type, lists))
    if not kinds <= {list, tuple, array} or not set(map(len, lists)) <= {width}:
        return None
    if kinds == {array}:
        return np.frombuffer(b"".join(lists)).reshape(len(lists), width)
    if not set(map(type, chain.from_iterable(lists))) <= {int, float}:
        return None
    try:
        return np.fromiter(chain.from_iterable(lists), np.float64, len(lists) * width).reshape(len(lists), width)
    except OverflowError:
        return None


def whole_numbers(values: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Turn values into an array.

    Returns:
        Whole numbers (N,) int64 and which of the values are such (N,); others are 0.
    """
    try:
        if set(map(type, values)) <= {int}:
            return np.array(values, np.int64), np.ones(len(values), bool)
    except OverflowError:
        pass  # some number is too big: look at each
    good = np.array([is_id(value) for value in values], bool)
    return np.array([value if is_id(value) else 0 for value in values], np.int64), good


def number_row_problem(row: Any, width: int) -> str | None:
    """Say what keeps ``row`` from being a list of ``width`` finite numbers."""
    if not isinstance(row, (list, tuple, array)):
        return f"found {_short(row)} where {width} numbers belong"
    if len(row) != width:
        return f"{len(row)} numbers where {width} belong"
    wrong = [] if isinstance(row, array) else [value for value in row if not is_number(value)]
    if wrong:
        return f"found {_short(wrong[0])} among the {width} numbers"
    if any(abs(value) >= INFINITE or value != value for value in row):
        return "a number is NaN or infinite"
    return None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def dicts_under(data: Any, key: str, path: str) -> list[dict[str, Any]]:
    """Return ``data[key]``, a list of dicts.

    Raises:
        ValueError: if it is anything else.
    """
    if not isinstance(data, dict):
        raise ValueError(
            f"{path}: a COCO annotation file is a dict with images and annotations, found {type(data).__name__}"
        )
    if not isinstance(data.get(key), list):
        kind = type(data[key]).__name__ if key in data else f"only {_keys(data)}"
        raise ValueError(f"{path}: '{key}' must be a list of dicts, found {kind}")
    wrong = next((i for i, item in enumerate(data[key]) if not isinstance(item, dict)), None)
    if wrong is not None:
        raise ValueError(f"{path}: {key}[{wrong}] must be a dict, found {_short(data[key][wrong])}")
    return data[key]


def _keys(data: Iterable[Any]) -> str:
    return ", ".join(repr(key) for key in list(data)[:6]) or "an empty dict"
