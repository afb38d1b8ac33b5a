"""D1: images per second of a batch job against the bare predictor in one process, times the number of workers.

Starting Ray and opening the models are left out: they are the same for a hundred images and for a hundred million. Both
sides read the same JPEG files of 640 x 480 pixels.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.case import Case
from posekit.batch.stages import ModelOptions

PHOTOGRAPH = Path(__file__).resolve().parents[1] / "posekit" / "inference" / "assets" / "demo.jpg"
ROUNDS = 2
SHARD_SIZE = 8
MEMORY_MB = 2000
ACCELERATOR_S = 0.05
"""Seconds that the stand-in for an accelerator needs for an image."""


class StandIn:
    """In place of a network on an accelerator, which computes while the core is free for others."""

    def run(self, batch: Any) -> Any:
        from posekit.structures.instance_data import InstanceData

        time.sleep(ACCELERATOR_S * len(batch.samples))
        for sample in batch.samples:
            sample.pred_instances = InstanceData(
                keypoints=np.zeros((1, 17, 2), np.float32), keypoint_scores=np.ones((1, 17), np.float32)
            )
        return batch.samples


@dataclass(frozen=True, kw_only=True)
class StandInOptions(ModelOptions):
    """Opens the default model's crops before the network above."""

    def open_predictor(self, device: str) -> Any:
        predictor = super().open_predictor(device)
        predictor.network = StandIn()
        return predictor


def write_images(folder: Path, count: int) -> None:
    """Write different parts of a photograph."""
    import cv2

    image = cv2.resize(cv2.imread(str(PHOTOGRAPH)), (720, 720))
    for number in range(count):
        left, top = number % 80, (7 * number) % 240
        cv2.imwrite(str(folder / f"{number:05d}.jpg"), image[top : top + 480, left : left + 640])


def bare_rate(folder: Path, options: ModelOptions, *, detects: bool) -> float:
    """Return images per second of one predictor in this process."""
    from posekit.inference.pipeline import PosePipeline
    from posekit.media.sources import find_sources

    predictor = options.open_predictor("cpu")
    if detects:
        from posekit.inference.people import look_for_people

        look_for_people(predictor, "people", threads=1, max_people=options.max_people)
    frames = (frame for frame in PosePipeline(predictor).stream(find_sources([str(folder)])) if not frame.is_end)
    next(frames)
    begin = time.perf_counter()
    count = sum(1 for _ in frames)
    return count / (time.perf_counter() - begin)


def batch_rate(folder: Path, options: ModelOptions, workers: int, *, detects: bool) -> float:
    """Return images per second of a batch job in its middle half, when all workers run."""
    from posekit.batch.shard import plan_of
    from posekit.batch.stream import pose_stream
    from posekit.batch.workers import Workers

    shards = plan_of([str(folder)], shard_size=SHARD_SIZE).shards
    team = Workers(count=workers, readers=workers)
    times, counts = [], []
    for table in pose_stream(shards, options, team, detects=detects):
        times.append(time.perf_counter())
        counts.append(sum(not end for end in table["end"].to_pylist()))
    first, last = len(times) // 4, len(times) * 3 // 4
    return sum(counts[first + 1 : last + 1]) / (times[last] - times[first])


def compare(options: ModelOptions, workers: int, images: int, *, detects: bool) -> dict[str, float]:
    """Run both sides alternately and return the medians and their ratio."""
    from posekit.batch.workers import cluster

    bare, batch = [], []
    with tempfile.TemporaryDirectory() as name, cluster(None, workers, MEMORY_MB):
        write_images(Path(name), images)
        for _ in range(ROUNDS):
            bare.append(bare_rate(Path(name), options, detects=detects))
            batch.append(batch_rate(Path(name), options, workers, detects=detects))
    rates: Sequence[float] = (statistics.median(bare), statistics.median(batch))
    return {"bare images/s": rates[0], "batch images/s": rates[1], "ratio": rates[1] / (workers * rates[0])}


GOAL = ">= 0.9 of the bare predictor times the workers"
CASES = [
    Case(
        "D1 batch, 2 workers, a network of 50 ms",
        "640x480 JPEG files, one person in each, steady state",
        GOAL,
        lambda: compare(StandInOptions(detector="whole"), 2, 384, detects=False),
    ),
    Case(
        "D1 batch, 1 worker, the default model",
        "640x480 JPEG files, people are looked for, one is kept, steady state",
        GOAL,
        lambda: compare(ModelOptions(max_people=1), 1, 96, detects=True),
    ),
]
