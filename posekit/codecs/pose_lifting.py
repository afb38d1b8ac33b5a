"""What the codecs that lift keypoints from 2D to 3D share.

Shapes: T frames, K keypoints of the input, J joints of the target, D coordinates of the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from posekit.array import Array, asarray_like, namespace


@dataclass
class LiftingTarget:
    """Target joints (..., J, 3) with visibility, loss weights and inverse depths (..., J)."""

    joints: Array
    visible: Array
    weight: Array
    trajectory_weight: Array


def lifting_target(keypoints: Array, target: Array | None, visible: Array | None) -> LiftingTarget:
    """Return the target with its weights; without visibility all joints count, and trajectories by inverse depth."""
    joints: Array = keypoints[:1] if target is None else target
    xp = namespace(joints)
    if visible is None:
        ones = xp.ones_like(joints[..., 0])
        # Near people count more, as in arXiv 1811.11742. Where there is visibility it replaces that: all datasets have
        # it, so the released trajectory models were trained with weights of zero and one.
        return LiftingTarget(joints, ones, ones, 1 / joints[..., -1])
    weight = xp.astype(asarray_like(visible, joints) > 0.5, xp.float32)
    return LiftingTarget(joints, visible, weight, weight)


def root_of(target: Array, root_index: Sequence[int]) -> Array:
    """Return the mean (..., 3) of the root joints of targets (..., J, 3).

    Raises:
        ValueError: if a root is no joint.
    """
    if max(root_index) >= target.shape[-2]:
        raise ValueError(f"root_index {list(root_index)}: the target has only {target.shape[-2]} joints")
    return namespace(target).mean(target[..., list(root_index), :], axis=-2)


def without(array: Array, index: int, axis: int) -> Array:
    """Return the array less the entry ``index`` of ``axis``, counted from the end."""
    xp = namespace(array)
    moved = xp.moveaxis(array, axis, 0)
    return xp.moveaxis(xp.concat([moved[:index], moved[index + 1 :]], axis=0), 0, axis)


def remove_root(encoded: dict[str, Any], target: LiftingTarget, root_index: int, save_index: bool) -> None:
    """Take the root out of the target and note it in ``encoded``."""
    target.joints = without(target.joints, root_index, -2)
    target.visible = without(target.visible, root_index, -1)
    target.weight = without(target.weight, root_index, -1)
    encoded["target_root_removed"] = True
    if save_index:
        encoded["target_root_index"] = root_index


def with_root(joints: Array, target_root: Array | None, insert_at: int | None = None) -> Array:
    """Move joints (..., J, 3) to their root (..., 3), and put it among them where it had been removed."""
    if target_root is None or 0 in target_root.shape:
        return joints
    xp = namespace(joints)
    root = asarray_like(target_root, joints)
    root = root if root.ndim == joints.ndim else root[..., None, :]
    joints = joints + root
    if insert_at is None:
        return joints
    root = xp.broadcast_to(root, (*joints.shape[:-2], 1, joints.shape[-1]))
    return xp.concat([joints[..., :insert_at, :], root, joints[..., insert_at:, :]], axis=-2)


def network_input(keypoints: Array, visible: Array, *, concat_vis: bool, reshape: bool) -> Array:
    """Arrange keypoints (T, K, D) as the network takes them.

    Args:
        keypoints: (T, K, D), or (K, D) of a single frame.
        visible: (T, K).
        concat_vis: add the visibility as one more coordinate.
        reshape: return (K D, T), as convolutions over time take it.
    """
    xp = namespace(keypoints)
    keypoints = keypoints[None] if keypoints.ndim == 2 else keypoints
    if concat_vis:
        column = visible if visible.ndim == 3 else visible[..., None]
        keypoints = xp.concat([keypoints, asarray_like(column, keypoints)], axis=2)
    if reshape:
        frames, count, size = keypoints.shape
        return xp.permute_dims(keypoints, (1, 2, 0)).reshape((count * size, frames))
    return keypoints
