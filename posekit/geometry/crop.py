"""The map from a box in the image to the network's input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from posekit.geometry.affine import Affine


def crop_affine(
    center: np.ndarray | Sequence[float],
    scale_wh: np.ndarray | Sequence[float],
    rotation_deg: float | np.ndarray,
    size_wh: tuple[int, int],
    *,
    use_udp: bool = False,
    shift: tuple[float, float] = (0.0, 0.0),
    keep_aspect: bool = True,
) -> Affine:
    """Return the map image -> input that cuts the box (center, scale_wh) out to ``size_wh``.

    The plain rule maps the box's w pixels to the input's w pixels, centre to w / 2, by one factor
    taken from the widths. The unbiased rule (UDP) counts the w - 1 distances between pixel
    centres instead, on each axis: then mirroring the input mirrors its pixels exactly.

    Convention: a positive ``rotation_deg`` turns the box clockwise on screen, for both rules, so
    that the image inside the input turns the other way.

    Args:
        center: (..., 2) in image pixels.
        scale_wh: (..., 2) the box's size in image pixels, with padding and aspect ratio already right.
        rotation_deg: degrees, (...).
        size_wh: width and height of the input.
        use_udp: follow the unbiased rule.
        shift: moves the centre by this share of ``scale_wh``.
        keep_aspect: False stretches each axis on its own (plain rule only; UDP always does).

    Raises:
        ValueError: if the box has no area.

    Source: Xiao et al., arXiv 1804.06208 (plain); Huang et al., arXiv 1911.07524, eq. 5 (UDP).
    """
    scale, middle = np.asarray(scale_wh, dtype=np.float64), np.asarray(center, dtype=np.float64)
    angle = np.deg2rad(rotation_deg)
    cos, sin = np.cos(angle), np.sin(angle)
    single = scale.ndim == 1
    if single:  # python's numbers take a third of the time of numpy's
        (width, height), (x, y), cos, sin = scale.tolist(), middle.tolist(), float(cos), float(sin)
        valid = width > 0 and height > 0
    else:
        width, height, x, y = scale[..., 0], scale[..., 1], middle[..., 0], middle[..., 1]
        valid = (scale > 0).all()
    if not valid:
        raise ValueError(f"crop_affine: scale_wh is {scale.tolist()}; width and height of a box must be above zero")
    box = _Box(x + width * shift[0], y + height * shift[1], width, height, cos, sin)
    rows = _udp_rows(box, size_wh) if use_udp else _plain_rows(box, size_wh, keep_aspect=keep_aspect)
    flat = np.array(rows, dtype=np.float64) if single else np.stack(np.broadcast_arrays(*rows), axis=-1)
    return Affine(flat.reshape(*flat.shape[:-1], 2, 3), "image", "input")


class _Box(NamedTuple):
    """A turned box: numbers, or arrays of one shape. A crop is found for every sample, so this is plain arithmetic."""

    x: Any
    y: Any
    width: Any
    height: Any
    cos: Any
    sin: Any


# Numbers are published for models whose crops were found in single precision: the last digits decide to
# which 1/32 pixel the resampling rounds, and so some grey levels. Both rules keep to that precision.


def _udp_rows(box: _Box, size_wh: tuple[int, int]) -> list[Any]:
    """Return the six entries of the matrix that stretches each axis on its own, held to single precision."""
    width, height = size_wh[0] - 1, size_wh[1] - 1
    across, down = width / box.width, height / box.height
    rows = (
        (across * box.cos, across * box.sin, width / 2),
        (down * -box.sin, down * box.cos, height / 2),
    )
    return [np.float32(value) for a, b, middle in rows for value in (a, b, middle - (a * box.x + b * box.y))]


def _plain_rows(box: _Box, size_wh: tuple[int, int], *, keep_aspect: bool) -> list[Any]:
    """Return the six entries of the matrix that takes three points of the box, held to single precision, to the input.

    The points are the box's middle, the middle of its left edge, and a third as far above that as
    they are apart, or with ``keep_aspect`` false the middle of its upper edge.
    """
    width, height = size_wh
    middle = np.float32(box.x), np.float32(box.y)
    edge = np.float32(box.x - box.cos * box.width / 2), np.float32(box.y - box.sin * box.width / 2)
    if keep_aspect:
        third = edge[0] - (middle[1] - edge[1]), edge[1] + (middle[0] - edge[0])
        goal = -width / 2, width / 2
    else:
        third = np.float32(box.x + box.sin * box.height / 2), np.float32(box.y - box.cos * box.height / 2)
        goal = 0.0, -height / 2
    x, y = np.float64(middle[0]), np.float64(middle[1])
    edge_x, edge_y, third_x, third_y = edge[0] - x, edge[1] - y, third[0] - x, third[1] - y
    determinant = edge_x * third_y - edge_y * third_x
    rows: list[Any] = []
    for edge_goal, third_goal, middle_goal in ((-width / 2, goal[0], width / 2), (0.0, goal[1], height / 2)):
        a = (edge_goal * third_y - third_goal * edge_y) / determinant
        b = (third_goal * edge_x - edge_goal * third_x) / determinant
        rows += [a, b, middle_goal - (a * x + b * y)]
    return rows
