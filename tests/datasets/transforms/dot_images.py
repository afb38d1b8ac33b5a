"""Dark images with one bright dot, to see where a transform moves a point."""

from __future__ import annotations

from typing import Any

import numpy as np

WIDTH, HEIGHT = 80, 60
KEYPOINTS = np.array([[[40, 32], [30, 20], [50, 22], [32, 44], [52, 42], [41, 50]]], np.float32)
DOT_SIGMA = 2.0


def dot_image(x: float, y: float, size_wh: tuple[int, int] = (WIDTH, HEIGHT)) -> np.ndarray:
    """Return a BGR image with a Gaussian dot at (x, y), different in each channel."""
    columns, rows = np.arange(size_wh[0]), np.arange(size_wh[1])[:, None]
    dot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * DOT_SIGMA**2))
    return np.rint(dot[..., None] * (250, 200, 150)).astype(np.uint8)


def dot_center(img: np.ndarray) -> np.ndarray:
    """Return the centroid (x, y) of the brightness."""
    weights = img.astype(float).sum(axis=-1)
    columns, rows = np.arange(img.shape[1]), np.arange(img.shape[0])
    return np.array([weights.sum(0) @ columns, weights.sum(1) @ rows]) / weights.sum()


class SmallDataset:
    """Three times the same sample."""

    def __init__(self, info: dict[str, Any]) -> None:
        self.info = info

    def __len__(self) -> int:
        return 3

    def get_data_info(self, index: int) -> dict[str, Any]:
        return dict(self.info)
