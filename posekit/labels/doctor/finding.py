"""What the data doctor says: findings, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

MAX_PLACES = 1000
"""Number of places that a finding keeps; it counts all."""


class Spot(NamedTuple):
    """An image to show: annotation file, and indices of the image and the instance in its table (-1: all of them)."""

    file: str
    image: int
    instance: int = -1


class FindingPlace(NamedTuple):
    """Where something was found, in words, and the images that show it."""

    text: str
    spots: tuple[Spot, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing to know about a dataset.

    Attributes:
        kind: what it is in a few words; equal findings of several files have the same.
        severity: ``error`` makes training or evaluation wrong or leaves data out, ``warning`` is probably a mistake,
            ``note`` is good to know.
        message: a sentence with the numbers.
        remedy: what to do about it.
        file: the annotation file.
        where: the places, the worst first; at most ``MAX_PLACES``.
        count: number of all places.
    """

    kind: str
    severity: Severity
    message: str
    remedy: str
    file: str
    where: tuple[FindingPlace, ...] = ()
    count: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON has it, places as their words."""
        return {**asdict(self), "where": [place.text for place in self.where]}
