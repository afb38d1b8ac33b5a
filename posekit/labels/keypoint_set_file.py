"""The keypoint set of imported data: flip pairs to confirm, and a file in the config language to train with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from posekit.files import write_atomically
from posekit.keypoints.proposed_skeleton import mirrored_names
from posekit.keypoints.skeleton import Skeleton
from posekit.labels.keypoint_data import Category


def proposed_swaps(names: Sequence[str]) -> tuple[int, ...]:
    """Return for each keypoint the one whose name differs in left and right alone; itself without any."""
    mirrored, places = mirrored_names(names), {name: place for place, name in enumerate(names)}
    swaps = [places[mirrored[name] or name] for name in names]
    # both must name each other, or a mirrored image would get a keypoint twice
    return tuple(other if swaps[other] == index else index for index, other in enumerate(swaps))


def swaps_from_pairs(names: Sequence[str], pairs: Iterable[str]) -> tuple[int, ...]:
    """Return the swaps that ``left_ear:right_ear`` and the like state.

    Raises:
        ValueError: if a pair is malformed or names no keypoint, or a keypoint is in two pairs.
    """
    swaps = list(range(len(names)))
    for pair in pairs:
        ends = [end.strip() for end in pair.split(":")]
        if len(ends) != 2 or ends[0] == ends[1]:
            raise ValueError(f"--swap {pair}: give two keypoints, as in left_ear:right_ear")
        unknown = [end for end in ends if end not in names]
        if unknown:
            raise ValueError(f"--swap {pair}: no keypoint '{unknown[0]}'; there are {', '.join(names)}")
        a, b = (names.index(end) for end in ends)
        if swaps[a] != a or swaps[b] != b:
            raise ValueError(f"--swap {pair}: a keypoint of it is in another pair already; give each keypoint once")
        swaps[a], swaps[b] = b, a
    return tuple(swaps)


def pairs_text(category: Category, swaps: Sequence[int]) -> str:
    """Return flip pairs as text: ``left_ear and right_ear, …``."""
    names = category.keypoints
    return ", ".join(f"{names[i]} and {names[j]}" for i, j in enumerate(swaps) if i < j) or "none"


def write_keypoint_set(category: Category, path: Path) -> None:
    """Write a category as a python file with a ``dataset_info``."""
    write_atomically(path, lambda file: file.write(keypoint_set_text(category).encode()))


def keypoint_set_text(category: Category) -> str:
    """Return the text of a keypoint set file; without sigmas, which only repeated labels tell."""
    names, swaps = category.keypoints, category.swaps or range(len(category.keypoints))
    lines = [
        f"# Keypoints of {_plain(category.name)!r}. Swaps are the pairs that trade places in a mirrored image.",
        "dataset_info = dict(",
        f"    dataset_name={_plain(category.name)!r},",
        "    keypoint_info={",
    ]
    for index, (name, other) in enumerate(zip(names, swaps, strict=True)):
        swap = names[other] if other != index else ""
        lines.append(f"        {index}: dict(id={index}, name={name!r}, swap={swap!r}),")
    lines += ["    },", "    skeleton_info={"]
    for index, (a, b) in enumerate(category.links):
        lines.append(f"        {index}: dict(id={index}, link=({names[a]!r}, {names[b]!r})),")
    lines += [
        "    },",
        "    # sigmas=[...],  # the labels' spread, relative to the object's size; OKS and AP need them",
        ")",
    ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def with_stored_swaps(category: Category, path: Path) -> Category:
    """Add the swaps of a keypoint set file, if it is there and has the category's keypoints."""
    if not path.is_file() or not category.keypoints:
        return category
    known = Skeleton.load(path)
    return replace(category, swaps=known.flip_indices) if known.names == category.keypoints else category
