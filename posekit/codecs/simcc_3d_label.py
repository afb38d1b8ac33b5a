"""Coordinates as classification along x, y and depth (SimCC in space)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from posekit.array import Array, namespace
from posekit.codecs.base import BaseCodec
from posekit.codecs.pose_lifting import root_of
from posekit.codecs.simcc_label import SimCCLabel
from posekit.registry import CODECS

MEAN_ROOT_DEPTH = 5.14388
"""Distance of people's hips from the camera in Human3.6M, in metres."""
DEPTH_RANGE = 2.1744869
"""Largest distance of a keypoint from its root along the optical axis, in metres."""


@CODECS.register_module()
class SimCC3DLabel(SimCCLabel):
    """One row of bins each along x, y and depth; depth is relative to a root and may be unknown.

    Args:
        input_size: width, height and depth of the input; the depth is that of ``z_range`` to both sides of the root.
        sigma: standard deviation of the Gaussians, in bins; one or three.
        simcc_split_ratio: bins per pixel.
        normalize: give the Gaussians the sum one.
        use_dark: decode with DARK.
        root_index: the root keypoint, or several whose mean is taken.
        z_range: largest depth relative to the root, in metres; by default that of Human3.6M.

    Source: RTMW, arXiv 2407.08634, section 3.3.
    """

    axes = "xyz"
    auxiliary_encode_keys: ClassVar[frozenset[str]] = frozenset({"keypoints_3d"})
    label_mapping_table: ClassVar[dict[str, str]] = {
        **SimCCLabel.label_mapping_table,
        "keypoint_z_labels": "keypoint_z_labels",
        "weight_z": "weight_z",
    }
    instance_mapping_table: ClassVar[dict[str, str]] = {
        "bbox": "bboxes",
        "bbox_score": "bbox_scores",
        "bbox_scale": "bbox_scales",
        "lifting_target": "lifting_target",
        "lifting_target_visible": "lifting_target_visible",
        "camera_param": "camera_params",
        "root_z": "root_z",
    }

    def __init__(
        self,
        input_size: Sequence[int],
        sigma: float | Sequence[float] = 6.0,
        simcc_split_ratio: float = 2.0,
        normalize: bool = True,
        use_dark: bool = False,
        root_index: int | Sequence[int] = 0,
        z_range: float | None = None,
    ) -> None:
        super().__init__(
            input_size, sigma=sigma, simcc_split_ratio=simcc_split_ratio, normalize=normalize, use_dark=use_dark
        )
        self.root_index = [root_index] if isinstance(root_index, int) else list(root_index)
        self.z_range = DEPTH_RANGE if z_range is None else z_range

    def encode(
        self,
        keypoints: Array,
        keypoints_visible: Array | None = None,
        keypoints_3d: Array | None = None,
        **auxiliary: Any,
    ) -> dict[str, Any]:
        """Turn keypoints (N, K, 2), and their places (N, K, 3) in the camera's space, into rows of bins.

        Returns:
            ``keypoint_x_labels`` (N, K, Wx), ``keypoint_y_labels`` and ``keypoint_z_labels`` likewise, float32;
            ``keypoint_weights`` (N, K); ``weight_z`` (N, K), zero where the depth is unknown; ``root_z`` (N,), the
            root's depth in metres, that of an average person where it is unknown.
        """
        xp = namespace(keypoints)
        if keypoints_3d is None:
            depth, root_z = xp.ones_like(keypoints[..., :1]), xp.full_like(keypoints[..., 0, 0], MEAN_ROOT_DEPTH)
        else:
            root_z = root_of(keypoints_3d, self.root_index)[..., 2]
            depth = self._pixels(keypoints_3d[..., 2:] - root_z[..., None, None])
        encoded = super().encode(xp.concat([keypoints[..., :2], depth], axis=-1), keypoints_visible)
        weights = encoded["keypoint_weights"]
        weight_z = xp.zeros_like(weights) if keypoints_3d is None else weights
        return {**encoded, "weight_z": weight_z, "root_z": root_z}

    encode_batch = BaseCodec.encode_batch

    def decode(self, simcc_x: Array, simcc_y: Array, *simcc_z: Array) -> tuple[Array, Any]:
        """Find the keypoints in rows (N, K, Wx), (N, K, Wy) and (N, K, Wz), or those of one instance.

        Returns:
            Keypoints (N, K, 3), x and y in input space, depth in metres relative to the root, and scores (N, K): the
            lower of the maxima along x and y.
        """
        keypoints, scores = super().decode(simcc_x, simcc_y, *simcc_z)
        depth = (keypoints[..., 2:] / self.input_size[2] * 2 - 1) * self.z_range
        return namespace(keypoints).concat([keypoints[..., :2], depth], axis=-1), scores

    def simcc_space(self, keypoints: Array) -> Array:
        """Return decoded keypoints (..., K, 3) with the depth in input pixels as well."""
        return namespace(keypoints).concat([keypoints[..., :2], self._pixels(keypoints[..., 2:])], axis=-1)

    def _pixels(self, depth: Array) -> Array:
        return (depth / self.z_range + 1) * (self.input_size[2] / 2)
