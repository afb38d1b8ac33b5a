"""C8: a video of 240 frames from file to poses, against rtmlib's own tracker loop with the same weights and boxes.

The video shows the photograph that posekit carries four times, each copy on a path of its own. The pose network is
RTMPose-t with random weights, on which time does not depend. ``boxes given`` means boxes that cost nothing; ``with
detector`` means that both sides call posekit's own detector on each frame.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.case import Case, interleaved_seconds
from benchmarks.latency import INPUT_SIZE, weights
from posekit.inference.detection import Detector
from posekit.inference.people import DEFAULT_DETECTOR, DetectedPeople
from posekit.inference.pose_model import DEFAULT_MODEL

FRAMES, FPS, WIDTH, HEIGHT = 240, 30, 1280, 720
ROUNDS = 5
PERSON = 330


@lru_cache
def video() -> Path:
    """Write the video, and return its path."""
    photograph = cv2.imread(str(DEFAULT_MODEL.with_name("demo.jpg")))
    assert photograph is not None
    scale = PERSON / photograph.shape[0]
    person = cv2.resize(photograph, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    path = Path(tempfile.mkdtemp()) / "people.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (WIDTH, HEIGHT))
    for number in range(FRAMES):
        frame = np.full((HEIGHT, WIDTH, 3), 96, np.uint8)
        for left, top, right, bottom in boxes_of(number, person.shape).astype(int):
            frame[top:bottom, left:right] = person
        writer.write(frame)
    writer.release()
    return path


def boxes_of(number: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return where the four copies stand in a frame, (4, 4) xyxy."""
    turn = 2 * np.pi * (number / FRAMES + np.arange(4) / 4)
    corners = np.array([[40, 20], [640, 20], [40, 360], [640, 360]]) + 15 * np.stack([np.cos(turn), np.sin(turn)], 1)
    size = np.array([shape[1], shape[0]])
    corners = np.clip(corners, 0, (WIDTH, HEIGHT) - size).round()
    return np.concatenate([corners, corners + size], 1)


class KnownBoxes:
    """A detector that gives the same boxes for every image, for nothing; rtmlib asks for ``det_mode``."""

    det_mode = "human"
    boxes = boxes_of(0, (PERSON, int(PERSON * 0.8))).astype(np.float32)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        return self.boxes


class SharedDetector:
    """posekit's detector in the form that rtmlib asks for."""

    det_mode = "human"

    def __init__(self, find: Any) -> None:
        self.find = find

    def __call__(self, image: np.ndarray) -> np.ndarray:
        return self.find(image, None)


def posekit_loop(*, detect: bool) -> Any:
    """Return a function that runs the video through posekit, and the function that finds boxes."""
    from posekit.inference.pipeline import PosePipeline
    from posekit.inference.pose_model import PoseModel
    from posekit.media.sources import open_sources

    predictor = PoseModel(weights("t")).predictor
    if detect:
        predictor.prepare = DetectedPeople(predictor.prepare, Detector.open(DEFAULT_DETECTOR), score_thr=0.35)
        pipeline = PosePipeline(predictor, track=True)
    else:
        pipeline = PosePipeline(predictor, track=True, boxes_of=lambda source: KnownBoxes.boxes)
    return lambda: [frame.result for frame in pipeline.stream(open_sources(str(video()))) if frame.result is not None]


def rtmlib_loop(*, detect: bool) -> Any:
    """Return a function that runs the video through rtmlib's tracker."""
    from types import SimpleNamespace

    import rtmlib

    finder = DetectedPeople(lambda image, boxes: iter(()), Detector.open(DEFAULT_DETECTOR), score_thr=0.35)
    find = SharedDetector(lambda image, _: finder.boxes_in(image)[0]) if detect else KnownBoxes()
    pose = rtmlib.RTMPose(str(weights("t")), model_input_size=INPUT_SIZE)

    def run() -> list[np.ndarray]:
        solution: Any = lambda **_: SimpleNamespace(det_model=find, pose_model=pose)  # noqa: E731
        tracker = rtmlib.PoseTracker(solution)
        capture, poses = cv2.VideoCapture(str(video())), []
        while True:
            read, frame = capture.read()
            if not read:
                return poses
            poses.append(tracker(frame)[0])

    return run


def speed(*, detect: bool) -> dict[str, float]:
    """Measure frames per second of both sides, on the clock and in processor time."""
    loops = {"posekit": posekit_loop(detect=detect), "rtmlib": rtmlib_loop(detect=detect)}
    counts = {name: [len(poses) for poses in loop()] for name, loop in loops.items()}
    assert len(counts["posekit"]) == len(counts["rtmlib"]) == FRAMES
    assert sum(counts["posekit"]) > 0
    wall = interleaved_seconds(loops, ROUNDS)
    busy = interleaved_seconds(loops, ROUNDS, time.process_time)
    return {
        "posekit_fps": FRAMES / wall["posekit"],
        "rtmlib_fps": FRAMES / wall["rtmlib"],
        "ratio": wall["rtmlib"] / wall["posekit"],
        "processor_ratio": busy["rtmlib"] / busy["posekit"],
        "posekit_people_per_frame": sum(counts["posekit"]) / FRAMES,
        "rtmlib_people_per_frame": sum(counts["rtmlib"]) / FRAMES,
    }


PEAKS = """
import pathlib, sys
import posekit
# Not ru_maxrss, which a process inherits from the one that started it.
peak = lambda: int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
early = 0.0
for number, result in enumerate(posekit.Pose().stream(sys.argv[1]), 1):
    if number == 20:
        early = peak()
print(early, peak(), number)
"""


def memory() -> dict[str, float]:
    """Measure the peak of memory after 20 frames and after all, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", PEAKS, str(video())], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    early, late, frames = (float(word) for word in done.stdout.split())
    assert frames == FRAMES
    return {"peak_after_20_frames_mb": early, "peak_mb": late, "growth_mb": late - early}


WORKLOAD = f"{FRAMES} frames of {WIDTH}x{HEIGHT}, 4 people, RTMPose-t, CPU, all cores, against rtmlib"
CASES = [
    Case("C8 video, boxes given", WORKLOAD, ">= 1.3x", lambda: speed(detect=False)),
    Case("C8 video, with detector", WORKLOAD, ">= 1.3x", lambda: speed(detect=True)),
    Case("C8 video, memory", f"{FRAMES} frames of {WIDTH}x{HEIGHT}, default model", "growth <= 60 MB", memory),
]
