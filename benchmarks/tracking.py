"""Identities through crossings of five walking people, and what smoothing does to a real track.

The scene is made up: 20 seconds at 30 frames per second, 1280x720. Five people of 17 keypoints walk along smooth random
paths through each other, with swinging arms and legs.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.case import Case
from posekit.tracking import Tracker, fill_gaps, gaussian, median, one_euro, savgol

FPS, SECONDS, PEOPLE, SIZE_WH = 30, 20, 5, np.array([1280.0, 720.0])
KEYPOINT_NOISE_PX = 2.0
BODY = np.array([
    [0, -0.95], [-0.03, -0.97], [0.03, -0.97], [-0.06, -0.95], [0.06, -0.95], [-0.12, -0.8], [0.12, -0.8],
    [-0.16, -0.62], [0.16, -0.62], [-0.17, -0.45], [0.17, -0.45], [-0.08, -0.48], [0.08, -0.48], [-0.09, -0.25],
    [0.09, -0.25], [-0.09, 0], [0.09, 0],
])  # fmt: skip
"""COCO's keypoints of a standing person of height 1, from the point between the feet."""
SWING = np.array([0, 0, 0, 0, 0, 0, 0, 0.06, -0.06, 0.13, -0.13, 0, 0, -0.09, 0.09, -0.2, 0.2])
"""How far each keypoint swings to the side while walking."""


class Frame(NamedTuple):
    """The poses of a frame, as the tracker takes them."""

    keypoints: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray
    box_scores: np.ndarray | None = None


def paths(rng: np.random.Generator) -> np.ndarray:
    """Return where people stand, (T, P, 2): from one side to the other and back, up and down as random walks."""
    frames = np.arange(FPS * SECONDS) / FPS
    speed, phase = rng.uniform(0.35, 0.8, PEOPLE), rng.uniform(0, 2 * np.pi, PEOPLE)
    x = SIZE_WH[0] * (0.5 + 0.4 * np.sin(speed * frames[:, None] + phase))
    steps = gaussian(rng.normal(size=(len(frames), PEOPLE, 1)), sigma=25.0)[..., 0]
    y = 560 + 20 * rng.normal(size=PEOPLE) + np.cumsum(steps, axis=0) * 3
    return np.stack([x, np.clip(y, 420, 700)], -1)


