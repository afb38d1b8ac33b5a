"""Images of many requests go through the model together, in one thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from posekit.serve.request_error import RequestError

if TYPE_CHECKING:
    from posekit.inference.images import Boxes
    from posekit.inference.predictor import Predictor
    from posekit.inference.results import PoseResult

FIRST_GUESS_S = 0.1
"""Seconds that an image takes, until one has been measured."""

MEMORY_OF_PACE = 0.9
"""Weight of the past in the mean of the seconds that an image takes."""


class Kind(NamedTuple):
    """What images must have in common to be predicted together."""

    model: str
    flip_test: bool | None = None


@dataclass(eq=False)
class Entry:
    """An image that waits for the model."""

    kind: Kind
    image: np.ndarray
    boxes: Boxes | None
    future: Future[PoseResult] = field(default_factory=Future)


class Batcher:
    """A queue of images, and the thread that predicts them in batches.

    A batch begins with the image that has waited longest. It takes the images of the same kind that wait, and if more
    images are known to come it waits for them a little.

    Args:
        predictors: what finds poses, by the names of the models; only this thread uses them from now on.
        max_batch: number of images in a batch.
        max_wait_s: seconds that a batch waits for images which are about to come.
        max_queue: number of images that may wait.
        observe: callback that receives the number of images and the seconds of each batch.
    """

    def __init__(
        self,
        predictors: Mapping[str, Predictor],
        *,
        max_batch: int = 8,
        max_wait_s: float = 0.01,
        max_queue: int = 64,
        observe: Callable[[int, float], None] = lambda images, seconds: None,
    ) -> None:
        self.predictors = predictors
        self.max_batch = max_batch
        self.max_wait_s = max_wait_s
        self.max_queue = max_queue
        self.observe = observe
        self.queue: deque[Entry] = deque()
        self.num_coming = 0
        self.seconds_per_image = FIRST_GUESS_S
        self.changed = threading.Condition()
        self.closing = False
        self.thread = threading.Thread(target=self._work, name="posekit-predict", daemon=True)
        self.thread.start()

    @contextmanager
    def expecting(self, count: int) -> Iterator[None]:
        """Announce images that will be submitted by the end of the ``with`` block, or not at all."""
        self._expect(count)
        try:
            yield
        finally:
            self._expect(-count)

    def _expect(self, count: int) -> None:
        with self.changed:
            self.num_coming += count
            self.changed.notify_all()

    def check_room(self, count: int) -> None:
        """Refuse images that the queue has no room for.

        Raises:
            RequestError: if the queue is full, or the server is being stopped.
        """
        if self.closing:
            raise RequestError(503, "the server is being stopped", retry_after=10)
        if len(self.queue) + count > self.max_queue:
            seconds = len(self.queue) * self.seconds_per_image
            raise RequestError(429, f"{len(self.queue)} images wait already; try again", retry_after=seconds)

    def submit(
        self, kind: Kind, images: Sequence[tuple[np.ndarray, Boxes | None]], *, bounded: bool = True
    ) -> list[Future[PoseResult]]:
        """Queue images with their boxes, all or none, and return what will hold their results.

        Args:
            kind: model and options.
            images: (H, W, 3) uint8, BGR, and boxes (N, 4) xyxy or None.
            bounded: whether the limit of the queue holds for them.

        Raises:
            RequestError: if the queue is full, or the server is being stopped.
        """
        entries = [Entry(kind, image, boxes) for image, boxes in images]
        with self.changed:
            self.check_room(len(entries) if bounded else -len(self.queue))
            self.queue.extend(entries)
            self.changed.notify_all()
        return [entry.future for entry in entries]

    def close(self) -> None:
        """Predict what waits, take nothing more, and end the thread."""
        with self.changed:
            self.closing = True
            self.changed.notify_all()
        self.thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            running = [entry for entry in batch if entry.future.set_running_or_notify_cancel()]
            if running:
                begin = time.perf_counter()
                self._run(running)
                self._note(len(running), time.perf_counter() - begin)

    def _next_batch(self) -> list[Entry]:
        """Return the images of the next batch; none when the server stops and nothing waits."""
        with self.changed:
            self.changed.wait_for(lambda: self.queue or self.closing)
            deadline = time.monotonic() + self.max_wait_s
            while self.num_coming and len(self.queue) < self.max_batch and not self.closing:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self.changed.wait(left)
            batch = [entry for entry in self.queue if entry.kind == self.queue[0].kind][: self.max_batch]
            taken = set(map(id, batch))
            self.queue = deque(entry for entry in self.queue if id(entry) not in taken)
            return batch

    def _run(self, entries: list[Entry]) -> None:
        kind = entries[0].kind
        try:
            images, boxes = [entry.image for entry in entries], [entry.boxes for entry in entries]
            results = self.predictors[kind.model].predict(images, boxes, flip_test=kind.flip_test)
        except Exception as error:  # any error of a model goes to whoever asked; the thread serves the next
            if len(entries) == 1:
                entries[0].future.set_exception(error)
                return
            for entry in entries:  # the others have answers
                self._run([entry])
            return
        for entry, result in zip(entries, results, strict=True):
            entry.future.set_result(result)

    def _note(self, count: int, seconds: float) -> None:
        pace = MEMORY_OF_PACE * self.seconds_per_image + (1 - MEMORY_OF_PACE) * seconds / count
        self.seconds_per_image = pace
        self.observe(count, seconds)
