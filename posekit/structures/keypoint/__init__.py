"""Keypoints: flips and borders."""

from posekit.structures.keypoint.clip import keypoint_clip_border
from posekit.structures.keypoint.flip import flip_keypoints, flip_keypoints_custom_center

__all__ = ["flip_keypoints", "flip_keypoints_custom_center", "keypoint_clip_border"]
