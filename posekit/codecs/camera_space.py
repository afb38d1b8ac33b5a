"""Keypoints with a depth, brought from image pixels to the camera's space."""

from __future__ import annotations

import numpy as np

from posekit.array import to_numpy
from posekit.codecs.simcc_3d_label import MEAN_ROOT_DEPTH
from posekit.structures import InstanceData, PoseDataSample

FOCAL_LENGTH = (1145.04940459, 1143.78109572)
"""Of Human3.6M's first camera, in pixels: where a sample does not tell its camera."""


def to_camera(points: np.ndarray, depth: np.ndarray, sample: PoseDataSample) -> np.ndarray:
    """Return keypoints (N, K, 3) in metres in the camera's space.

    Args:
        points: (N, K, 2) in image pixels.
        depth: (N, K) in metres relative to the root.
        sample: tells the camera, the root's depth and the image's size where it knows them.
    """
    known = sample.get("gt_instances") or InstanceData()
    cameras = known.get("camera_params")
    if cameras is None:
        focal, center = FOCAL_LENGTH, [side / 2 for side in reversed(sample.metainfo["ori_shape"][:2])]
    else:
        focal, center = cameras[0]["f"], cameras[0]["c"]
    root_z = np.asarray(to_numpy(known.get("root_z", MEAN_ROOT_DEPTH)), dtype=np.float32).reshape(-1, 1)
    z = (depth + root_z)[..., None]
    rays = (points - np.reshape(center, 2)) / np.reshape(focal, 2)
    return np.concatenate([rays * z, z], axis=-1).astype(np.float32)
