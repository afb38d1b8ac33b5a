"""3D joints relative to a root, from the keypoints of several frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, namespace
from posekit.codecs import pose_lifting
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.codecs.image_pose_lifting import LIFTING_INSTANCES, LIFTING_LABELS
from posekit.registry import CODECS


@CODECS.register_module()
class VideoPoseLifting(BaseCodec):
    """Keypoints in units of half the image's width; target joints relative to a root.

    Args:
        num_keypoints: K, of the input.
        zero_center: take the root's place off the target.
        root_index: the root joint, or several whose mean is taken.
        remove_root: leave the root out of the target; single roots only.
        save_index: tell with the target which joint that was.
        reshape_keypoints: give the network's input as (K D, T).
        concat_vis: add the visibility to the network's input.
        normalize_camera: also give the camera's focal length and centre in these units.

    Source: Pavllo et al., arXiv 1811.11742.
    """

    auxiliary_encode_keys: ClassVar[frozenset[str]] = frozenset({*LIFTING_INSTANCES, "camera_param"})
    instance_mapping_table: ClassVar[dict[str, str]] = LIFTING_INSTANCES
    label_mapping_table: ClassVar[dict[str, str]] = LIFTING_LABELS

    def __init__(
        self,
        num_keypoints: int,
        zero_center: bool = True,
        root_index: int | Sequence[int] = 0,
        remove_root: bool = False,
        save_index: bool = False,
        reshape_keypoints: bool = True,
        concat_vis: bool = False,
        normalize_camera: bool = False,
    ) -> None:
        self.num_keypoints = num_keypoints
        self.zero_center = zero_center
        self.root_index = [root_index] if isinstance(root_index, int) else list(root_index)
        self.remove_root = remove_root and len(self.root_index) == 1
        self.save_index = save_index
        self.reshape_keypoints = reshape_keypoints
        self.concat_vis = concat_vis
        self.normalize_camera = normalize_camera

    def encode(
        self,
        keypoints: Array,
        keypoints_visible: Array | None = None,
        lifting_target: Array | None = None,
        lifting_target_visible: Array | None = None,
        camera_param: dict[str, Any] | None = None,
        **auxiliary: Any,
    ) -> dict[str, Any]:
        """Encode keypoints (T, K, 2) and target joints (1, J, 3).

        Args:
            keypoints: keypoints in pixels of the image.
            keypoints_visible: (T, K).
            lifting_target: target in the camera's space.
            lifting_target_visible: (1, J).
            camera_param: the image's size ``w`` and ``h``, and for ``normalize_camera`` focal length
                ``f`` and centre ``c``, all in pixels.

        Returns:
            ``keypoint_labels`` as the network takes them with ``keypoints_visible``, ``lifting_target_label``
            (1, J, 3) with ``lifting_target_weight`` (1, J), ``trajectory_weights`` (1, J), and ``target_root`` (1, 3).

        Raises:
            ValueError: if the camera lacks what is needed.
        """
        visible = visibility_or_ones(keypoints, keypoints_visible)
        target = pose_lifting.lifting_target(keypoints, lifting_target, lifting_target_visible)
        encoded: dict[str, Any] = {}
        if self.zero_center:
            encoded["target_root"] = root = pose_lifting.root_of(target.joints, self.root_index)
            target.joints = target.joints - root[..., None, :]
            if self.remove_root:
                pose_lifting.remove_root(encoded, target, self.root_index[0], self.save_index)
        camera = require_camera("VideoPoseLifting", camera_param, ("w", "h"))
        center, half = np.array([camera["w"], camera["h"]]) / 2, camera["w"] / 2
        labels = (keypoints - asarray_like(center, keypoints)) / half
        if self.normalize_camera:
            require_camera("VideoPoseLifting.normalize_camera", camera_param, ("f", "c"))
            shift = (np.asarray(camera["c"]) - center[:, None]) / half
            encoded["camera_param"] = {**camera, "f": np.asarray(camera["f"]) / half, "c": shift}
        encoded["keypoint_labels"] = pose_lifting.network_input(
            labels, visible, concat_vis=self.concat_vis, reshape=self.reshape_keypoints
        )
        encoded["keypoints_visible"] = visible
        encoded["lifting_target_label"] = target.joints
        encoded["lifting_target_weight"] = target.weight
        encoded["trajectory_weights"] = target.trajectory_weight
        return encoded

    def decode(self, encoded: Array, target_root: Array | None = None) -> tuple[Array, Array]:
        """Move joints (..., J, 3) back to their root (..., 3), if it is known.

        Returns:
            Joints (..., J, 3) and scores (..., J) of one.
        """
        joints = pose_lifting.with_root(encoded, target_root, self.root_index[0] if self.remove_root else None)
        return joints, namespace(joints).ones_like(joints[..., 0])

    def batch_decode(self, encoded: Array, target_root: Array | None = None) -> tuple[Array, Array]:
        return self.decode(encoded, target_root)


def require_camera(who: str, camera: dict[str, Any] | None, keys: Sequence[str]) -> dict[str, Any]:
    """Return the camera's parameters.

    Raises:
        ValueError: if one of ``keys`` is missing.
    """
    missing = [key for key in keys if key not in (camera or {})]
    if camera is None or missing:
        raise ValueError(f"{who}: camera_param lacks {', '.join(missing)}; the annotations must give it in pixels")
    return camera
