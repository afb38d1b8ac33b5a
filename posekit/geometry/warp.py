"""Pictures moved by an affine map."""

from __future__ import annotations

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
"""Longest side in pixels of a picture that OpenCV 4 warps."""


def warp_image(
    image: np.ndarray,
    affine: Affine,
    size_wh: tuple[int, int],
    *,
    border_value: float | Sequence[float] = 0,
    interpolation: str = "bilinear",
) -> np.ndarray:
    """Return the picture (h, w) or (h, w, C) that ``affine`` makes of ``image``, in one resampling.

    A mirror image is one more Affine composed before the call; a flipped view of the array would
    be copied first and cost more than the warp.

    Args:
        image: (H, W) or (H, W, C), uint8 or float32.
        affine: a single map from the picture's space to that of the result.
        size_wh: width and height of the result.
        border_value: what pixels from outside the picture become, one value or one per channel.
        interpolation: "nearest", "bilinear", "bicubic" or "area".

    Raises:
        ValueError: for another interpolation or a batch of maps.
    """
    if interpolation not in _INTERPOLATIONS:
        raise ValueError(f"warp_image: interpolation {interpolation!r}; allowed are {', '.join(_INTERPOLATIONS)}")
    if affine.matrix.ndim != 2:
        raise ValueError(f"warp_image: takes one map, not a batch {affine.matrix.shape[:-2]}")
    import cv2

    border = border_value if isinstance(border_value, Sequence) else (border_value,) * 4
    image, matrix = thinned(image, affine.matrix)
    return cv2.warpAffine(
        image,
        matrix,
        (int(size_wh[0]), int(size_wh[1])),
        flags=getattr(cv2, _INTERPOLATIONS[interpolation]),
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=tuple(border),
    )


def thinned(image: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture with so many rows and columns left out that it can be warped, and the map (2, 3) that fits."""
    step_y, step_x = (-(-side // MAX_SIDE) for side in image.shape[:2])
    if step_x <= 1 and step_y <= 1:
        return image, matrix
    return np.ascontiguousarray(image[::step_y, ::step_x]), matrix * np.array([step_x, step_y, 1])
