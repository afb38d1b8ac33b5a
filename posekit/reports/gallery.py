"""Several images as one."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from posekit.visualization.draw import Color, check_image, write_label

PAPER: Color = (243, 240, 237)


def blank(size_wh: tuple[int, int], color: Color = PAPER) -> np.ndarray:
    """Return an image of one colour, to draw poses on without their photograph."""
    return np.full((size_wh[1], size_wh[0], 3), color, np.uint8)


def gallery(
    images: Sequence[np.ndarray],
    *,
    columns: int = 4,
    cell_wh: tuple[int, int] = (240, 240),
    gap: int = 8,
    captions: Sequence[str] | None = None,
    color: Color = (255, 255, 255),
) -> np.ndarray:
    """Place images in rows, each scaled into a cell without changing its proportions.

    Args:
        images: uint8 BGR images of any sizes.
        columns: images in a row.
        cell_wh: size of a cell in pixels.
        gap: space between cells and around them.
        captions: a line of text for each.
        color: colour of the space between.

    Raises:
        ValueError: if there are no images, other numbers of captions, or no columns.
    """
    if not images or columns < 1:
        raise ValueError(f"gallery: {len(images)} images in {columns} columns; there must be at least one of each")
    if captions is not None and len(captions) != len(images):
        raise ValueError(f"gallery: {len(captions)} captions for {len(images)} images; give one for each")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    width, height = cell_wh
    canvas = blank((columns * (width + gap) + gap, rows * (height + gap) + gap), color)
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        fitted = fit(image, cell_wh)
        if captions is not None:
            write_label(fitted, captions[i], (0, fitted.shape[0]))
        y = gap + row * (height + gap) + (height - fitted.shape[0]) // 2
        x = gap + column * (width + gap) + (width - fitted.shape[1]) // 2
        canvas[y : y + fitted.shape[0], x : x + fitted.shape[1]] = fitted
    return canvas


def fit(image: np.ndarray, size_wh: tuple[int, int]) -> np.ndarray:
    """Scale an image to the largest size that fits."""
    check_image(image)
    factor = min(size_wh[0] / image.shape[1], size_wh[1] / image.shape[0])
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
