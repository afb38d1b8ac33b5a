"""What a server refuses: too much, too large, too slow."""

from __future__ import annotations

from dataclasses import dataclass, fields

MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """Bounds of a server's memory, disk and time.

    Attributes:
        max_bytes: size of a request with images, in bytes.
        max_pixels: width times height of an image or of a video's frames.
        max_images: number of images in a request.
        max_boxes: number of boxes in an image.
        max_queue: number of images that may wait for the model.
        max_memory: bytes of requests and decoded images that the server holds at one time.
        max_connections: number of open connections.
        max_video_bytes: size of a video, in bytes.
        max_frames: number of frames of a video.
        max_jobs: number of videos that are received, wait, run, or whose results are kept.
        keep_job_s: seconds for which the results of a video are kept.
        read_s: seconds that a request with images may take to arrive.
        read_video_s: seconds that a video may take to arrive.
        answer_s: seconds from the arrival of a request to its answer.
        stop_s: seconds that running requests have to finish when the server is stopped.

    Raises:
        ValueError: if a bound is not above 0.
    """

    max_bytes: int = 32 * MEGABYTE
    max_pixels: int = 2**25
    max_images: int = 32
    max_boxes: int = 1000
    max_queue: int = 64
    max_memory: int = 512 * MEGABYTE
    max_connections: int = 256
    max_video_bytes: int = 512 * MEGABYTE
    max_frames: int = 20_000
    max_jobs: int = 8
    keep_job_s: float = 3600
    read_s: float = 60
    read_video_s: float = 600
    answer_s: float = 60
    stop_s: float = 30

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(f"limit {field.name}: {getattr(self, field.name)} is not above 0")
