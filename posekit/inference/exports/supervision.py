"""Poses as the package supervision has them."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from posekit.inference.results import PoseResult


def supervision_key_points(result: PoseResult) -> Any:
    """Return the persons of an image as ``supervision.KeyPoints``, all of class 0.

    Raises:
        ModuleNotFoundError: if supervision is not installed.
    """
    key_points = import_module("supervision").KeyPoints
    count = len(result)
    data = {} if result.track_ids is None else {"tracker_id": np.asarray(result.track_ids)}
    scores = np.asarray(result.scores, np.float32)
    # Later versions tell the confidence of keypoints from that of persons.
    own = inspect.signature(key_points).parameters
    confidence = "keypoint_confidence" if "keypoint_confidence" in own else "confidence"
    xy = np.asarray(result.keypoints[..., :2], np.float32)
    return key_points(xy=xy, class_id=np.zeros(count, int), data=data, **{confidence: scores})
