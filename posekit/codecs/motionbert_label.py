"""3D joints in pixels, as MotionBERT learns them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, namespace
from posekit.codecs import pose_lifting
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.codecs.image_pose_lifting import LIFTING_INSTANCES, LIFTING_LABELS
from posekit.codecs.video_pose_lifting import require_camera
from posekit.registry import CODECS


@CODECS.register_module()
class MotionBERTLabel(BaseCodec):
    """Keypoints in units of half the image's width; joints projected to the image, their depth in its pixels.

    Args:
        num_keypoints: K.
        root_index: the joint that targets are relative to.
        remove_root: kept from configs; the root stays in the target.
        save_index: kept from configs.
        concat_vis: add the visibility to the network's input.
        rootrel: set the first joint of predictions to zero.
        mode: "train" for targets in the network's units, "test" for targets in millimetres.

    Raises:
        ValueError: for another mode.

    Source: Zhu et al., arXiv 2210.06551.
    """

    auxiliary_encode_keys: ClassVar[frozenset[str]] = frozenset({*LIFTING_INSTANCES, "camera_param", "factor"})
    instance_mapping_table: ClassVar[dict[str, str]] = LIFTING_INSTANCES
    label_mapping_table: ClassVar[dict[str, str]] = LIFTING_LABELS

    def __init__(
        self,
        num_keypoints: int,
        root_index: int = 0,
        remove_root: bool = False,
        save_index: bool = False,
        concat_vis: bool = False,
        rootrel: bool = False,
        mode: str = "test",
    ) -> None:
        if mode.lower() not in ("train", "test"):
            raise ValueError(f"MotionBERTLabel.mode: {mode!r}; allowed are train, test")
        self.num_keypoints = num_keypoints
        self.root_index = root_index
        self.remove_root = remove_root
        self.save_index = save_index
        self.concat_vis = concat_vis
        self.rootrel = rootrel
        self.mode = mode.lower()

    def encode(
        self,
        keypoints: Array,
        keypoints_visible: Array | None = None,
        lifting_target: Array | None = None,
        lifting_target_visible: Array | None = None,
        camera_param: dict[str, Any] | None = None,
        factor: Array | None = None,
        **auxiliary: Any,
    ) -> dict[str, Any]:
        """Encode keypoints (T, K, 2) in pixels and joints (T, K, 3) in the camera's space.

        Args:
            keypoints: keypoints in pixels of the image.
            keypoints_visible: (T, K).
            lifting_target: (T, K, 3).
            lifting_target_visible: (T, K).
            camera_param: the image's size ``w`` and ``h`` and, to project joints, ``f`` and ``c``, (2,) or (2, 1).
            factor: (T,) millimetres per pixel; None or zeros to take it from the projection.

        Returns:
            ``keypoint_labels`` (T, K, 2 or 3) with ``keypoint_labels_visible`` (T, K), the target under
            ``lifting_target_label`` and ``lifting_target`` (T, K, 3) with ``lifting_target_weight`` and
            ``lifting_target_visible`` (T, K), and ``factor`` (T, 1).

        Raises:
            ValueError: if there is no target, the camera lacks what is needed, or ``f`` or ``c`` are not two numbers.
        """
        if lifting_target is None:
            raise ValueError("MotionBERTLabel.encode: the results have no lifting_target")
        camera = require_camera("MotionBERTLabel", camera_param, ("w", "h"))
        visible = visibility_or_ones(keypoints, keypoints_visible)
        target = pose_lifting.lifting_target(keypoints, lifting_target, lifting_target_visible)
        frames = keypoints[None] if keypoints.ndim == 2 else keypoints
        width, height = camera["w"], camera["h"]
        labels = frames[..., :2] * (2 / width) - asarray_like(np.array([1, height / width]), frames)
        joints, projected = target.joints, namespace(frames).ones_like(frames[:, 0, 0]) * 4
        if "f" in camera and "c" in camera:
            joints, projected = self._project(joints, camera)
        if self.mode == "train":
            joints = joints * (2000 / width) - asarray_like(np.array([1, height / width, 0]), joints)
        joints = joints - joints[..., self.root_index : self.root_index + 1, :]
        known: Array = projected if factor is None or factor[0] == 0 else factor
        known = known if known.ndim > 1 else known[:, None]
        if self.mode == "test":
            joints = joints * asarray_like(known, joints)[..., None]
        return {
            "keypoint_labels": pose_lifting.network_input(labels, visible, concat_vis=self.concat_vis, reshape=False),
            "keypoint_labels_visible": visible,
            "lifting_target_label": joints,
            "lifting_target_weight": target.weight,
            "lifting_target": joints,
            "lifting_target_visible": target.visible,
            "factor": known,
        }

    def _project(self, joints: Array, camera: dict[str, Any]) -> tuple[Array, Array]:
        """Return joints in thousands of pixels, with depth at the root's scale, and millimetres per such unit.

        The scale is that of a square of two millimetres at the root, seen by the camera.
        """
        xp = namespace(joints)
        focal, center = (asarray_like(_lens(camera, key) / 1000, joints) for key in ("f", "c"))
        xy = joints[..., :2] / joints[..., 2:] * focal + center
        root = joints[..., self.root_index, :]
        side = 2.0 / root[..., 2] * focal[0] + 0.001
        depth = (joints[..., 2] - root[..., 2:]) * (side / 2.0)[..., None]
        return xp.concat([xy, depth[..., None]], axis=-1), 2.0 / side

    def decode(
        self, encoded: Array, w: Array | None = None, h: Array | None = None, factor: Array | None = None
    ) -> tuple[Array, Array]:
        """Turn outputs into joints in metres, relative to the root.

        Args:
            encoded: (B, T, K, 3).
            w: width of the images, (B,) or (B, 1).
            h: their height.
            factor: millimetres per pixel, (B, T, 1) or (B, T).

        Returns:
            Joints (B, T, K, 3) and scores (B, T, K) of one.

        Raises:
            ValueError: if there is not one size or factor per sample.
        """
        xp = namespace(encoded)
        joints = encoded
        if self.rootrel:
            joints = xp.concat([0 * joints[..., :1, :], joints[..., 1:, :]], axis=-2)
        ones = (1,) * (joints.ndim - 1)
        if w is not None and h is not None and 0 not in w.shape:
            self._check_batch("w and h", w, joints)
            width, height = (asarray_like(size, joints).reshape((-1, *ones)) for size in (w, h))
            corner = xp.concat([xp.ones_like(width), height / width, xp.zeros_like(width)], axis=-1)
            joints = (joints + corner) * width / 2
        if factor is not None and 0 not in factor.shape:
            self._check_batch("factor", factor, joints)
            joints = joints * asarray_like(factor, joints).reshape((*joints.shape[:-2], 1, 1))
        joints = (joints - joints[..., self.root_index : self.root_index + 1, :]) / 1000.0
        return joints, xp.ones_like(joints[..., 0])

    def batch_decode(self, *encoded: Any, **options: Any) -> tuple[Array, Array]:
        return self.decode(*encoded, **options)

    def _check_batch(self, name: str, values: Array, joints: Array) -> None:
        if values.shape[0] != joints.shape[0]:
            raise ValueError(f"MotionBERTLabel.decode: {name} of {values.shape[0]} samples for {joints.shape[0]}")


def _lens(camera: dict[str, Any], key: str) -> np.ndarray:
    """Return a camera's focal lengths ``f`` or centre ``c`` as (2,); the usual files hold columns (2, 1)."""
    values = np.asarray(camera[key], np.float64).reshape(-1)
    if values.shape != (2,):
        raise ValueError(
            f"MotionBERTLabel: camera_param's {key} must be two numbers, x and y; found {camera[key]!r:.60}"
        )
    return values
