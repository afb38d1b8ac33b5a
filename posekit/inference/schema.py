"""Dataclasses read from the JSON text in a model file, which may hold anything."""

from __future__ import annotations

import json
import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")

MAX_ITEMS = 10_000
"""Largest number of entries of a list in a model file."""


class Between(NamedTuple):
    """The range of a number, both ends included."""

    low: float
    high: float


def read_record(kind: type[Record], text: str, *, form: int, source: str) -> Record:
    """Read a dataclass from JSON text, each value as its type hint says.

    Args:
        kind: the dataclass; ``Annotated[float, Between(0, 1)]`` hints a number with a range.
        text: JSON object with the fields, and ``format``.
        form: the ``format`` that this version reads.
        source: name of the file, for messages.

    Raises:
        ValueError: naming ``source``, the field, what it holds and what was expected.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{source}: its posekit metadata is not readable as JSON ({error})") from error
    if not isinstance(content, dict) or content.pop("format", None) != form:
        raise ValueError(f"{source}: its posekit metadata is not of format {form}; export it again with this version")
    needed = {entry.name for entry in fields(kind) if entry.default is MISSING and entry.default_factory is MISSING}  # type: ignore[arg-type]
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    wrong = [*(f"no '{name}'" for name in sorted(needed - set(content)))]
    wrong += [f"unknown {name[:40]!r}" for name in sorted(set(content) - known)]
    if wrong:
        raise ValueError(f"{source}: its posekit metadata has {', '.join(wrong[:9])}; export it again")
    hints = get_type_hints(kind, include_extras=True)
    return kind(**{name: converted(value, hints[name], f"{source}: {name}") for name, value in content.items()})


def converted(value: Any, hint: Any, place: str) -> Any:
    """Return a value of JSON as its type hint wants it, lists as tuples.

    Raises:
        ValueError: naming ``place``, what is there and what was expected.
    """
    origin, parameters = get_origin(hint), get_args(hint)
    if origin is Annotated:
        number, limits = converted(value, parameters[0], place), parameters[1]
        if not limits.low <= number <= limits.high:
            raise ValueError(f"{place}: {number!r} is out of range; it must be from {limits.low:g} to {limits.high:g}")
        return number
    if origin in (Union, types.UnionType):
        fitting = [option for option in parameters if isinstance(value, (list, tuple)) == (get_origin(option) is tuple)]
        return converted(value, fitting[0] if fitting else parameters[0], place)
    if origin is tuple:
        return converted_items(value, parameters, place)
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool) and is_finite(value):
        return float(value)
    expected = dict if origin in (dict, Mapping) else hint
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)) or expected is float:
        raise ValueError(f"{place}: {shown(value)} is no {WORDS[expected]}")
    return value


def converted_items(value: Any, parameters: tuple[Any, ...], place: str) -> tuple[Any, ...]:
    """Return a list as a tuple of the hinted entries; ``(int, ...)`` hints any number of them."""
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{place}: {shown(value)} is no list")
    count = len(value)
    if len(parameters) == 2 and parameters[1] is Ellipsis:
        if count > MAX_ITEMS:
            raise ValueError(f"{place}: has {count} entries; at most {MAX_ITEMS} are allowed")
        parameters = (parameters[0],) * count
    if len(parameters) != count:
        raise ValueError(f"{place}: {shown(value)} has {count} entries; {len(parameters)} are expected")
    pairs = zip(value, parameters, strict=True)
    return tuple(converted(item, hint, f"{place}[{index}]") for index, (item, hint) in enumerate(pairs))


WORDS = {
    dict: "object of names and values",
    int: "whole number",
    float: "finite number",
    str: "text",
    bool: "true or false",
}


def is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond what a float holds
        return False


def shown(value: Any) -> str:
    """Return a value as text of bearable length."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def largest_number(value: Any) -> float:
    """Return the largest magnitude in nested lists and dictionaries; infinite where a number is not finite."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return max(map(largest_number, value), default=0.0)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0
    return abs(float(value)) if is_finite(value) else math.inf
