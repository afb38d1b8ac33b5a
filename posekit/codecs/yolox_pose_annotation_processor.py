"""Annotations in the form that one-stage detectors of poses take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from posekit.array import Array, namespace
from posekit.codecs.base import BaseCodec, visibility_or_ones
from posekit.codecs.instance_maps import instance_boxes
from posekit.registry import CODECS


@CODECS.register_module()
class YOLOXPoseAnnotationProcessor(BaseCodec):
    """Counts classes from zero and, if wanted, widens boxes to hold all visible keypoints.

    It encodes only: the head finds keypoints itself.

    Args:
        expand_bbox: widen the boxes.
        input_size: accepted from configs that name the input's size for every codec.
    """

    auxiliary_encode_keys: ClassVar[frozenset[str]] = frozenset({"category_id", "bbox"})
    label_mapping_table: ClassVar[dict[str, str]] = {
        "bbox": "bboxes",
        "bbox_labels": "labels",
        "keypoints": "keypoints",
        "keypoints_visible": "keypoints_visible",
        "area": "areas",
    }
    instance_mapping_table: ClassVar[dict[str, str]] = {
        "bbox": "bboxes",
        "bbox_score": "bbox_scores",
        "keypoints": "keypoints",
        "keypoints_visible": "keypoints_visible",
    }

    def __init__(self, expand_bbox: bool = False, input_size: tuple[int, int] | None = None) -> None:
        self.expand_bbox = expand_bbox
        self.input_size = input_size

    def encode(
        self,
        keypoints: Array,
        keypoints_visible: Array | None = None,
        bbox: Array | None = None,
        category_id: Sequence[int] | None = None,
        **auxiliary: Any,
    ) -> dict[str, Any]:
        """Encode boxes (N, 4) xyxy and class numbers, which start at one.

        Returns:
            ``bbox`` (N, 4) if boxes are widened, and ``bbox_labels`` (N,) int8 if there are classes.
        """
        encoded: dict[str, Any] = {}
        if self.expand_bbox and bbox is not None:
            visible = visibility_or_ones(keypoints, keypoints_visible)
            visible = visible[..., 0] if visible.ndim == 3 else visible
            around = instance_boxes(keypoints[..., :2], visible)
            xp = namespace(bbox)
            seen = xp.any(visible > 0, axis=1)[:, None]
            low = xp.where(seen, xp.minimum(bbox[:, :2], around[:, :2]), bbox[:, :2])
            high = xp.where(seen, xp.maximum(bbox[:, 2:], around[:, 2:]), bbox[:, 2:])
            encoded["bbox"] = xp.concat([low, high], axis=-1)
        if category_id is not None:
            encoded["bbox_labels"] = np.asarray(category_id).astype(np.int8) - np.int8(1)
        return encoded
