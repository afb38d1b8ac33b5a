"""Keypoints outside of the image."""

from __future__ import annotations

import numpy as np


def keypoint_clip_border(
    keypoints: np.ndarray, keypoints_visible: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Mark keypoints outside of the image as invisible; coordinates stay.

    Args:
        keypoints: (..., K, D).
        keypoints_visible: (..., K), or (..., K, C) whose first channel is the visibility.
        shape: width and height.

    Returns:
        The keypoints and a changed copy of their visibility.
    """
    points = keypoints[..., :2]
    outside = ((points < 0) | (points > np.asarray(shape[:2]))).any(-1)
    visible = keypoints_visible.copy()
    if visible.ndim == keypoints.ndim:
        visible[..., 0][outside] = 0
    else:
        visible[outside] = 0
    return keypoints, visible
