"""The map from a box in the picture to the network's input."""

from __future__ import annotations

from collections.abc import Sequence

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
    that the picture inside the input turns the other way.

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
    scale = np.asarray(scale_wh, dtype=np.float64)
    if not np.all(scale > 0):
        raise ValueError(f"crop_affine: scale_wh is {scale.tolist()}; width and height of a box must be above zero")
    middle = np.asarray(center, dtype=np.float64) + scale * np.asarray(shift)
    angle = np.deg2rad(np.asarray(rotation_deg, dtype=np.float64))
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
    size = np.asarray(size_wh, dtype=np.float64)
    matrix = (
        _udp_matrix(middle, scale, turn, size - 1)
        if use_udp
        else _plain_matrix(middle, scale, turn, size, keep_aspect=keep_aspect)
    )
    return Affine(matrix, "image", "input")


# Numbers are published for models whose crops were found in single precision: the last digits decide to
# which 1/32 pixel the resampling rounds, and so some grey levels. Both rules keep to that precision.


def _udp_matrix(middle: np.ndarray, scale: np.ndarray, turn: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the matrix (..., 2, 3) that stretches each axis on its own, held to single precision."""
    linear = (size / scale)[..., :, None] * np.swapaxes(turn, -1, -2)
    offset = size[..., None] / 2 - linear @ middle[..., None]
    return np.concatenate([linear, offset], axis=-1).astype(np.float32).astype(np.float64)


def _plain_matrix(
    middle: np.ndarray, scale: np.ndarray, turn: np.ndarray, size: np.ndarray, *, keep_aspect: bool
) -> np.ndarray:
    """Return the matrix (..., 2, 3) that takes three points of the box, held to single precision, to the input."""
    left, top = turn[..., 0] * scale[..., :1] / -2, turn[..., 1] * scale[..., 1:] / -2
    origin, edge = middle.astype(np.float32), (middle + left).astype(np.float32)
    if keep_aspect:
        across = origin - edge
        third = edge + np.stack([-across[..., 1], across[..., 0]], axis=-1)
        target_third = np.array([0.0, size.sum() / 2])
    else:
        third, target_third = (middle + top).astype(np.float32), np.array([size[0] / 2, 0.0])
    target = np.stack([size / 2, np.array([0.0, size[1] / 2]), target_third], axis=-2)
    source = np.stack([origin, edge, third], axis=-2).astype(np.float64)
    solution = np.asarray(np.linalg.solve(source[..., 1:, :] - source[..., :1, :], target[1:] - target[0]), np.float64)
    linear = np.swapaxes(solution, -1, -2)
    offset = target[0][:, None] - linear @ source[..., 0, :, None]
    return np.concatenate([linear, offset], axis=-1)
