"""What the requests of a server share: models, queue, videos, memory, counters."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from posekit.serve.batcher import Batcher
from posekit.serve.limits import Limits
from posekit.serve.memory import Memory
from posekit.serve.metrics import Metrics
from posekit.serve.models import ServedModel, ServedModels
from posekit.serve.video_jobs import VideoJobs


class Service:
    """What the requests of a server share.

    Args:
        models: the models, the first for requests that name none.
        limits: bounds of requests.
        max_batch: number of images in a batch.
        max_wait_s: seconds that a batch waits for images which are about to come.
    """

    def __init__(
        self,
        models: Sequence[ServedModel],
        limits: Limits | None = None,
        *,
        max_batch: int = 8,
        max_wait_s: float = 0.01,
    ) -> None:
        self.limits = limits or Limits()
        self.models = ServedModels(models)
        self.metrics = Metrics()
        self.memory = Memory(self.limits.max_memory)
        self.batcher = Batcher(
            {model.name: model.predictor for model in models},
            max_batch=max_batch,
            max_wait_s=max_wait_s,
            max_queue=self.limits.max_queue,
            observe=self.metrics.predicted,
        )
        self.jobs = VideoJobs(self.batcher, self.limits)
        self.pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="posekit-decode")

    async def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function that computes beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, function, *arguments)

    def close(self) -> None:
        """Cancel the videos, finish the images, and end all threads."""
        self.jobs.close()
        self.batcher.close()
        self.pool.shutdown()
