"""Reading annotation files that may be anything, and naming what is wrong with them."""

from __future__ import annotations

import gc
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

logger = logging.getLogger(__name__)

SHOWN = 8
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

    def add(self, where: str, text: str, kind: str = "annotation") -> None:
        self.found.append(Problem(where, text, kind))

    def report(self, *, strict: bool) -> None:
        """Name all problems at once.

        Raises:
            ValueError: if ``strict`` and there are any.
        """
        if not self.found:
            return
        count = len(self.found)
        shown = [f"  {problem.where}: {problem.text}" for problem in self.found[:SHOWN]]
        shown += [f"  … and {count - SHOWN} more"] if count > SHOWN else []
        found = f"{self.path}: {count} problem{'s' if count > 1 else ''} in the annotations"
        if strict:
            advice = "evaluation leaves nothing out: correct or remove these annotations"
            raise ValueError("\n".join([f"{found}; {advice}", *shown]))
        logger.warning("%s; training leaves these annotations out\n%s", found, "\n".join(shown))


def read_json(path: str, kind: str = "annotation file") -> Any:
    """Parse a JSON file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not JSON; the message names line and column.
    """
    if not path:
        raise FileNotFoundError(f"no {kind} given; set ann_file (relative to data_root)")
    if not Path(path).is_file():
        what = "a folder" if Path(path).is_dir() else "not there"
        raise FileNotFoundError(
            f"{kind} '{path}' is {what}, seen from {Path.cwd()}; check data_root and the file's name"
        )
    try:
        with paused_gc():
            return json.loads(Path(path).read_bytes())
    except json.JSONDecodeError as error:
        size = Path(path).stat().st_size
        raise ValueError(
            f"{kind} '{path}' is no valid JSON: {error.msg} at line {error.lineno}, column {error.colno} "
            f"(character {error.pos} of {size} bytes); it may be truncated: write or download it again"
        ) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{kind} '{path}' is no valid JSON: {error}; write or download it again") from error


@contextmanager
def paused_gc() -> Iterator[None]:
    """Look for no garbage while millions of objects are made that are none; it would take a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -INT64 <= value < INT64


def number_rows(lists: Sequence[Any], width: int) -> tuple[np.ndarray, np.ndarray]:
    """Turn lists of ``width`` numbers into an array.

    Returns:
        The numbers (N, width) float64 and which rows are lists of ``width`` finite numbers (N,); others are 0.
    """
    try:
        fits = set(map(len, lists)) <= {width} and set(map(type, lists)) <= {list, tuple}
        fits = fits and set(map(type, chain.from_iterable(lists))) <= {int, float}
        if fits:
            flat = np.fromiter(chain.from_iterable(lists), np.float64, len(lists) * width)
            values = flat.reshape(len(lists), width)
            good = _finite(values)
            return np.where(good[:, None], values, 0) if not good.all() else values, good
    except (TypeError, OverflowError):
        pass  # some row is no list, or some number too big: look at each
    good = np.array([number_row_problem(row, width) is None for row in lists], bool)
    values = np.zeros((len(lists), width))
    if good.any():
        values[good] = np.array([row for row, fine in zip(lists, good, strict=True) if fine], np.float64)
    return values, good


def number_row_problem(row: Any, width: int) -> str | None:
    """Say what keeps ``row`` from being a list of ``width`` finite numbers."""
    if not isinstance(row, (list, tuple)):
        return f"found {_short(row)} where {width} numbers belong"
    if len(row) != width:
        return f"{len(row)} numbers where {width} belong"
    wrong = [value for value in row if not is_number(value)]
    if wrong:
        return f"found {_short(wrong[0])} among the {width} numbers"
    if any(abs(value) >= INFINITE or value != value for value in row):
        return "a number is NaN or infinite"
    return None


def _finite(values: np.ndarray) -> np.ndarray:
    return np.asarray((np.abs(values) < INFINITE).all(axis=1))


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
        found = type(data[key]).__name__ if key in data else f"only {_keys(data)}"
        raise ValueError(f"{path}: '{key}' must be a list of dicts, found {found}")
    wrong = next((i for i, item in enumerate(data[key]) if not isinstance(item, dict)), None)
    if wrong is not None:
        raise ValueError(f"{path}: {key}[{wrong}] must be a dict, found {_short(data[key][wrong])}")
    return data[key]


def _keys(data: Iterable[Any]) -> str:
    return ", ".join(repr(key) for key in list(data)[:6]) or "an empty dict"
