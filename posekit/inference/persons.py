"""Which frames and rows show a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posekit.inference.results import PoseResult


def places_of_persons(results: Sequence[PoseResult]) -> dict[Any, list[tuple[int, int]]]:
    """Return for each person the frames and rows that show it.

    Persons go by their track id, without ids by their place in each frame's result; a pose of no track is a person of
    its own, whose name is its place.
    """
    places: dict[Any, list[tuple[int, int]]] = {}
    for frame, result in enumerate(results):
        names = range(len(result)) if result.track_ids is None else result.track_ids.tolist()
        for row, name in enumerate(names):
            places.setdefault(name if name >= 0 else (frame, row), []).append((frame, row))
    return places
