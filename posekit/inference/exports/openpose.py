"""Poses in the JSON that OpenPose writes, one object for each frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from posekit.inference.results import PoseResult

VERSION = 1.3
EMPTY = ("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d", "face_keypoints_3d",
         "hand_left_keypoints_3d", "hand_right_keypoints_3d")  # fmt: skip


def openpose_frame(result: PoseResult) -> dict[str, Any]:
    """Return the persons of an image: x, y, score of each keypoint in the model's own order; 0 where missing.

    The key ``pose_keypoints_3d`` holds coordinates in space as x, y, z, score; lifted poses have no others.
    """
    return {"version": VERSION, "people": [person(result, row) for row in range(len(result))]}


def person(result: PoseResult, row: int) -> dict[str, Any]:
    points = np.column_stack([result.keypoints[row], result.scores[row]]).astype(np.float64)
    points[np.isnan(points).any(1)] = 0
    deep, lifted = result.keypoints.shape[-1] == 3, result.boxes is None
    flat = np.delete(points, 2, axis=1) if deep else points
    return {
        "person_id": [-1 if result.track_ids is None else int(result.track_ids[row])],
        "pose_keypoints_2d": [] if deep and lifted else numbers(flat),
        "pose_keypoints_3d": numbers(points) if deep else [],
        **{name: [] for name in EMPTY},
    }


def numbers(points: np.ndarray) -> list[float]:
    return np.round(points, 4).reshape(-1).tolist()
