"""Boxes and keypoints as shares of the picture's size, for end-to-end detection of poses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.codecs.peak_lists import top_values
from posekit.registry import CODECS
from posekit.structures.array import Array, asarray_like, namespace
from posekit.structures.bbox.convert import bbox_cs2xyxy, bbox_xyxy2cs


@CODECS.register_module()
class EDPoseLabel(BaseCodec):
    """Boxes (centre and size), keypoints and areas divided by the picture's size.

    Args:
        num_select: candidates kept when decoding.
        num_keypoints: keypoints per candidate.

    Source: Yang et al., arXiv 2302.01593.
    """

    auxiliary_encode_keys: ClassVar[frozenset[str]] = frozenset({"area", "bboxes", "img_shape"})
    instance_mapping_table: ClassVar[dict[str, str]] = {
        "bbox": "bboxes",
        "keypoints": "keypoints",
        "keypoints_visible": "keypoints_visible",
        "area": "areas",
    }

    def __init__(self, num_select: int = 100, num_keypoints: int = 17) -> None:
        self.num_select = num_select
        self.num_keypoints = num_keypoints

    @property
    def round_trip_px(self) -> float:
        return 1e-2

    def encode(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        img_shape: Sequence[int],
        keypoints: Array,
        keypoints_visible: Array | None = None,
        area: Array | None = None,
        bboxes: Array | None = None,
        **auxiliary: Any,
    ) -> dict[str, Any]:
        """Encode keypoints (N, K, 2), areas (N,) and xyxy boxes (N, 4) of a picture ``img_shape``.

        The first number of ``img_shape`` divides x and the second y, as released models were trained.
        """
        first, second = img_shape
        size = asarray_like(np.array([first, second, first, second]), keypoints)
        boxes = None
        if bboxes is not None:
            boxes = namespace(bboxes).concat(bbox_xyxy2cs(bboxes), axis=-1) / size
        return {
            "keypoints": keypoints / size[:2],
            "area": None if area is None else area / float(first * second),
            "bbox": boxes,
            "keypoints_visible": visibility_or_ones(keypoints, keypoints_visible),
        }

    def decode(
        self, input_shapes: Array, pred_logits: Array, pred_boxes: Array, pred_keypoints: Array
    ) -> tuple[Array, Array, Array]:
        """Keep the best candidates of one picture.

        Args:
            input_shapes: (2,) height and width.
            pred_logits: (Q, C) scores of Q candidates in C classes.
            pred_boxes: (Q, 4) centre and size, as shares.
            pred_keypoints: (Q, 3 K), of which the first 2 K are x and y by turns, as shares.

        Returns:
            Boxes (N, 4) xyxy and keypoints (N, K, 2) in pixels, and scores (N, K).
        """
        xp = namespace(pred_logits)
        best, index = top_values(pred_logits.reshape((-1,)), self.num_select)
        row = index // pred_logits.shape[1]
        size = xp.flip(asarray_like(input_shapes, pred_boxes), axis=0)
        boxes = bbox_cs2xyxy(pred_boxes[..., :2], pred_boxes[..., 2:])[row] * xp.concat([size, size])
        count = self.num_keypoints
        keypoints = pred_keypoints[row][:, : 2 * count].reshape((-1, count, 2)) * size
        return boxes, keypoints, xp.broadcast_to(best[:, None], (best.shape[0], count))
