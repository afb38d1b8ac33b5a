"""The loop that all predictors share: inputs of many images go through the network together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from posekit.inference.images import Boxes, Image, checked_image
from posekit.inference.networks.base import Batch, Network
from posekit.inference.results import PoseResult
from posekit.structures.pose_data_sample import PoseDataSample

Prepared: TypeAlias = tuple[Any, PoseDataSample]
Prepare: TypeAlias = Callable[[np.ndarray, Boxes | None], Iterator[Prepared]]
"""Makes inputs of an image (H, W, 3) and its boxes, and a sample with the metainfo ``affine`` of each."""


@dataclass
class PendingImage:
    """An image on its way; ``error`` is why it cannot be predicted."""

    size_wh: tuple[int, int] = (0, 0)
    samples: list[PoseDataSample | None] = field(default_factory=list)
    prepared: bool = False
    error: Exception | None = None

    def done(self) -> bool:
        return self.prepared and None not in self.samples


class Predictor:
    """Prepares inputs, batches them across images, and returns results image by image.

    Args:
        prepare: function that makes the inputs of an image.
        network: network that finds keypoints in batches of inputs.
        metainfo: keypoint set of the predictions.
        batch_size: largest number of inputs that go through the network together.
        read: conversion of what callers pass as an image to an array (H, W, 3), BGR.

    Attributes:
        finish: change of each image's result before the caller gets it; None for no change.
    """

    def __init__(
        self,
        prepare: Prepare,
        network: Network,
        *,
        metainfo: Mapping[str, Any],
        batch_size: int,
        read: Callable[[Any], np.ndarray] = checked_image,
    ) -> None:
        self.prepare = prepare
        self.network = network
        self.metainfo = dict(metainfo)
        self.batch_size = batch_size
        self.read = read
        self.finish: Callable[[PoseResult], PoseResult] | None = None

    def predict(
        self,
        images: Sequence[Image],
        boxes: Sequence[Boxes | None] | None = None,
        *,
        flip_test: bool | None = None,
    ) -> list[PoseResult]:
        """Find the poses in images.

        Args:
            images: paths, or arrays (H, W, 3), uint8, BGR.
            boxes: boxes (N, 4) of each image, xyxy in image pixels; None for the whole image.
            flip_test: average with the mirrored input; None for what the model was evaluated with.

        Raises:
            FileNotFoundError: if there is no such image.
            ValueError: if an image or its boxes cannot be used, or there are boxes for another number of images.
        """
        if boxes is not None and len(boxes) != len(images):
            raise ValueError(f"boxes: {len(boxes)} lists for {len(images)} images; give one for each, or None")
        pairs = zip(images, boxes or [None] * len(images), strict=True)
        return list(self.stream(pairs, flip_test=flip_test))

    def stream(
        self, images: Iterable[tuple[Image, Boxes | None] | None], *, flip_test: bool | None = None
    ) -> Iterator[PoseResult]:
        """Yield the result of each image and its boxes, in their order, as soon as a batch is through.

        No more images are taken than a batch needs. A None among the images lets those before it wait no longer.
        """
        for outcome in self.outcomes(images, flip_test=flip_test):
            if isinstance(outcome, Exception):
                raise outcome
            if outcome is not None:
                yield outcome

    def outcomes(
        self, images: Iterable[tuple[Image, Boxes | None] | None], *, flip_test: bool | None = None
    ) -> Iterator[PoseResult | Exception | None]:
        """Do as ``stream``, but yield the error of an image that cannot be used, and go on; each None comes out too."""
        for pending in self.jobs(images, flip_test=flip_test):
            if pending is None or pending.error is not None:
                yield None if pending is None else pending.error
                continue
            samples: Any = pending.samples
            result = PoseResult.from_samples(samples, self.metainfo, pending.size_wh)
            yield result if self.finish is None else self.finish(result)

    def samples(self, image: Image, boxes: Boxes | None = None) -> list[PoseDataSample]:
        """Return an image's samples with all that the network says of them."""
        (pending,) = self.jobs([(image, boxes)])
        assert pending is not None
        if pending.error is not None:
            raise pending.error
        return pending.samples  # pyright: ignore[reportReturnType]

    def jobs(
        self, images: Iterable[tuple[Image, Boxes | None] | None], *, flip_test: bool | None = None
    ) -> Iterator[PendingImage | None]:
        """Yield each image once its samples are complete, and each None once all before it are."""
        jobs: deque[PendingImage] = deque()
        waiting: list[tuple[PendingImage, int, Prepared]] = []
        for pair in images:
            if pair is not None:
                jobs.append(pending := PendingImage())
                for prepared in self.inputs(pending, *pair):
                    if waiting and (len(waiting) == self.batch_size or not alike(waiting[-1][2], prepared)):
                        self.run(waiting, flip_test)
                    waiting.append((pending, len(pending.samples), prepared))
                    pending.samples.append(None)
                if pending.error is not None:
                    waiting = [input_ for input_ in waiting if input_[0] is not pending]
                    pending.samples.clear()
                pending.prepared = True
            if pair is None or len(waiting) == self.batch_size:
                self.run(waiting, flip_test)
            while jobs and jobs[0].done():
                yield jobs.popleft()
            if pair is None:
                yield None
        self.run(waiting, flip_test)
        yield from jobs

    def inputs(self, pending: PendingImage, image: Image, boxes: Boxes | None) -> Iterator[Prepared]:
        """Yield what goes through the network of an image; note the error of one that cannot be used."""
        try:
            pixels = self.read(image)
            pending.size_wh = (pixels.shape[1], pixels.shape[0])
            yield from self.prepare(pixels, boxes)
        except (OSError, ValueError) as error:
            pending.error = error

    def run(self, waiting: list[tuple[PendingImage, int, Prepared]], flip_test: bool | None) -> None:
        """Send what waits through the network, give the samples to their images, and empty the list."""
        if not waiting:
            return
        inputs, samples = zip(*(prepared for _, _, prepared in waiting), strict=True)
        predicted = self.network.run(Batch(inputs, list(samples), flip_test))
        for (pending, place, _), sample in zip(waiting, predicted, strict=True):
            pending.samples[place] = sample
        waiting.clear()


def alike(first: Prepared, second: Prepared) -> bool:
    """Whether two inputs fit into one batch: inputs that are padded to each other would not predict the same."""
    shapes = [getattr(prepared[0], "shape", None) for prepared in (first, second)]
    return shapes[0] is not None and shapes[0] == shapes[1]
