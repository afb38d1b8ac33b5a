"""Poses in space as a web page that turns and plays them, in one file: nothing is loaded from elsewhere.

Convention: joints are in metres in the camera's axes (x right, y down, z away). Poses that are relative to their root
would all be in one place, so the page places persons side by side.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.array import plain
from posekit.inference.results import places_of_persons

if TYPE_CHECKING:
    from posekit.inference.results import PoseResult

PAGE = Path(__file__).parents[1] / "assets" / "poses_3d.html"
DIGITS = 3
"""Decimals of the metres: millimetres."""

SCORE_THR = 0.3
"""Lowest score of a joint that is shown."""

GREY = [150, 150, 150]


def poses_3d_page(results: Sequence[PoseResult], skeleton: Mapping[str, Any], *, fps: float | None, title: str) -> str:
    """Return the page.

    Args:
        results: lifted poses of each frame.
        skeleton: their keypoint set.
        fps: frames per second; None for images.
        title: title of the page.

    Raises:
        ValueError: if the poses are not in space.
    """
    if any(result.keypoints.shape[-1] != 3 for result in results if len(result)):
        raise ValueError("the page shows poses in space, and these are in the image; lift them first")
    content = {
        "fps": fps,
        "names": [skeleton["keypoint_id2name"][i] for i in range(len(skeleton["keypoint_id2name"]))],
        "links": plain(skeleton.get("skeleton_links", [])),
        "colors": link_colors(skeleton),
        "frames": [result.frame if result.frame is not None else number for number, result in enumerate(results)],
        "persons": persons_of(results),
    }
    data = json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    page = PAGE.read_text(encoding="utf-8")
    return page.replace("{{title}}", escape(title)).replace("{{data}}", data)


def persons_of(results: Sequence[PoseResult]) -> list[dict[str, Any]]:
    """Return each person's name and joints [[x, y, z] or null, ...] by the number of the frame."""
    persons = []
    for key, places in places_of_persons(results).items():
        joints = {frame: joints_of(results[frame].keypoints[row], results[frame].scores[row]) for frame, row in places}
        tracked = results[places[0][0]].track_ids is not None
        name = str(key if tracked else key + 1) if isinstance(key, int) else "?"
        persons.append({"name": name, "joints": joints})
    return persons


def joints_of(keypoints: np.ndarray, scores: np.ndarray) -> list[list[float] | None]:
    """Return the places of joints, None for those that are not known."""
    known = np.isfinite(keypoints).all(axis=1) & (scores >= SCORE_THR)
    rounded = np.round(keypoints.astype(np.float64), DIGITS).tolist()
    return [place if sure else None for place, sure in zip(rounded, known.tolist(), strict=True)]


def link_colors(skeleton: Mapping[str, Any]) -> list[list[int]]:
    """Return R, G, B of each link."""
    colors = plain(skeleton.get("skeleton_link_colors", []))
    count = len(skeleton.get("skeleton_links", []))
    return colors if len(colors) == count else [GREY] * count
