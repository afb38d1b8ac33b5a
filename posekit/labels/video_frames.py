"""Frames of videos as picture files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from posekit.labels.image_files import write_picture
from posekit.media.video import VideoReader
from posekit.progress import tracked


def extract_frames(video: Path, targets: Mapping[int, Path], *, rate: float | None = None) -> set[int]:
    """Write frames of a video as pictures, in one pass; pictures that are there already stay.

    Args:
        targets: the picture of each wanted frame, by its number from 0.
        rate: frames per second that the numbers count in, as if the video had been brought to that rate by repeating
            or leaving out frames; by default the video's own.

    Returns:
        The numbers of frames that the video does not have.

    Raises:
        FileNotFoundError: if the video is not there, and one of the pictures neither.
        ValueError: if it cannot be decoded.
    """
    wanted = [number for number, target in targets.items() if not target.exists()]
    if not wanted:
        return set()
    reader = VideoReader(video)
    places: dict[int, list[int]] = {}
    for number in wanted:
        places.setdefault(_place(number, rate / reader.fps) if rate else number, []).append(number)
    lacking = set(wanted)
    try:
        for place in tracked(range(max(places) + 1), f"frames of {video.name}"):
            if not reader.capture.grab():
                break
            if place not in places:
                continue
            decoded, image = reader.capture.retrieve()
            for number in places[place] if decoded else ():
                write_picture(targets[number], image)
                lacking.remove(number)
    finally:
        reader.capture.release()
    return lacking


def _place(number: int, repeats: float) -> int:
    """Return the last frame of a video that comes no later than frame ``number`` of one at another rate.

    Args:
        repeats: frames of the other for each of the video; times are rounded to its frames.
    """
    return math.ceil((number + 0.5) / repeats) - 1