def scene(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the keypoints (T, P, 17, 2) and boxes (T, P, 4) of walking people."""
    rng = np.random.default_rng(seed)
    feet = paths(rng)
    heights = rng.uniform(220, 300, PEOPLE) * (feet[..., 1] / 560)
    stride = np.cumsum(np.abs(np.diff(feet[..., 0], axis=0, prepend=feet[:1, :, 0])), axis=0) / heights * 4
    body = np.broadcast_to(BODY, (*stride.shape, *BODY.shape)).copy()
    body[..., 0] += SWING * np.sin(stride)[..., None]
    keypoints = feet[:, :, None] + body * heights[..., None, None]
    margin = 0.03 * heights[..., None]
    return keypoints, np.concatenate([keypoints.min(2) - margin, keypoints.max(2) + margin], -1)


def crossings(boxes: np.ndarray) -> int:
    """Return how often two people's boxes change sides while they overlap."""
    centres = (boxes[..., 0] + boxes[..., 2]) / 2
    side = np.sign(centres[:, :, None] - centres[:, None])
    return int((side[1:] != side[:-1]).sum() // 2)


def idf1(ids: np.ndarray) -> float:
    """Return IDF1 for ids (T, P) of people whose boxes are right, 0 where a person was not found."""
    names, columns = np.unique(ids[ids > 0], return_inverse=True)
    people = np.broadcast_to(np.arange(ids.shape[1]), ids.shape)[ids > 0]
    shared = np.zeros((ids.shape[1], len(names)))
    np.add.at(shared, (people, columns), 1)
    matched = shared[linear_sum_assignment(shared, maximize=True)].sum()
    return float(2 * matched / (ids.size + np.count_nonzero(ids)))


def tracked(dropped: float, seed: int) -> np.ndarray:
    """Return the ids (T, P) that the tracker gives while a share of the people is not found in each frame."""
    keypoints, boxes = scene(seed)
    rng = np.random.default_rng(seed + 1000)
    tracker = Tracker()
    ids = np.zeros(boxes.shape[:2], int)
    for t, points in enumerate(keypoints):
        shown = rng.permutation(np.flatnonzero(rng.random(PEOPLE) >= dropped))
        noisy = points[shown] + rng.normal(scale=KEYPOINT_NOISE_PX, size=points[shown].shape)
        ids[t, shown] = tracker.update(Frame(noisy, np.ones(noisy.shape[:2]), boxes[t, shown]))
    return ids


def identities(dropped: float, goal: float, scenes: int = 10) -> dict[str, float]:
    """Measure IDF1 on several scenes; the first is the one that counts for the goal, the others tell the spread."""
    start = time.process_time()
    values = [idf1(tracked(dropped, seed)) for seed in range(scenes)]
    seconds = time.process_time() - start
    assert values[0] >= goal, values
    return {
        "idf1": values[0],
        "idf1_least": min(values),
        "idf1_mean": float(np.mean(values)),
        "crossings": crossings(scene(0)[1]),
        "ms_per_frame": 1000 * seconds / scenes / FPS / SECONDS,
    }


def jitter(points: np.ndarray) -> float:
    """Return the mean length of the second difference, in pixels per frame squared."""
    return float(np.nanmean(np.linalg.norm(np.diff(points, 2, axis=0), axis=-1)))


def lag(points: np.ndarray, smooth: np.ndarray, most: int = 6) -> float:
    """Return by how many frames a track is late: the shift, in tenths, at which it fits the original best."""
    frames = np.arange(len(points), dtype=float)
    inner = slice(most, len(points) - most)

    def error(shift: float) -> float:
        columns = [np.interp(frames[inner] + shift, frames, column) for column in smooth.reshape(len(smooth), -1).T]
        return float(np.square(np.stack(columns, 1) - points.reshape(len(points), -1)[inner]).sum())

    shifts = np.arange(-10, 10 * most + 1) / 10
    return float(shifts[np.argmin([error(shift) for shift in shifts])])


def mouse_track(path: Path) -> np.ndarray:
    """Return the keypoints (T, K, 2) of the one animal in ``predictions.json``."""
    content = json.loads(path.read_text())
    rows = [np.reshape(annotation["keypoints"], (-1, 3)) for annotation in content["annotations"]]
    return fill_gaps(np.stack(rows)[..., :2])


FILTERS = {
    "one-euro": (one_euro, 0),
    "median 3": (median, 1),
    "gaussian radius 1": (lambda points: gaussian(points, sigma=1.0, radius=1), 1),
    "savgol 7": (savgol, 3),
    "gaussian": (gaussian, 3),
}
"""What smooths, and for how many frames it waits when frames come in."""


def smoothing(points: np.ndarray, truth: np.ndarray | None = None) -> dict[str, float]:
    """Measure what is left of the jitter (and, where the truth is known, of the error), and the delay in frames."""
    numbers = {"jitter": jitter(points)}
    for name, (smooth, wait) in FILTERS.items():
        result = smooth(points)
        numbers[f"{name}: jitter left"] = jitter(result) / numbers["jitter"]
        numbers[f"{name}: delay"] = lag(points if truth is None else truth, result) + wait
        if truth is not None:
            numbers[f"{name}: error left"] = float(np.std(result - truth) / np.std(points - truth))
    return numbers


def mouse() -> dict[str, float]:
    """Smooth the default model's keypoints in openfield_mouse.mp4.

    POSEKIT_MOUSE names the predictions.json of ``posekit predict openfield_mouse.mp4``.
    """
    path = os.environ.get("POSEKIT_MOUSE")
    if not path:
        raise ValueError("set POSEKIT_MOUSE to the predictions.json of openfield_mouse.mp4")
    numbers = smoothing(mouse_track(Path(path)))
    for name in ("one-euro", "gaussian radius 1"):
        assert numbers[f"{name}: jitter left"] <= 0.5, numbers
        assert numbers[f"{name}: delay"] < 2, numbers
    return numbers


def walker() -> dict[str, float]:
    """Smooth the noisy keypoints of a person who walks."""
    truth = scene()[0][:, 0]
    return smoothing(truth + np.random.default_rng(0).normal(scale=KEYPOINT_NOISE_PX, size=truth.shape), truth)


WORKLOAD = "5 walking people, 20 s at 30 frames per second, crossings"
CASES = [
    Case("T1 identities", WORKLOAD, "IDF1 >= 0.95", lambda: identities(0.0, 0.95)),
    Case("T1 identities, 10 % dropped", WORKLOAD, "IDF1 >= 0.9", lambda: identities(0.1, 0.9)),
    Case("T2 smoothing", "openfield_mouse.mp4, default model", "half the jitter, delay < 2 frames", mouse),
    Case("T2 smoothing, walker", "one of the 5 people, noise of 2 px", "none: errors beside the jitter", walker),
]
