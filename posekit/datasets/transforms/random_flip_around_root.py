"""Random mirror images of keypoints in 2D and 3D."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform, random_generator
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS
from posekit.structures.keypoint import flip_keypoints_custom_center

OPTIONS = {"center_mode", "center_x", "center_index"}


@TRANSFORMS.register_module()
class RandomFlipAroundRoot(BaseTransform):
    """Mirror the keypoints and the 3D target of a lifter, each at its own vertical line.

    Args:
        keypoints_flip_cfg: the keypoints' ``center_mode`` (``static`` or ``root``), ``center_x``, ``center_index``.
        target_flip_cfg: the same for the target.
        flip_prob: chance of a flip.
        flip_camera: mirror the camera's centre and tangential distortion too.
        flip_label: mirror ``keypoint_labels`` and ``lifting_target_label`` instead.
    """

    requires = ()

    def __init__(
        self,
        keypoints_flip_cfg: dict[str, Any],
        target_flip_cfg: dict[str, Any],
        flip_prob: float = 0.5,
        flip_camera: bool = False,
        flip_label: bool = False,
    ) -> None:
        if unknown := {*keypoints_flip_cfg, *target_flip_cfg} - OPTIONS:
            raise ValueError(
                f"RandomFlipAroundRoot: a flip knows {', '.join(sorted(OPTIONS))}, not {', '.join(sorted(unknown))}"
            )
        if not 0 <= flip_prob <= 1:
            raise ValueError(f"RandomFlipAroundRoot.flip_prob: must be from 0 to 1, found {flip_prob}")
        self.keypoints_flip_cfg = keypoints_flip_cfg
        self.target_flip_cfg = target_flip_cfg
        self.flip_prob = flip_prob
        self.flip_camera = flip_camera
        self.flip_label = flip_label

    def transform(self, results: Results) -> Results:
        if random_generator(results).random() >= self.flip_prob:
            return results
        if self.flip_label:
            self.mirror(results, "keypoint_labels", "keypoint_labels_visible", self.keypoints_flip_cfg)
            self.mirror(results, "lifting_target_label", "lifting_target_visible", self.target_flip_cfg)
        else:
            self.mirror(results, "keypoints", "keypoints_visible", self.keypoints_flip_cfg)
            self.mirror(results, "lifting_target", "lifting_target_visible", self.target_flip_cfg)
        if self.flip_camera:
            cameras = results["camera_param"]
            alone = isinstance(cameras, dict)  # some datasets give a list with one
            results["camera_param"] = mirror_camera(cameras) if alone else list(map(mirror_camera, cameras))
        return results

    def mirror(self, results: Any, key: str, visible_key: str, options: dict[str, Any]) -> None:
        """Mirror the points (..., K, D) called ``key``, and their visibility."""
        if key not in results:
            raise KeyError(f"RandomFlipAroundRoot needs '{key}' in the results, which hold {sorted(results)}")
        points = results[key]
        visible = results.get(visible_key)
        if visible is None:
            visible = np.ones(points.shape[:-1], np.float32)
        order = results.get("flip_indices", range(points.shape[-2]))
        results[key], results[visible_key] = flip_keypoints_custom_center(points, visible, order, **options)


def mirror_camera(camera: dict[str, Any]) -> dict[str, Any]:
    """Return camera parameters with the sign of the first entry of ``c``, and of ``p`` if there is one, turned."""
    mirrored = dict(camera)
    for key in ("c", "p"):
        if key in camera:
            mirrored[key] = np.array(camera[key])
            mirrored[key][0] *= -1
    return mirrored
