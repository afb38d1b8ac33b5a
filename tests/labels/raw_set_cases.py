"""Made-up videos and points, and unpacking, for the tests of public sets that are unpacked."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from posekit.labels import Options, convert

FRAMES = 7
BRIGHTER = 30
"""How much brighter each frame of a made-up video is, so that an image tells its number."""


def make_video(path: Path, frames: int = FRAMES, rate: float = 50) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    code = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), rate, (64, 48))
    for number in range(frames):
        writer.write(np.full((48, 64, 3), BRIGHTER * number, np.uint8))
    writer.release()
    return path


def number_of(image: Path) -> int:
    return round(cv2.imread(str(image)).mean() / BRIGHTER)


def unpack(name, source, dest, **options):
    lines = []
    options = Options(source_format=name, **options)
    written = convert(source, dest, options, tell=lines.append, decide_swaps=lambda category: ())
    assert lines[-1] == f"wrote   {', '.join(map(str, written))}"
    assert all(path.is_file() for path in written)
    return "\n".join(lines)


def project(points, camera):
    return points[..., :2] / points[..., 2:] * camera["f"][:, 0] + camera["c"][:, 0]


def seen_points(count, joints, seed=0):
    """Points in front of a camera, in millimetres."""
    return np.random.default_rng(seed).uniform(-500, 500, (count, joints, 3)) + np.array([0, 0, 4000])
