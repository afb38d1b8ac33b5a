"""The loop behind everything that predicts many images: sources -> boxes -> poses -> identities -> smoothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from posekit.inference.carried_boxes import CarriedBoxes
from posekit.inference.predictor import Predictor
from posekit.inference.results import PoseResult
from posekit.inference.smoothed_tracks import SmoothedTracks
from posekit.media.read_ahead import read_ahead
from posekit.media.sources import Source
from posekit.tracking import Tracker

IMAGES_AHEAD = 4
"""Number of images that are read before they are needed."""

BATCH_BYTES = 2**28
"""Bytes of the images that wait for a full batch, from which the batch runs as it is."""

Boxes = np.ndarray | None


@dataclass
class Frame:
    """An image of a source on its way, or the end of a source.

    Attributes:
        source: origin of the image.
        number: its place in the source, from 0; at the end the number of frames that were read.
        image: (H, W, 3), uint8, BGR; None at the end of the source.
        result: the poses, once they are found.
        error: why there are none, or why the source ended early.
        saved: whether the result is there from an earlier run.
    """

    source: Source
    number: int
    image: np.ndarray | None
    result: PoseResult | None = None
    error: Exception | None = None
    saved: bool = False

    @property
    def is_end(self) -> bool:
        return self.image is None


class PosePipeline:
    """Finds the poses in sources.

    Args:
        predictor: predictor that finds the poses in images.
        boxes_of: function that gives the boxes (N, 4) of a source's images; None where they are to be looked for.
        saved_of: function that gives the results that an earlier run has for the first frames of a source.
        track: whether people in videos get ids.
        smooth: function that makes the smoothing of a video, given its frame rate; None for no smoothing.
        detect_every: frames of a video from one search for boxes to the next; in between they move with the poses.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        boxes_of: Callable[[Source], Boxes] = lambda source: None,
        saved_of: Callable[[Source], list[PoseResult]] = lambda source: [],
        track: bool = False,
        smooth: Callable[[float], SmoothedTracks] | None = None,
        detect_every: int = 1,
    ) -> None:
        self.predictor = predictor
        self.boxes_of, self.saved_of = boxes_of, saved_of
        self.track, self.smooth, self.detect_every = track, smooth, detect_every

    def stream(self, sources: Iterable[Source]) -> Iterator[Frame]:
        """Yield the frames of all sources with their results, in order, and a last one at the end of each source.

        ``error`` tells what is wrong with a source or an image; the others go on. Images are read in a thread.
        """
        with closing(read_ahead(self.read(sources), IMAGES_AHEAD)) as frames:  # pyright: ignore
            yield from self.smoothed(self.followed(self.posed(frames)))

    def read(self, sources: Iterable[Source]) -> Iterator[Frame]:
        """Yield the frames of all sources without results."""
        for source in sources:
            number, error = 0, None
            try:
                saved = self.saved_of(source)
                for image in source.frames():
                    result = saved[number] if number < len(saved) else None
                    yield Frame(source, number, image, result, saved=result is not None)
                    number += 1
            except (OSError, ValueError) as reason:
                error = reason
            yield Frame(source, number, None, error=error)

    def posed(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Find the poses; people of several frames, and of several sources, go through the network together."""
        waiting: deque[Frame] = deque()
        carried = CarriedBoxes(self.detect_every)

        def images() -> Iterator[tuple[Any, Boxes] | None]:
            for frame in frames:
                waiting.append(frame)
                if frame.image is not None and frame.result is None:
                    try:
                        boxes = self.boxes_of(frame.source)
                    except ValueError as error:
                        frame.error = error
                    else:
                        yield frame.image, carried.boxes(frame) if boxes is None else boxes
                if waiting and (not is_open(waiting[0]) or self.is_urgent(frame, waiting)):
                    yield None

        for outcome in self.predictor.outcomes(images()):
            while waiting and not is_open(waiting[0]):
                yield waiting.popleft()
            if outcome is not None:
                frame = waiting.popleft()
                if isinstance(outcome, Exception):
                    frame.error = outcome
                else:
                    frame.result, frame.error = finite(carried.update(frame, outcome))
                yield frame
        yield from waiting

    def is_urgent(self, frame: Frame, waiting: Iterable[Frame]) -> bool:
        """Whether the results are wanted before a batch is full."""
        if frame.source.live or (self.detect_every > 1 and frame.source.fps):
            return True
        return sum(held.image.nbytes for held in waiting if held.image is not None) > BATCH_BYTES

    def followed(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Give people in videos ids that stay."""
        tracker: Tracker | None = None
        for frame in frames:
            if frame.number == 0:
                tracker = Tracker() if self.track and not frame.is_end and frame.source.fps else None
            if tracker is not None and frame.result is not None:
                frame.result = replace(frame.result, track_ids=tracker.update(frame.result))
            yield frame

    def smoothed(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Smooth the tracks of each video."""
        smoothing: SmoothedTracks | None = None
        for frame in frames:
            if frame.number == 0:
                fps = None if frame.is_end else frame.source.fps
                smoothing = self.smooth(fps) if self.smooth and fps else None
            yield from [frame] if smoothing is None else smoothing.push(frame)


def is_open(frame: Frame) -> bool:
    """Whether a frame waits for its poses."""
    return not frame.is_end and frame.result is None and frame.error is None


def finite(result: PoseResult) -> tuple[PoseResult, ValueError | None]:
    """Leave out poses that are no numbers, and return the error that tells of them."""
    columns = [result.keypoints, result.scores, result.boxes, result.box_scores]
    sound = np.ones(len(result), bool)
    for column in columns:
        if column is not None:
            sound &= np.isfinite(column).all(axis=tuple(range(1, column.ndim)))
    if sound.all():
        return result, None
    count = f"{int((~sound).sum())} of {len(result)}"
    return result[sound], ValueError(f"the model gives NaN for {count} poses; they are left out")
