"""Counters and histograms in the text form that Prometheus reads."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
IMAGES = (1, 2, 4, 8, 16, 32)

HELP = {
    "posekit_requests_total": "Answered requests.",
    "posekit_request_seconds": "Time from the first byte of a request to the end of its answer.",
    "posekit_batch_images": "Images in a batch.",
    "posekit_batch_seconds": "Time that the model takes for a batch.",
    "posekit_queue_images": "Images that wait for the model.",
    "posekit_memory_bytes": "Bytes of requests and decoded images.",
    "posekit_video_jobs": "Videos by their state.",
}


class Histogram:
    """Counts observations by size.

    Args:
        bounds: upper ends of the buckets, ascending.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count an observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def lines(self, name: str) -> Iterator[str]:
        """Yield the samples."""
        total = 0
        for bound, count in zip([*map(str, self.bounds), "+Inf"], self.counts, strict=True):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self.sum:.6f}"
        yield f"{name}_count {total}"


class Metrics:
    """What a server has done since it started."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.requests: dict[tuple[str, int], int] = defaultdict(int)
        self.request_seconds = Histogram(SECONDS)
        self.batch_images = Histogram(IMAGES)
        self.batch_seconds = Histogram(SECONDS)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        with self.lock:
            self.requests[path, status] += 1
            self.request_seconds.observe(seconds)

    def predicted(self, images: int, seconds: float) -> None:
        """Count a batch."""
        with self.lock:
            self.batch_images.observe(images)
            self.batch_seconds.observe(seconds)

    def text(self, *, queue: int, memory: int, jobs: dict[str, int]) -> str:
        """Return all metrics.

        Args:
            queue: number of images that wait.
            memory: number of bytes of requests and images.
            jobs: number of videos in each state.
        """
        with self.lock:
            samples = {
                "posekit_requests_total counter": [
                    f'posekit_requests_total{{path="{path}",status="{status}"}} {count}'
                    for (path, status), count in sorted(self.requests.items())
                ],
                "posekit_request_seconds histogram": [*self.request_seconds.lines("posekit_request_seconds")],
                "posekit_batch_images histogram": [*self.batch_images.lines("posekit_batch_images")],
                "posekit_batch_seconds histogram": [*self.batch_seconds.lines("posekit_batch_seconds")],
                "posekit_queue_images gauge": [f"posekit_queue_images {queue}"],
                "posekit_memory_bytes gauge": [f"posekit_memory_bytes {memory}"],
                "posekit_video_jobs gauge": [
                    f'posekit_video_jobs{{state="{state}"}} {count}' for state, count in jobs.items()
                ],
            }
        blocks = [
            "\n".join([f"# HELP {kind.split()[0]} {HELP[kind.split()[0]]}", f"# TYPE {kind}", *lines])
            for kind, lines in samples.items()
        ]
        return "\n".join(blocks) + "\n"
