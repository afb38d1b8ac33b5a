"""Bodies of requests: read within bounds of size and time, their images decoded within the limits of the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
from starlette.requests import ClientDisconnect, Request

from posekit.inference.images import checked_boxes
from posekit.media.image_file import MAX_STATED_PIXELS, decode
from posekit.media.image_header import check_header
from posekit.serve.limits import Limits
from posekit.serve.memory import MemoryShare
from posekit.serve.predict_request import SentImage
from posekit.serve.request_error import RequestError


async def bounded_stream(request: Request, max_bytes: int) -> AsyncIterator[bytes]:
    """Yield the body of a request in pieces.

    Raises:
        RequestError: if it has more bytes than it may, or breaks off.
    """
    stated = request.headers.get("content-length", "0")
    if not stated.isdecimal() or len(stated) > 18 or int(stated) > max_bytes:
        raise too_large(max_bytes)
    total = 0
    try:
        async for piece in request.stream():
            total += len(piece)
            if total > max_bytes:
                raise too_large(max_bytes)
            yield piece
    except ClientDisconnect as error:
        raise RequestError(400, f"the request broke off after {total} bytes") from error


Decoded = list[tuple[np.ndarray, np.ndarray | None]]


def too_large(max_bytes: int) -> RequestError:
    """Return the refusal of a body with too many bytes."""
    return RequestError(413, f"the request has more than {max_bytes} bytes, which is the limit of this server")


async def read_body(request: Request, max_bytes: int, share: MemoryShare) -> bytes:
    """Return the body of a request; its bytes count as memory.

    Raises:
        RequestError: as for ``bounded_stream``, or if the memory is full.
    """
    body = bytearray()
    async for piece in bounded_stream(request, max_bytes):
        share.take(len(piece))
        body += piece
    return bytes(body)


@asynccontextmanager
async def arriving_within(seconds: float) -> AsyncIterator[None]:
    """Refuse a request whose body does not arrive in time.

    Raises:
        RequestError: when the time is over.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise RequestError(
            408, f"the request did not arrive within {seconds:g} s, which is the limit of this server"
        ) from error


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
