"""Samples of lifters without 3D labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class UnlabeledPose(BaseTransform):
    """Have a sample of a lifter count as unlabelled, so that ``semi_loss`` learns from it instead of its 3D target.

    Its place is before ``GenerateTarget``, in the pipeline of the videos without 3D labels. ``CombinedDataset`` mixes
    them with labelled ones; each batch needs a labelled sample.

    Raises:
        ValueError: if the sample has several target frames, or its camera no ``f`` and ``c``.
    """

    requires = ("keypoints", "target_idx", "camera_param")
    provides = ("unlabeled_target_2d", "intrinsics")

    def transform(self, results: Results) -> Results:
        frames = np.atleast_1d(results["target_idx"])
        if len(frames) != 1:
            raise ValueError(f"UnlabeledPose: needs one target frame in a sample, found {len(frames)}")
        results["unlabeled_target_2d"] = results["keypoints"][frames, :, :2].astype(np.float32)
        cameras = results["camera_param"]
        results["intrinsics"] = intrinsics(cameras if isinstance(cameras, dict) else cameras[0])
        return results


def intrinsics(camera: dict[str, Any]) -> np.ndarray:
    """Return a camera's focal lengths and centre (1, 4), or with its distortion ``k`` and ``p`` (1, 9)."""
    missing = [key for key in ("f", "c") if key not in camera]
    if missing:
        raise ValueError(f"UnlabeledPose: camera_param lacks {' and '.join(missing)}, in pixels")
    keys = ("f", "c", "k", "p") if "k" in camera and "p" in camera else ("f", "c")
    return np.concatenate([np.ravel(camera[key]) for key in keys]).astype(np.float32)[None]
