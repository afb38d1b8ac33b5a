"""Keypoints mirrored, and marked where they leave the image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posekit.structures.bbox.transforms import MIRRORED_AXES


def flip_keypoints(
    keypoints: np.ndarray,
    keypoints_visible: np.ndarray | None,
    image_size: tuple[int, int],
    flip_indices: Sequence[int],
    direction: str = "horizontal",
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return keypoints as they lie in the mirrored image, left and right swapped.

    Convention: pixel centres at integers, so that x becomes ``width - 1 - x``. A diagonal flip
    is a half turn: left stays left, so nothing is swapped.

    Args:
        keypoints: (..., K, D), D of 2 or more; only x and y change.
        keypoints_visible: (..., K) or (..., K, C), or None.
        image_size: width and height.
        flip_indices: counterpart of each keypoint on the other side.
        direction: "horizontal", "vertical" or "diagonal".

    Raises:
        ValueError: for another direction, or when the visibility does not match the keypoints.
    """
    if direction not in MIRRORED_AXES:
        raise ValueError(f"flip_keypoints: direction {direction!r}; allowed are {', '.join(MIRRORED_AXES)}")
    lead = keypoints.shape[:-1]
    if keypoints_visible is not None and keypoints_visible.shape[: len(lead)] != lead:
        raise ValueError(f"flip_keypoints: keypoints {keypoints.shape} and visibility {keypoints_visible.shape} differ")
    mirrored, visible = keypoints.copy(), keypoints_visible
    if direction != "diagonal":
        mirrored = np.take(keypoints, flip_indices, axis=len(lead) - 1)
        visible = None if visible is None else np.take(visible, flip_indices, axis=len(lead) - 1)
    for axis in MIRRORED_AXES[direction]:
        mirrored[..., axis] = image_size[axis] - 1 - mirrored[..., axis]
    return mirrored, visible


def flip_keypoints_custom_center(
    keypoints: np.ndarray,
    keypoints_visible: np.ndarray,
    flip_indices: Sequence[int],
    center_mode: str = "static",
    center_x: float = 0.5,
    center_index: int | Sequence[int] = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Mirror keypoints at a vertical line, left and right swapped.

    Args:
        keypoints: (..., K, D).
        keypoints_visible: (..., K) or (..., K, C).
        flip_indices: counterpart of each keypoint on the other side.
        center_mode: "static" for the line x = ``center_x``, "root" for the one through the keypoints ``center_index``.
        center_x: the line's x.
        center_index: one keypoint or several, whose mean x is taken.

    Raises:
        ValueError: for another mode, or a root that is no keypoint.
    """
    if center_mode not in ("static", "root"):
        raise ValueError(f"flip_keypoints_custom_center: center_mode {center_mode!r}; allowed are static, root")
    line: float | np.ndarray = center_x
    if center_mode == "root":
        roots = np.atleast_1d(center_index)
        if roots.max() >= keypoints.shape[-2]:
            raise ValueError(
                f"flip_keypoints_custom_center: center_index {center_index} with {keypoints.shape[-2]} keypoints"
            )
        line = keypoints[..., roots, 0].mean(-1)[..., None]
    mirrored = keypoints[..., list(flip_indices), :].copy()
    mirrored[..., 0] = 2 * line - mirrored[..., 0]
    return mirrored, np.take(keypoints_visible, flip_indices, axis=keypoints.ndim - 2)


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
