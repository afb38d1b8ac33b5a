"""Matrices that map a box to the network's input, as plain arrays.

Inside posekit use ``posekit.geometry.crop_affine``, which also knows the spaces it maps between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from posekit.geometry.crop import crop_affine


def get_warp_matrix(
    center: np.ndarray,
    scale: np.ndarray,
    rot: float,
    output_size: tuple[int, int],
    shift: tuple[float, float] = (0.0, 0.0),
    inv: bool = False,
    fix_aspect_ratio: bool = True,
) -> np.ndarray:
    """Return the matrix (2, 3) of the plain crop, or its inverse; see ``crop_affine``."""
    affine = crop_affine(center, scale, rot, output_size, shift=shift, keep_aspect=fix_aspect_ratio)
    return affine.inverse().matrix if inv else affine.matrix


def get_udp_warp_matrix(center: np.ndarray, scale: np.ndarray, rot: float, output_size: tuple[int, int]) -> np.ndarray:
    """Return the matrix (2, 3) of the unbiased crop; the rotation turns the same way as the plain crop's."""
    return crop_affine(center, scale, rot, output_size, use_udp=True).matrix


def get_pers_warp_matrix(
    center: np.ndarray, translate: np.ndarray, scale: float, rot: float, shear: Sequence[float]
) -> np.ndarray:
    """Return the matrix (3, 3) that scales, turns and shears about ``center`` and then moves by ``translate``.

    Args:
        center: (x, y) of the fixed point, before the move.
        translate: (x, y) in pixels.
        scale: factor of both axes.
        rot: degrees; positive turns the image clockwise on screen.
        shear: degrees along x and y.
    """
    cos, sin = math.cos(math.radians(rot)), math.sin(math.radians(rot))
    shear_x, shear_y = (math.tan(math.radians(angle)) for angle in shear)
    linear = np.array([[1, shear_x], [shear_y, 1]]) @ (scale * np.array([[cos, -sin], [sin, cos]]))
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = np.asarray(center) + np.asarray(translate) - linear @ np.asarray(center)
    return matrix
