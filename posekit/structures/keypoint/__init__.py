"""Keypoints: flips and borders."""

from posekit.structures.keypoint.transforms import flip_keypoints, flip_keypoints_custom_center, keypoint_clip_border

__all__ = ["flip_keypoints", "flip_keypoints_custom_center", "keypoint_clip_border"]
