"""Videos that are predicted in the background, one after the other."""

from __future__ import annotations

import queue
import secrets
import shutil
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.files import write_atomically
from posekit.serve.batcher import Batcher, Kind
from posekit.serve.limits import Limits
from posekit.serve.models import ServedModel
from posekit.serve.request_error import RequestError

if TYPE_CHECKING:
    from posekit.inference.results import PoseResult
    from posekit.media.video import VideoReader

RECEIVING, QUEUED, RUNNING, DONE, FAILED = STATES = ("receiving", "queued", "running", "done", "failed")

FRAMES_AHEAD = 8
"""Number of frames of a video that wait for the model at one time, so that images need not wait long."""

RESULTS = {"json": ("poses.json", "application/json"), "csv": ("poses.csv", "text/csv")}
DRAWING = "drawing.mp4"

CONTAINERS: tuple[tuple[int, tuple[bytes, ...]], ...] = (
    (4, (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
    (0, (b"\x1a\x45\xdf\xa3", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"\x30\x26\xb2\x75")),
    (8, (b"AVI ",)),
)
"""Places and first bytes of MP4 and MOV, of Matroska, WebM, MPEG and WMV, and of AVI."""


@dataclass(frozen=True)
class VideoOptions:
    """What to do with a video.

    Attributes:
        model: name of a served model; None for the first.
        flip_test: whether to average with the mirrored frame; None for what the model was evaluated with.
        max_people: number of people in a frame, the best by their scores; None for all.
        track: whether people get ids that stay.
        draw: whether the video is drawn as well.
        thr: score from which keypoints are drawn.
        name: name of the video, as the results tell it.
    """

    model: str | None = None
    flip_test: bool | None = None
    max_people: int | None = None
    track: bool = True
    draw: bool = False
    thr: float = 0.3
    name: str | None = None


@dataclass(eq=False)
class VideoJob:
    """A video on its way.

    Attributes:
        key: secret key by which clients ask for it.
        folder: holds the video while it is needed, and the results.
        model: model that finds the poses.
        options: what to do.
        state: one of ``STATES``.
        num_frames: as the file announces; None where it does not.
        frames_done: number of frames with results.
        error: what went wrong.
        ended: time at which it was done or failed.
        cancelled: whether nobody wants it any more.
    """

    key: str
    folder: Path
    model: ServedModel
    options: VideoOptions
    state: str = RECEIVING
    num_frames: int | None = None
    frames_done: int = 0
    error: str | None = None
    ended: float | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def upload(self) -> Path:
        """Where the video is stored."""
        return self.folder / "video"

    def about(self) -> dict[str, Any]:
        """Return the state and the progress."""
        facts = {
            "id": self.key,
            "state": self.state,
            "frames_done": self.frames_done,
            "num_frames": self.num_frames,
            "error": self.error,
        }
        if self.state == DONE:
            facts["result"] = f"/v1/video/{self.key}/result"
            facts["drawing"] = f"/v1/video/{self.key}/drawing" if self.options.draw else None
        return facts


class VideoJobs:
    """The videos of a server, and the thread that works on them.

    Args:
        batcher: predicts frames together with the images of other requests.
        limits: bounds of the videos.
    """

    def __init__(self, batcher: Batcher, limits: Limits) -> None:
        self.batcher = batcher
        self.limits = limits
        self.jobs: dict[str, VideoJob] = {}
        self.lock = threading.Lock()
        self.waiting: queue.SimpleQueue[VideoJob | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._work, name="posekit-video", daemon=True)
        self.thread.start()

    @cached_property
    def folder(self) -> Path:
        """Where all files lie; it is made for the first video."""
        return Path(tempfile.mkdtemp(prefix="posekit-serve-"))

    def new(self, model: ServedModel, options: VideoOptions) -> VideoJob:
        """Begin a job, whose video is about to be received.

        Raises:
            RequestError: if there are too many.
        """
        with self.lock:
            now = time.monotonic()
            for job in [job for job in self.jobs.values() if job.ended and now - job.ended > self.limits.keep_job_s]:
                self._forget(job)
            if len(self.jobs) >= self.limits.max_jobs:
                message = f"the server has {len(self.jobs)} videos already; delete finished ones, or try again"
                raise RequestError(429, message, retry_after=30)
            key = secrets.token_urlsafe(16)
            job = VideoJob(key, self.folder / secrets.token_hex(8), model, options)
            job.folder.mkdir()
            self.jobs[key] = job
            return job

    def start(self, job: VideoJob) -> None:
        """Queue a job whose video is there.

        Raises:
            RequestError: if the file is no video.
        """
        with job.upload.open("rb") as file:
            check_container(file.read(16))
        job.state = QUEUED
        self.waiting.put(job)

    def find(self, key: str) -> VideoJob:
        """Return a job.

        Raises:
            RequestError: if there is none.
        """
        if job := self.jobs.get(key):
            return job
        raise RequestError(404, "there is no such video job; its results may have been kept long enough")

    def result(self, key: str, name: str) -> Path:
        """Return a file of a job that is done.

        Raises:
            RequestError: if there is no such job, or it has no such file.
        """
        job = self.find(key)
        if job.state != DONE:
            why = job.error or f"{job.frames_done} of {job.num_frames or 'unknown'} frames"
            raise RequestError(409, f"the video job is {job.state}: {why}", retry_after=None if job.error else 1)
        path = job.folder / name
        if not path.is_file():
            raise RequestError(404, "this video was not drawn; start it with draw=true")
        return path

    def cancel(self, job: VideoJob) -> None:
        """Stop a job and remove its files."""
        with self.lock:
            self._forget(job)

    def _forget(self, job: VideoJob) -> None:
        job.cancelled.set()
        self.jobs.pop(job.key, None)
        if job.state != RUNNING:  # else the thread removes them
            shutil.rmtree(job.folder, ignore_errors=True)

    def states(self) -> dict[str, int]:
        """Return the number of jobs in each state."""
        counts = Counter(job.state for job in list(self.jobs.values()))
        return {state: counts[state] for state in STATES}

    def close(self) -> None:
        """Cancel all jobs, end the thread and remove all files."""
        for job in list(self.jobs.values()):
            self.cancel(job)
        self.waiting.put(None)
        self.thread.join()
        if "folder" in vars(self):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _work(self) -> None:
        while (job := self.waiting.get()) is not None:
            with self.lock:
                if job.cancelled.is_set():
                    continue
                job.state = RUNNING
            try:
                self._run(job)
                job.state = DONE
            except Exception as error:  # the job tells it; the thread goes on to the next
                job.error = str(error).replace(f"{job.folder}/", "") or type(error).__name__
                job.state = FAILED
            with self.lock:
                job.ended = time.monotonic()
                job.upload.unlink(missing_ok=True)
                if job.cancelled.is_set():
                    shutil.rmtree(job.folder, ignore_errors=True)

    def _run(self, job: VideoJob) -> None:
        """Predict the frames of a video and write its results."""
        from posekit.media.video import VideoReader, VideoWriter

        reader = VideoReader(job.upload)
        job.num_frames = reader.num_frames or None
        results = []
        with ExitStack() as stack:
            stack.callback(reader.capture.release)
            draw = None
            if job.options.draw:
                draw = drawer(stack.enter_context(VideoWriter(job.folder / DRAWING, reader.fps)), job)
            follow = follower(job, reader.fps)
            for image, result in self._results(job, reader):
                results.append(follow(result))
                if draw is not None:
                    draw(image, results[-1])
                job.frames_done += 1
        sequence = job.model.sequence(results, reader.fps)
        for name, text in (("json", sequence.to_json()), ("csv", sequence.to_csv())):
            data = text.encode("utf-8", "surrogateescape")
            write_atomically(job.folder / RESULTS[name][0], lambda file, data=data: file.write(data))

    def _results(self, job: VideoJob, reader: VideoReader) -> Iterator[tuple[np.ndarray, PoseResult]]:
        """Yield the frames with their results, in order.

        Raises:
            ValueError: if the frames are too many or too large, or the job was cancelled.
        """
        check_size(reader, self.limits)
        kind = Kind(job.model.name, job.options.flip_test)
        ahead: deque[tuple[np.ndarray, Future[PoseResult]]] = deque()
        try:
            for number, image in enumerate(reader):
                if job.cancelled.is_set():
                    raise ValueError("cancelled")
                if number >= self.limits.max_frames:
                    raise ValueError(f"the video has more than {self.limits.max_frames} frames; cut it")
                (future,) = self.batcher.submit(kind, [(image, None)], bounded=False)
                ahead.append((image, future))
                if len(ahead) == FRAMES_AHEAD:
                    image, future = ahead.popleft()
                    yield image, future.result()
            while ahead:
                image, future = ahead.popleft()
                yield image, future.result()
        finally:
            for _, future in ahead:
                future.cancel()


def check_size(reader: VideoReader, limits: Limits) -> None:
    """Refuse a video with large frames before any is decoded.

    Raises:
        ValueError: if a frame has too many pixels.
    """
    import cv2

    width, height = (int(reader.capture.get(name)) for name in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    if width * height * FRAMES_AHEAD > limits.max_pixels * 2:
        most = limits.max_pixels * 2 // FRAMES_AHEAD
        raise ValueError(f"the frames have {width} x {height} pixels; at most {most} in all, make them smaller")


def check_container(head: bytes) -> None:
    """Refuse what is no video by its first bytes; playlists, which name other files, among them.

    Raises:
        RequestError: if the file is of another kind.
    """
    if not any(head[place:].startswith(magic) for place, magic in CONTAINERS):
        raise RequestError(
            415, f"the file begins with {head[:8]!r} and is none of MP4, MOV, AVI, MKV, WebM, MPEG and WMV"
        )


def follower(job: VideoJob, fps: float) -> Callable[[PoseResult], PoseResult]:
    """Return what gives results their frame and time, and persons their ids."""
    from posekit.tracking import Tracker

    tracker = Tracker() if job.options.track else None

    def follow(result: PoseResult) -> PoseResult:
        result = best_people(result, job.options.max_people)
        ids = None if tracker is None else tracker.update(result)
        frame, name = job.frames_done, job.options.name
        return replace(result, track_ids=ids, frame=frame, time=frame / fps, file_name=name)

    return follow


def drawer(writer: Any, job: VideoJob) -> Callable[[np.ndarray, PoseResult], None]:
    """Return what draws the poses on a frame and writes it."""
    from posekit.visualization.draw import PoseStyle, draw_pose

    style = PoseStyle(thr=job.options.thr)

    def draw(image: np.ndarray, result: PoseResult) -> None:
        writer.write(draw_pose(image, result.instances(), job.model.predictor.metainfo, style=style))

    return draw


def best_people(result: PoseResult, max_people: int | None) -> PoseResult:
    """Return the best persons of a result, by the mean of their keypoints' scores and the score of their box."""
    if max_people is None or len(result) <= max_people:
        return result
    scores = result.scores.mean(axis=1) * (1 if result.box_scores is None else result.box_scores)
    return result[np.sort(np.argsort(-scores, kind="stable")[:max_people])]
