"""How long a batch job will take and what it will cost, from the seconds that each stage needs for a few images."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from posekit.batch.shard import Shard, sample_of
from posekit.batch.shard_images import images_of
from posekit.batch.stages import FindBoxes, FindPoses, ModelOptions
from posekit.batch.tables import image_table
from posekit.batch.workers import DETECT, POSE, READ, Workers

SAMPLE_SHARDS, SAMPLE_IMAGES = 4, 16
"""Number of shards that are looked at, and of images in all of them."""


@dataclass(frozen=True)
class StageTimes:
    """Seconds that one core, or GPU, needs for an image.

    Attributes:
        seconds: seconds by stage.
        open_s: seconds until the models are open.
        images: number of images that were measured.
    """

    seconds: dict[str, float]
    open_s: float
    images: int


def measured(shards: Sequence[Shard], options: ModelOptions, device: str, *, detects: bool) -> StageTimes:
    """Measure the stages on a few images of some shards; the first images warm the networks up."""
    begin = time.perf_counter()
    boxes = FindBoxes(options, device) if detects else None
    poses = FindPoses(options, device, detects=detects)
    open_s = time.perf_counter() - begin
    seconds, count = dict.fromkeys((READ, DETECT, POSE) if detects else (READ, POSE), 0.0), 0
    sample = sample_of(shards, SAMPLE_SHARDS)
    for number, shard in enumerate([sample[0], *sample]):
        times = [time.perf_counter()]
        images = list(islice(images_of(shard), SAMPLE_IMAGES // len(sample)))
        table = image_table(images, shard.number, 0, end=False)
        times.append(time.perf_counter())
        if boxes is not None:
            table = boxes(table)
            times.append(time.perf_counter())
        poses(table)
        times.append(time.perf_counter())
        if number:
            count += len(images)
            for stage, start, end in zip(seconds, times[:-1], times[1:], strict=True):
                seconds[stage] += end - start
    return StageTimes({stage: value / max(count, 1) for stage, value in seconds.items()}, open_s, count)


def measured_by_a_worker(
    shards: Sequence[Shard], options: ModelOptions, workers: Workers, *, detects: bool
) -> StageTimes:
    """Measure the stages where they will run: on a core, or GPU, of the cluster."""
    import ray  # pyright: ignore[reportMissingImports]

    reserved = {"num_cpus": 1, "num_gpus": workers.gpus}
    task: Any = ray.remote(**reserved)(measured)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return ray.get(task.remote(shards, options, workers.device, detects=detects))


@dataclass(frozen=True)
class Projection:
    """What is to be expected of a job.

    Attributes:
        times: what the stages need.
        count: number of images that are left.
        workers: workers that there will be.
        machines: number of machines.
        price_per_hour: price of a machine for an hour; None if it is of no interest.
    """

    times: StageTimes
    count: int
    workers: Workers
    machines: int = 1
    price_per_hour: float | None = None

    @property
    def images_per_s(self) -> float:
        """Number of images per second of all workers.

        A worker without a GPU has a core for all its stages. With GPUs, cores read, and the slowest stage decides;
        two actors that share a GPU take turns.
        """
        seconds = {stage: max(value, 1e-9) for stage, value in self.times.seconds.items()}
        if not self.workers.gpus:
            return self.workers.count / sum(seconds.values())
        actors = [value for stage, value in seconds.items() if stage != READ]
        on_gpu = sum(actors) if self.workers.gpus <= 0.5 else max(actors)
        return min(self.workers.readers / seconds[READ], self.workers.count / on_gpu)

    @property
    def hours(self) -> float:
        return (self.count / self.images_per_s + self.times.open_s) / 3600

    @property
    def cost(self) -> float | None:
        return None if self.price_per_hour is None else self.hours * self.machines * self.price_per_hour

    def lines(self) -> list[str]:
        """Return the projection in words."""
        stages = ", ".join(f"{stage} {1000 * value:.3g} ms" for stage, value in self.times.seconds.items())
        gpus = f", each actor with {self.workers.gpus:g} GPU" if self.workers.gpus else ""
        machines = f"{self.machines} machine{'s' * (self.machines != 1)}"
        lines = [
            f"each image takes: {stages} (measured on {self.times.images})",
            f"about {self.count} images with {self.workers.count} workers on {machines}{gpus}: "
            f"{self.images_per_s:.3g} images/s, {duration(self.hours)}",
        ]
        if self.cost is not None:
            lines[-1] += f", {self.cost:.2f} at {self.price_per_hour:g} per machine and hour"
        return lines


def duration(hours: float) -> str:
    """Return a number of hours in words."""
    seconds = hours * 3600
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if hours < 2 else f"{hours:.1f} h"
