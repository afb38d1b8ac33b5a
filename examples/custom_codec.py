"""A codec of one's own: coordinates between -1 and 1 around the input's centre.

Use it with ``posekit train CONFIG --plugin examples.custom_codec`` and in the config

    codec = dict(type="CentredLabel", input_size=(192, 256))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, namespace
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.registry import CODECS


@CODECS.register_module()
class CentredLabel(BaseCodec):
    """Coordinates divided by half the input's size, zero at its centre; works on numpy and torch."""

    label_mapping_table: ClassVar[dict[str, str]] = {key: key for key in ("keypoint_labels", "keypoint_weights")}

    def __init__(self, input_size: tuple[int, int]) -> None:
        self.half_size = (np.asarray(input_size) - 1) / 2

    @property
    def round_trip_px(self) -> float:
        return 1e-3

    def encode(self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any) -> dict[str, Any]:
        xp = namespace(keypoints)
        labels = keypoints[..., :2] / asarray_like(self.half_size, keypoints) - 1
        inside = xp.all(xp.abs(labels) <= 1, axis=-1) & (visibility_or_ones(keypoints, keypoints_visible) > 0.5)
        return {
            "keypoint_labels": xp.astype(labels, xp.float32),
            "keypoint_weights": xp.astype(inside, xp.float32),
        }

    def encode_batch(self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any) -> dict:
        return self.encode(keypoints, keypoints_visible)  # any leading dimensions will do

    def decode(self, encoded: Array) -> tuple[Array, Array]:
        points = (encoded[..., :2] + 1) * asarray_like(self.half_size, encoded)
        return points, namespace(encoded).ones_like(encoded[..., 0])

    batch_decode = decode

    def flip(self, outputs: Array, flip_indices: Sequence[int], **options: Any) -> Array:
        mirrored = outputs[..., list(flip_indices), :]
        return mirrored * asarray_like(np.array([-1.0, 1.0]), outputs)
