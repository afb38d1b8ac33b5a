"""An affine map that knows its source and target space.

The conventions of the whole package are written here, once:

- Points are (x, y); x runs to the right, y down; pixel centres sit at integers.
- Sizes are (w, h) where a name ends in ``_wh`` and (h, w) where it ends in ``_hw``.
- Boxes are xyxy unless their name says otherwise.
- A positive angle, in degrees, turns clockwise on screen.
- "image" are the pixels of the original image, "input" those the network sees, "output"
  the cells of heatmaps, the bins of SimCC or normalised coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from posekit.array import ArrayT, is_tensor

if TYPE_CHECKING:
    from torch import Tensor

EDGE = 0.5
"""From the corner of an image to the centre of its first pixel: boxes of annotation files and of detectors count from
the corner, so that a whole image is (0, 0, w, h)."""


@dataclass(frozen=True, eq=False)
class Affine:
    """Maps points of the space ``source`` to the space ``target``: ``y = A x + b``.

    Shapes: matrix (..., 2, 3), float64, ``[A | b]``; leading dimensions are a batch of maps.

    Raises:
        ValueError: if the matrix has another shape.

    Example:
        >>> crop = Affine.translate((-10, -20), "image", "input")
        >>> crop.points(np.array([[12.0, 25.0]])).tolist()
        [[2.0, 5.0]]
        >>> crop.inverse().points(np.array([[2.0, 5.0]])).tolist()
        [[12.0, 25.0]]
    """

    matrix: np.ndarray
    source: str
    target: str

    def __post_init__(self) -> None:
        matrix = np.asarray(self.matrix, dtype=np.float64)
        if matrix.shape[-2:] != (2, 3):
            raise ValueError(
                f"Affine {self.source}->{self.target}: the matrix is {matrix.shape}; it must be (..., 2, 3)"
            )
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def identity(cls, source: str = "image", target: str | None = None) -> Affine:
        return cls(np.eye(2, 3), source, target or source)

    @classmethod
    def translate(
        cls, offset_xy: Sequence[float] | np.ndarray, source: str = "image", target: str | None = None
    ) -> Affine:
        """Move points by ``offset_xy`` (..., 2)."""
        offset = np.asarray(offset_xy, dtype=np.float64)
        linear = np.broadcast_to(np.eye(2), (*offset.shape[:-1], 2, 2))
        return cls(np.concatenate([linear, offset[..., None]], axis=-1), source, target or source)

    @classmethod
    def scale(
        cls, factor_xy: float | Sequence[float] | np.ndarray, source: str = "image", target: str | None = None
    ) -> Affine:
        """Multiply coordinates by ``factor_xy``, one factor or one per axis."""
        x, y = np.broadcast_to(np.asarray(factor_xy, dtype=np.float64), (2,))
        return cls(np.array([[x, 0, 0], [0, y, 0]]), source, target or source)

    @classmethod
    def rotate(
        cls, degrees: float, center_xy: Sequence[float] | np.ndarray = (0.0, 0.0), space: str = "image"
    ) -> Affine:
        """Turn points about ``center_xy``; positive is clockwise on screen."""
        angle = np.deg2rad(degrees)
        cos, sin = np.cos(angle), np.sin(angle)
        linear = np.array([[cos, -sin], [sin, cos]])
        center = np.asarray(center_xy, dtype=np.float64)
        return cls(np.column_stack([linear, center - linear @ center]), space, space)

    @classmethod
    def flip(cls, size_wh: tuple[int, int], direction: str = "horizontal", space: str = "image") -> Affine:
        """Mirror an image of ``size_wh``: x becomes w - 1 - x, and y likewise for "vertical" and "diagonal".

        Raises:
            ValueError: for another direction.
        """
        if direction not in ("horizontal", "vertical", "diagonal"):
            raise ValueError(f"Affine.flip: direction {direction!r}; allowed are horizontal, vertical, diagonal")
        w, h = size_wh
        matrix = np.eye(2, 3)
        if direction != "vertical":
            matrix[0] = (-1, 0, w - 1)
        if direction != "horizontal":
            matrix[1] = (0, -1, h - 1)
        return cls(matrix, space, space)

    def __matmul__(self, first: Affine) -> Affine:
        """Compose: ``(b @ a).points(p)`` equals ``b.points(a.points(p))``.

        Raises:
            ValueError: if ``first`` does not end where this map starts.
        """
        if first.target != self.source:
            raise ValueError(
                f"cannot follow {first.source}->{first.target} by {self.source}->{self.target}: "
                f"the first ends in '{first.target}' and the second starts in '{self.source}'"
            )
        matrix = self.matrix[..., :2] @ first.matrix
        matrix[..., 2] += self.matrix[..., 2]
        return Affine(matrix, first.source, self.target)

    def inverse(self) -> Affine:
        """Return the map back.

        Raises:
            ValueError: if this map loses a dimension, as with a crop of zero width.
        """
        a, b, c, d = (self.matrix[..., i, j] for i in range(2) for j in range(2))
        det = a * d - b * c
        if not np.all(np.isfinite(det) & (det != 0)):
            raise ValueError(f"Affine {self.source}->{self.target} has no inverse: its matrix is\n{self.matrix}")
        linear = np.stack([np.stack([d, -b], -1), np.stack([-c, a], -1)], -2) / det[..., None, None]
        offset = -linear @ self.matrix[..., 2:]
        return Affine(np.concatenate([linear, offset], axis=-1), self.target, self.source)

    def points(self, points: ArrayT) -> ArrayT:
        """Map points (..., D) of numpy or torch; x and y change, further coordinates are kept.

        A batch of maps (B, 2, 3) goes with points (B, ..., D). Floating dtypes are kept, on the
        device of the points; integers become float64.
        """
        inner = points.ndim - 1 - (self.matrix.ndim - 2)
        if inner < 0:
            raise ValueError(
                f"Affine {self.source}->{self.target}: points {tuple(points.shape)} have fewer leading dimensions "
                f"than the batch of maps {self.matrix.shape[:-2]}"
            )
        matrix = self.matrix.reshape((*self.matrix.shape[:-2], *(1,) * inner, 2, 3))
        mapped = _map_tensor(matrix, points) if is_tensor(points) else _map_array(matrix, np.asarray(points))
        return cast("ArrayT", mapped)

    def corner_points(self, points: ArrayT) -> ArrayT:
        """Map points (..., D) that count from the corner of an image, not from its first pixel's centre."""
        return self.points(points - EDGE) + EDGE


def _map_array(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    dtype = points.dtype if points.dtype.kind == "f" else np.float64
    x, y = points[..., 0], points[..., 1]
    mapped = np.empty(points.shape, dtype)
    for row in range(2):
        mapped[..., row] = matrix[..., row, 0] * x + matrix[..., row, 1] * y + matrix[..., row, 2]
    mapped[..., 2:] = points[..., 2:]
    return mapped


def _map_tensor(matrix: np.ndarray, points: Tensor) -> Tensor:
    import torch

    dtype = points.dtype if points.dtype.is_floating_point else torch.float64
    # Half precision has 11 bits: a coordinate of 1000 px would move by half a pixel on the way.
    work = torch.float32 if dtype.itemsize < 4 else dtype
    rows = torch.as_tensor(matrix, dtype=work, device=points.device)
    xy = points[..., :2].to(work)
    # Written out, since a matrix product may run in reduced precision on a GPU.
    mapped = rows[..., 0] * xy[..., :1] + rows[..., 1] * xy[..., 1:] + rows[..., 2]
    return torch.cat([mapped.to(dtype), points[..., 2:].to(dtype)], dim=-1)
