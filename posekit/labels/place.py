"""Reading values out of files that may hold anything, with errors that say where."""

from __future__ import annotations

import json
import math
import reprlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posekit.datasets.readers.annotation_file import packer
from posekit.files import read_json, read_json_text
from posekit.keypoints.skeleton import MAX_KEYPOINTS

MOST = 1e12
"""Numbers beyond are a mistake in any file."""

ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False)


@dataclass(frozen=True)
class Place:
    """A place in a file; its methods return a value of the expected kind or raise an error that names the place."""

    path: Path
    where: str = ""

    def at(self, where: str) -> Place:
        """Return a place within this one."""
        return Place(self.path, f"{self.where}{'' if where.startswith('[') or not self.where else ', '}{where}")

    def wrong(self, found: Any, expected: str, advice: str = "correct or remove it") -> ValueError:
        """Return the error for a value that is not as expected."""
        shown = found if isinstance(found, FoundText) else reprlib.repr(found)
        return ValueError(f"{self}: found {shown}, expected {expected}; {advice}")

    def dict(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.wrong(value, "an object with keys")
        return value

    def list(self, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.wrong(value, "a list")
        return value

    def text(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(value, "a text")
        if "\0" in value:
            raise self.wrong(value, "a text without NUL characters")
        return value

    def whole(self, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
            raise self.wrong(value, "a whole number")
        return value

    def number(self, value: Any) -> float:
        """Return a finite number; texts such as ``"3.5"`` are numbers too, as XML and CSV have no others."""
        try:
            if isinstance(value, (int, float, str)) and not isinstance(value, bool):
                number = float(value)
                if math.isfinite(number) and abs(number) < MOST:
                    return number
        except (ValueError, OverflowError):
            pass
        raise self.wrong(value, "a number")

    def numbers(self, value: Any, count: int | None = None) -> list[float]:
        """Return a list of ``count`` finite numbers."""
        values = value if isinstance(value, array) else self.list(value)
        if count is not None and len(values) != count:
            raise self.wrong(FoundText(f"{len(values)} numbers"), str(count))
        return list(map(float, values)) if _all_numbers(values) else [self.number(item) for item in values]

    def get(self, value: Any, key: str) -> Any:
        """Return ``value[key]``; a missing key is an error."""
        if key not in self.dict(value):
            keys = ", ".join(map(repr, list(value)[:6])) or "no keys at all"
            raise self.wrong(FoundText(f"only {keys}"), f"the key '{key}'", "add it")
        return value[key]

    def names(self, value: Any) -> tuple[str, ...]:
        """Return a list of distinct texts, as many as posekit takes for keypoints."""
        items = self.list(value)
        if len(items) > MAX_KEYPOINTS:
            raise self.wrong(FoundText(f"{len(items):,} names"), f"at most {MAX_KEYPOINTS:,}", "is it such a file?")
        names = tuple(self.text(item) for item in items)
        if len(set(names)) < len(names):
            ((twice, _),) = Counter(names).most_common(1)
            raise self.wrong(FoundText(f"'{twice}' twice"), "names that differ", "rename one")
        return names

    def size(self, width: Any, height: Any) -> tuple[int, int]:
        """Return the size of an image."""
        sides = self.number(width), self.number(height)
        if not all(1 <= side < 1e9 and side == int(side) for side in sides):
            raise self.wrong(FoundText(f"{width} x {height}"), "an image's width and height in pixels")
        return int(sides[0]), int(sides[1])

    def box(self, x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
        """Return a box with sides that are not negative."""
        if width < 0 or height < 0:
            raise self.wrong(FoundText(f"a box of {width} x {height}"), "sides of 0 or more")
        return x, y, width, height

    def __str__(self) -> str:
        return f"{self.path}: {self.where}" if self.where else str(self.path)


class FoundText(str):
    """A description of what was found, shown as it is."""


def _all_numbers(values: Sequence[Any]) -> bool:
    """Whether all values are numbers as ``Place.number`` wants them, not texts of numbers."""
    plain = len(values) > 0 and set(map(type, values)) <= {int, float}
    return plain and min(values) > -MOST and max(values) < MOST and not math.isnan(sum(values))


def read_object(path: Path, expected: type = dict, *, packed: Sequence[str] = ()) -> Any:
    """Parse a JSON file whose outermost value is a dict or list.

    Args:
        packed: see ``packer``.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: if it is no JSON or another value.
    """
    value = read_json(path, "annotation file", hook=packer(packed))
    if not isinstance(value, expected):
        kind = "an object with keys" if expected is dict else "a list"
        raise Place(path).wrong(value, kind, "is it another format? say which with --from")
    return value


def read_text(path: Path) -> str:
    """Read a text file.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: if it is no UTF-8.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file, seen from {Path.cwd()}")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: byte {error.start} is no UTF-8 text; save the file as UTF-8") from error


def json_bytes(value: Any) -> bytes:
    """Return JSON as it is written to files."""
    return as_utf8(ENCODER.encode(value) + "\n")


def as_utf8(text: str) -> bytes:
    """Return a text's bytes; what a file's name has that is no UTF-8 is escaped, as JSON allows."""
    return text.encode(errors="backslashreplace")


def json_text(path: Path) -> str:
    """Return the text of a file that may be JSON, to see what it holds; empty if it is no text."""
    try:
        return read_json_text(path)
    except UnicodeDecodeError:
        return ""


def json_pieces(head: Mapping[str, Any], key: str, items: Iterable[Any]) -> Iterator[bytes]:
    """Yield the bytes of ``{**head, key: [*items]}`` bit by bit; there need not be room for all items at once."""
    yield as_utf8(f"{ENCODER.encode(head)[:-1]}, {ENCODER.encode(key)}: [")
    for number, item in enumerate(items):
        yield as_utf8((", " if number else "") + ENCODER.encode(item))
    yield b"]}\n"
