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
    size = np.asarray(size_wh, dtype=np.float64) - (1.0 if use_udp else 0.0)
    middle = np.asarray(center, dtype=np.float64) + scale * np.asarray(shift)
    factor = size / scale
    if keep_aspect and not use_udp:
        factor = np.broadcast_to(factor[..., :1], factor.shape)
    angle = np.deg2rad(np.asarray(rotation_deg, dtype=np.float64))
    cos, sin = np.cos(angle), np.sin(angle)
    turn_back = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], -2)
    linear = factor[..., :, None] * turn_back
    offset = size[..., None] / 2 - linear @ middle[..., None]
    return Affine(np.concatenate([linear, offset], axis=-1), "image", "input")
