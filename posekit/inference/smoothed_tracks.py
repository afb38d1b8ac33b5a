"""Smoothing of tracks while a video goes by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from posekit.inference.results import PoseResult
from posekit.tracking import OneEuro, named_filter

if TYPE_CHECKING:
    from posekit.inference.pipeline import Frame

REACH = {"savgol": 3, "gaussian": 3, "median": 1}
"""Frames on either side that a filter with its own options looks at."""


class SmoothedTracks(Protocol):
    """Takes the frames of a video and hands them out smoothed, some of them later."""

    def push(self, frame: Frame) -> Iterator[Frame]: ...


def smoothed_tracks(name: str, fps: float) -> SmoothedTracks:
    """Return the smoothing of one video, as ``posekit smooth`` does it without options.

    Raises:
        ValueError: if there is no such filter.
    """
    smooth = named_filter(name)
    return WindowedTracks(smooth, REACH[name]) if name in REACH else OneEuroTracks(fps)


class WindowedTracks:
    """Smooths with a filter that looks at a few frames before and after.

    Args:
        smooth: maps points (T, K, D), NaN where missing, to smooth ones.
        reach: number of frames that it looks at on either side, which is also the number of frames that wait.
    """

    def __init__(self, smooth: Callable[[np.ndarray], np.ndarray], reach: int) -> None:
        self.smooth, self.reach = smooth, reach
        self.frames: list[Frame] = []
        self.results: list[PoseResult | None] = []  # of frames that are out, those that the next ones look back at

    def push(self, frame: Frame) -> Iterator[Frame]:
        """Yield the frames that need no later one than this; at the end of the video all."""
        if frame.is_end:
            while self.frames:
                yield self.next_frame()
            yield frame
            return
        self.frames.append(frame)
        self.results.append(frame.result)
        if len(self.frames) > self.reach:
            yield self.next_frame()

    def next_frame(self) -> Frame:
        """Return the first waiting frame, smoothed."""
        place = len(self.results) - len(self.frames)
        frame = self.frames.pop(0)
        if (result := frame.result) is not None and result.track_ids is not None:
            around = self.results[max(place - self.reach, 0) : place + self.reach + 1]
            tracks = [track_of(around, identity, result) for identity in result.track_ids.tolist()]
            smoothed = [self.smooth(track)[min(place, self.reach)] for track in tracks]
            frame.result = with_points(result, smoothed)
        if place >= self.reach:
            del self.results[0]
        return frame


class OneEuroTracks:
    """Smooths with the One-Euro filter, which looks back only.

    Args:
        fps: frames per second.
    """

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self.filters: dict[int, OneEuro] = {}

    def push(self, frame: Frame) -> Iterator[Frame]:
        """Yield the frame, smoothed."""
        if (result := frame.result) is not None and result.track_ids is not None:
            ids = result.track_ids.tolist()
            for identity, one_euro in self.filters.items():
                if identity not in ids:
                    one_euro.update(np.full(result.keypoints.shape[1:], np.nan))
            smoothed = []
            for identity in ids:
                points = track_of([result], identity, result)[0]
                if identity >= 0:
                    points = self.filters.setdefault(identity, OneEuro(fps=self.fps)).update(points)
                smoothed.append(points)
            frame.result = with_points(result, smoothed)
        yield frame


def track_of(results: list[PoseResult | None], identity: int, like: PoseResult) -> np.ndarray:
    """Return a person's keypoints (T, K, D); NaN where the person or a point is missing."""
    track = np.full((len(results), *like.keypoints.shape[1:]), np.nan)
    for place, result in enumerate(results):
        rows = [] if result is None or result.track_ids is None else np.flatnonzero(result.track_ids == identity)
        if result is not None and identity >= 0 and len(rows):
            shown = result.scores[rows[0]] > 0
            track[place] = np.where(shown[:, None], result.keypoints[rows[0]], np.nan)
    return track


def with_points(result: PoseResult, smoothed: list[np.ndarray]) -> PoseResult:
    """Return the result with other keypoints; those that are NaN stay as they are."""
    if not smoothed:
        return result
    points = np.stack(smoothed).astype(result.keypoints.dtype)
    return replace(result, keypoints=np.where(np.isnan(points), result.keypoints, points))
