"""The images of a request, decoded within the limits of the server."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posekit.inference.images import checked_boxes
from posekit.media.image_file import MAX_STATED_PIXELS, decode
from posekit.media.image_header import check_header
from posekit.serve.limits import Limits
from posekit.serve.memory import MemoryShare
from posekit.serve.predict_request import SentImage
from posekit.serve.request_error import RequestError

Decoded = list[tuple[np.ndarray, np.ndarray | None]]


def decode_all(images: Sequence[SentImage], limits: Limits, share: MemoryShare) -> Decoded:
    """Return the pixels (H, W, 3) of images, BGR, with their boxes; the pixels count as memory.

    Raises:
        RequestError: if an image cannot be used, or the memory is full.
    """
    decoded: Decoded = []
    for number, sent in enumerate(images):
        where = sent.name or f"image {number}"
        try:
            width, height = check_header(sent.data, MAX_STATED_PIXELS)
            if width * height > limits.max_pixels:
                raise RequestError(413, f"{where}: {width} x {height} pixels; at most {limits.max_pixels} in all")
            share.take(width * height * 3)
            pixels = decode(sent.data, max_pixels=limits.max_pixels)
            if sent.boxes is not None:
                checked_boxes(sent.boxes, pixels.shape[:2])
        except ValueError as error:  # ImageFileError is one
            raise RequestError(400, f"{where}: {error}") from error
        decoded.append((pixels, sent.boxes))
    return decoded
