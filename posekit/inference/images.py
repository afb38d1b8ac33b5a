"""Images and boxes as people hand them over, checked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

Image: TypeAlias = np.ndarray | str | os.PathLike[str]
Boxes: TypeAlias = np.ndarray | Sequence[Sequence[float]]


def checked_image(image: Image) -> np.ndarray:
    """Return an image (H, W, 3), BGR, read if it is given by its path.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is no image, or the array has another form.
    """
    if isinstance(image, (str, os.PathLike)):
        from posekit.media.image_file import read_image

        return read_image(image)
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        what = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(
            f"image: got {what}; expected a path, or a uint8 array (H, W, 3), BGR, as cv2.imread returns it"
        )
    return image


def checked_boxes(boxes: Boxes | None, size_hw: Sequence[int]) -> np.ndarray:
    """Return boxes (N, 4) xyxy as float64, by default one around the image.

    Raises:
        ValueError: if they have another form, are not finite, have no area or lie outside of the image.
    """
    if boxes is None:
        return np.array([[0, 0, size_hw[1], size_hw[0]]], np.float64)
    array = np.asarray(boxes, np.float64)
    array = array.reshape(-1, 4) if array.size in (0, 4) else array
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes: got the shape {array.shape}; expected (N, 4) as x1, y1, x2, y2")
    bad = ~(np.isfinite(array).all(1) & (array[:, 2:] > array[:, :2]).all(1))
    if bad.any():
        raise ValueError(
            f"boxes: {array[bad][0].tolist()} has no area; expected finite x1 < x2 and y1 < y2 in image pixels"
        )
    outside = (array[:, 2:] <= 0).any(1) | (array[:, :2] >= size_hw[1::-1]).any(1)
    if outside.any():
        raise ValueError(
            f"boxes: {array[outside][0].tolist()} lies outside of the image, which has {size_hw[1]}x{size_hw[0]} "
            "pixels; expected x1, y1, x2, y2 in pixels of this image"
        )
    return array
