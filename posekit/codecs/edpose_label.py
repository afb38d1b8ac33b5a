"""Boxes and keypoints as shares of the image's size, for end-to-end detection of poses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, asarray_like, namespace
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.codecs.peak_lists import top_values
from posekit.registry import CODECS
from posekit.structures.bbox.transforms import bbox_cs2xyxy, bbox_xyxy2cs


@CODECS.register_module()
class EDPoseLabel(BaseCodec):
    """Boxes (centre and size), keypoints and areas divided by the image's size.

    Args:
        num_select: candidates kept when decoding.
        num_keypoints: keypoints per candidate.

    Source: Yang et al., arXiv 2302.01593.
    """

    auxiliary_encode_keys: ClassVar[frozenset[str]] = frozenset({"area", "bbox", "input_size"})
    instance_mapping_table: ClassVar[dict[str, str]] = {
        "bbox": "bboxes",
        "keypoints": "keypoints",
        "keypoints_visible": "keypoints_visible",
        "area": "areas",
    }
    label_mapping_table: ClassVar[dict[str, str]] = instance_mapping_table

    def __init__(self, num_select: int = 100, num_keypoints: int = 17) -> None:
        self.num_select = num_select
        self.num_keypoints = num_keypoints

    @property
    def round_trip_px(self) -> float:
        return 1e-2

    def encode(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        img_shape: Sequence[int] | None = None,
        keypoints: Array | None = None,
        keypoints_visible: Array | None = None,
        area: Array | None = None,
        bboxes: Array | None = None,
        bbox: Array | None = None,
        input_size: Sequence[int] | None = None,
        **auxiliary: Any,
    ) -> dict[str, Any]:
        """Encode keypoints (N, K, 2), areas (N,) and xyxy boxes (N, 4) of an image.

        Args:
            img_shape: width and height of the image; ``input_size`` is its name in pipelines.
            keypoints: keypoints in pixels.
            keypoints_visible: (N, K).
            area: area in square pixels.
            bboxes: boxes in pixels; ``bbox`` is its name in pipelines.
            bbox: the same.
            input_size: the same as ``img_shape``.

        Raises:
            ValueError: without the image's size or keypoints.
        """
        size_wh = input_size if img_shape is None else img_shape
        if size_wh is None or keypoints is None:
            raise ValueError(
                "EDPoseLabel.encode divides keypoints by 'input_size'; resize the image before GenerateTarget, "
                "by BottomupRandomChoiceResize or BottomupRandomAffine"
            )
        size = asarray_like(np.array([*size_wh, *size_wh]), keypoints)
        encoded: dict[str, Any] = {
            "keypoints": keypoints / size[:2],
            "keypoints_visible": visibility_or_ones(keypoints, keypoints_visible),
        }
        boxes = bbox if bboxes is None else bboxes
        if boxes is not None:
            encoded["bbox"] = namespace(boxes).concat(bbox_xyxy2cs(boxes), axis=-1) / size
        if area is not None:
            encoded["area"] = area / float(size_wh[0] * size_wh[1])
        return encoded

    def decode(
        self, input_shapes: Array, pred_logits: Array, pred_boxes: Array, pred_keypoints: Array
    ) -> tuple[Array, Array, Array]:
        """Keep the best candidates of one image.

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
