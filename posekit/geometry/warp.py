"""Images moved by an affine map."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

import numpy as np

from posekit.geometry.affine import Affine

_INTERPOLATIONS = {
    "nearest": "INTER_NEAREST",
    "bilinear": "INTER_LINEAR",
    "bicubic": "INTER_CUBIC",
    "area": "INTER_AREA",
}

MAX_SIDE = 32766
"""Longest side in pixels of an image that OpenCV 4 warps."""

Region = tuple[int, int, int, int]
"""Left, top, right and bottom of a part of an image, in pixels."""


class Scratch(threading.local):
    """Memory that one thread uses again and again: fresh megabytes cost more than the work done in them."""

    def __init__(self) -> None:
        self.buffers: dict[str, np.ndarray] = {}

    def array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return an uninitialised uint8 array; the next call with this name reuses it."""
        size = math.prod(shape)
        buffer = self.buffers.get(name)
        if buffer is None or len(buffer) < size:
            buffer = self.buffers[name] = np.empty(size, np.uint8)
        return buffer[:size].reshape(shape)


SCRATCH = Scratch()


def warp_image(
    image: np.ndarray,
    affine: Affine,
    size_wh: tuple[int, int],
    *,
    border_value: float | Sequence[float] = 0,
    interpolation: str = "bilinear",
) -> np.ndarray:
    """Return the image (h, w) or (h, w, C) that ``affine`` makes of ``image``, in one resampling.

    A mirror image is one more Affine composed before the call; a flipped view of the array would
    be copied first and cost more than the warp.

    Args:
        image: (H, W) or (H, W, C), uint8 or float32.
        affine: a single map from the image's space to that of the result.
        size_wh: width and height of the result.
        border_value: what pixels from outside the image become, one value or one per channel.
        interpolation: "nearest", "bilinear", "bicubic" or "area".

    Raises:
        ValueError: for another interpolation or a batch of maps.
    """
    if interpolation not in _INTERPOLATIONS:
        raise ValueError(f"warp_image: interpolation {interpolation!r}; allowed are {', '.join(_INTERPOLATIONS)}")
    if affine.matrix.ndim != 2:
        raise ValueError(f"warp_image: takes one map, not a batch {affine.matrix.shape[:-2]}")
    import cv2

    matrix, size_wh = affine.matrix, (int(size_wh[0]), int(size_wh[1]))
    border = tuple(border_value) if isinstance(border_value, Sequence) else (border_value,) * 4
    left, top, right, bottom = region = seen_region(matrix, size_wh, image.shape)
    if right <= left or bottom <= top:
        return np.full((*size_wh[::-1], *image.shape[2:]), border[: image[0, 0].size], image.dtype)
    if max(image.shape[:2]) > MAX_SIDE:
        image, matrix = thinned(image[top:bottom, left:right], moved(matrix, left, top))
    elif image.dtype == np.uint8 and image.shape[2:] == (3,) and interpolation == "bilinear":
        return warp_color(image, matrix, size_wh, border[:3], region)
    flags = getattr(cv2, _INTERPOLATIONS[interpolation])
    return cv2.warpAffine(image, matrix, size_wh, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=border)


def moved(matrix: np.ndarray, left: int, top: int) -> np.ndarray:
    """Return the map (2, 3) for an image that lacks its first columns and rows."""
    return np.column_stack([matrix[:, :2], matrix @ [left, top, 1]])


def warp_color(
    image: np.ndarray, matrix: np.ndarray, size_wh: tuple[int, int], border: Sequence[float], region: Region
) -> np.ndarray:
    """Return a (H, W, 3) uint8 image moved by ``matrix``, which reads the ``region``.

    OpenCV warps four channels in less than half the time of three, so the part of the image
    that will be seen gets a fourth one. It keeps its place in a frame as large as the image:
    moved to a corner, coordinates would round differently and a pixel in three thousand change.
    """
    import cv2

    left, top, right, bottom = region
    frame = SCRATCH.array("frame", (*image.shape[:2], 4))
    cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_BGR2BGRA, dst=frame[top:bottom, left:right])
    warped = SCRATCH.array("warped", (*size_wh[::-1], 4))
    cv2.warpAffine(frame, matrix, size_wh, dst=warped, flags=cv2.INTER_LINEAR, borderValue=(*border, 0))
    return cv2.cvtColor(warped, cv2.COLOR_BGRA2BGR)


def seen_region(matrix: np.ndarray, size_wh: tuple[int, int], shape: tuple[int, ...]) -> Region:
    """Return the pixels that a warp reads of an image (h, w)."""
    (d, b, u), (c, a, v) = matrix.tolist()
    determinant = a * d - b * c
    if not determinant:
        return 0, 0, shape[1], shape[0]
    a, b, c, d = a / determinant, -b / determinant, -c / determinant, d / determinant
    x, y = -a * u - b * v, -c * u - d * v  # where the first pixel comes from; (a, c) leads to the next column
    width, height = size_wh[0] - 1, size_wh[1] - 1
    return (
        max(int(x + min(0, a * width) + min(0, b * height)) - 2, 0),
        max(int(y + min(0, c * width) + min(0, d * height)) - 2, 0),
        min(int(x + max(0, a * width) + max(0, b * height)) + 3, shape[1]),
        min(int(y + max(0, c * width) + max(0, d * height)) + 3, shape[0]),
    )


def thinned(image: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return an image with every nth row and column, small enough to be warped, and the matching map (2, 3)."""
    step_y, step_x = (-(-side // MAX_SIDE) for side in image.shape[:2])
    if step_x <= 1 and step_y <= 1:
        return image, matrix
    return np.ascontiguousarray(image[::step_y, ::step_x]), matrix * np.array([step_x, step_y, 1])
