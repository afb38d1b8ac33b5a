"""3D joints relative to a root, from the keypoints of one image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, namespace
from posekit.codecs import pose_lifting
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.registry import CODECS

LIFTING_INSTANCES = {key: key for key in ("lifting_target", "lifting_target_visible")}
UNLABELED = ("unlabeled_target_2d", "intrinsics")
"""What ``UnlabeledPose`` gives samples without 3D labels; it is packed as it is."""
LIFTING_LABELS = {
    key: key for key in ("trajectory_weights", "lifting_target_label", "lifting_target_weight", *UNLABELED)
}


@CODECS.register_module()
class ImagePoseLifting(BaseCodec):
    """Target joints relative to a root; inputs and targets normalised by given means and deviations.

    Args:
        num_keypoints: K, of the input.
        root_index: the root joint, or several whose mean is taken.
        remove_root: leave the root out of the target; single roots only.
        save_index: tell with the target which joint that was.
        reshape_keypoints: give the network's input as (K D, T).
        concat_vis: add the visibility to the network's input.
        keypoints_mean: (K, D) subtracted from the input.
        keypoints_std: (K, D) the input is divided by.
        target_mean: (J, 3) subtracted from the target.
        target_std: (J, 3) the target is divided by.
        additional_encode_keys: names of further results that ``encode`` receives.

    Raises:
        ValueError: if a mean is given without deviation of the same shape.

    Source: Martinez et al., arXiv 1705.03098.
    """

    auxiliary_encode_keys: frozenset[str] = frozenset(LIFTING_INSTANCES)  # pyright: ignore[reportIncompatibleVariableOverride]
    instance_mapping_table: ClassVar[dict[str, str]] = LIFTING_INSTANCES
    label_mapping_table: ClassVar[dict[str, str]] = LIFTING_LABELS

    def __init__(
        self,
        num_keypoints: int,
        root_index: int | Sequence[int] = 0,
        remove_root: bool = False,
        save_index: bool = False,
        reshape_keypoints: bool = True,
        concat_vis: bool = False,
        keypoints_mean: Any = None,
        keypoints_std: Any = None,
        target_mean: Any = None,
        target_std: Any = None,
        additional_encode_keys: Sequence[str] | None = None,
    ) -> None:
        self.num_keypoints = num_keypoints
        self.root_index = [root_index] if isinstance(root_index, int) else list(root_index)
        self.remove_root = remove_root and len(self.root_index) == 1
        self.save_index = save_index
        self.reshape_keypoints = reshape_keypoints
        self.concat_vis = concat_vis
        num_targets = num_keypoints - 1 if remove_root else num_keypoints
        self.keypoints_mean, self.keypoints_std = _pair("keypoints", keypoints_mean, keypoints_std, num_keypoints)
        self.target_mean, self.target_std = _pair("target", target_mean, target_std, num_targets)
        keys = type(self).auxiliary_encode_keys | set(additional_encode_keys or ())
        self.auxiliary_encode_keys = keys  # pyright: ignore[reportIncompatibleVariableOverride]

    def encode(
        self,
        keypoints: Array,
        keypoints_visible: Array | None = None,
        lifting_target: Array | None = None,
        lifting_target_visible: Array | None = None,
        **auxiliary: Any,
    ) -> dict[str, Any]:
        """Encode keypoints (1, K, D) and target joints (1, J, 3).

        Returns:
            ``keypoint_labels`` as the network takes them with ``keypoint_labels_visible``,
            ``lifting_target_label`` (1, J, 3) with ``lifting_target_weight`` (1, J), ``trajectory_weights``
            (1, J), ``target_root`` (1, 3), and the means and deviations that were used.
        """
        visible = visibility_or_ones(keypoints, keypoints_visible)
        target = pose_lifting.lifting_target(keypoints, lifting_target, lifting_target_visible)
        encoded: dict[str, Any] = {}
        root = pose_lifting.root_of(target.joints, self.root_index)
        target.joints = target.joints - root[..., None, :]
        if self.remove_root:
            pose_lifting.remove_root(encoded, target, self.root_index[0], self.save_index)
        if self.keypoints_mean is not None and self.keypoints_std is not None:
            _check_shape("keypoints_mean", self.keypoints_mean, keypoints)
            encoded["keypoints_mean"], encoded["keypoints_std"] = self.keypoints_mean.copy(), self.keypoints_std.copy()
            mean, std = (asarray_like(value, keypoints) for value in (self.keypoints_mean, self.keypoints_std))
            keypoints = (keypoints - mean) / std
        if self.target_mean is not None and self.target_std is not None:
            _check_shape("target_mean", self.target_mean, target.joints)
            encoded["target_mean"], encoded["target_std"] = self.target_mean.copy(), self.target_std.copy()
            mean, std = (asarray_like(value, target.joints) for value in (self.target_mean, self.target_std))
            target.joints = (target.joints - mean) / std
        encoded["keypoint_labels"] = pose_lifting.network_input(
            keypoints, visible, concat_vis=self.concat_vis, reshape=self.reshape_keypoints
        )
        encoded["keypoint_labels_visible"] = visible
        encoded["lifting_target_label"] = target.joints
        encoded["lifting_target_weight"] = target.weight
        encoded["trajectory_weights"] = target.trajectory_weight
        encoded["target_root"] = root
        return encoded

    def decode(self, encoded: Array, target_root: Array | None = None) -> tuple[Array, Array]:
        """Undo normalisation and removal of the root.

        Args:
            encoded: (..., J, 3).
            target_root: (..., 3), or None to leave joints relative to the root.

        Returns:
            Joints (..., J, 3), the root among them if it is known, and scores (..., J) of one.
        """
        xp = namespace(encoded)
        joints = encoded
        if self.target_mean is not None and self.target_std is not None:
            _check_shape("target_mean", self.target_mean, joints)
            joints = joints * asarray_like(self.target_std, joints) + asarray_like(self.target_mean, joints)
        joints = pose_lifting.with_root(joints, target_root, self.root_index[0] if self.remove_root else None)
        return joints, xp.ones_like(joints[..., 0])

    def batch_decode(self, encoded: Array, target_root: Array | None = None) -> tuple[Array, Array]:
        return self.decode(encoded, target_root)


def _pair(name: str, mean: Any, std: Any, count: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return mean and deviation as (1, count, D), or two times None.

    Raises:
        ValueError: if one is missing or they differ in shape.
    """
    if mean is None and std is None:
        return None, None
    if mean is None or std is None or np.size(mean) != np.size(std):
        raise ValueError(f"ImagePoseLifting.{name}_mean and {name}_std: give both, of the same shape, or neither")
    pair = (np.asarray(value, dtype=np.float32).reshape(1, count, -1) for value in (mean, std))
    return next(pair), next(pair)


def _check_shape(name: str, setting: np.ndarray, values: Array) -> None:
    if setting.shape[1:] != tuple(values.shape[-2:]):
        raise ValueError(f"ImagePoseLifting.{name}: shape {setting.shape[1:]} for values {tuple(values.shape[-2:])}")
