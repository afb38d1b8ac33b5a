"""A keypoint set from the ``categories`` block of a COCO file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from posekit.keypoints.skeleton import MAX_KEYPOINTS

SIDES = {"left": "right", "l": "r"}
SIDE_COLORS = {"l": (0, 200, 0), "r": (255, 128, 0), "": (51, 153, 255)}
"""Of keypoints and links on the left, on the right and between them, R, G, B."""

WORDS = re.compile(r"([\W_]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9]))")
"""What separates the words of a name."""

MIRRORED = {**SIDES, **{right: left for left, right in SIDES.items()}}


def names_keypoints(category: dict[str, Any]) -> bool:
    return _is_list_of(category.get("keypoints"), str)


def info_of_category(category: dict[str, Any]) -> dict[str, Any]:
    """Return a ``dataset_info`` of a category that names its keypoints, swaps as their names suggest.

    Raises:
        ValueError: if it names more keypoints than can be used.
    """
    names, links = category["keypoints"], category.get("skeleton")
    if len(names) > MAX_KEYPOINTS:
        raise ValueError(
            f"category {category.get('name')!a} names {len(names):,} keypoints; at most {MAX_KEYPOINTS:,} can be used"
        )
    links = links if isinstance(links, list) else []
    links = [link for link in links if _is_list_of(link, int) and len(link) == 2]
    links = [[names[end - 1] if 0 < end <= len(names) else str(end) for end in link] for link in links]
    swaps = mirrored_names(names)
    sides = {name: side_of(name, swap) for name, swap in swaps.items()}
    points = [dict(id=i, name=name, swap=swaps[name], color=SIDE_COLORS[sides[name]]) for i, name in enumerate(names)]
    return dict(
        dataset_name=str(category.get("name") or "custom"),
        keypoint_info=dict(enumerate(points)),
        skeleton_info={
            i: dict(id=i, link=tuple(link), color=SIDE_COLORS[common_side([sides.get(end, "") for end in link])])
            for i, link in enumerate(links)
        },
    )


def common_side(sides: list[str]) -> str:
    """Return the side of a link's ends, ``""`` if they lie on both or on none."""
    known = {side for side in sides if side}
    return known.pop() if len(known) == 1 else ""


def side_of(name: str, swap: str) -> str:
    """Return ``l`` or ``r``, the letter in which a keypoint's name first differs from its mirrored one, or ``""``."""
    return next((letter for letter, other in zip(name.lower(), swap.lower(), strict=False) if letter != other), "")


def mirrored_names(names: Sequence[str]) -> dict[str, str]:
    """Return for each name the one among ``names`` that differs from it in left and right alone, or ``""``."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.lower(), []).append(name)
    swaps = {}
    for name in names:
        words = re.split(WORDS, name)
        swapped = "".join(_mirrored_word(word) for word in words).lower()
        same = [other for other in alike.get(swapped, ()) if other != name]
        swaps[name] = same[0] if len(same) == 1 else ""
    return swaps


def _mirrored_word(word: str) -> str:
    for side, other in MIRRORED.items():
        if word.lower() == side or (len(side) > 1 and word.lower().startswith(side)):
            return other + word[len(side) :]
    return word


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, kind) for item in value)
