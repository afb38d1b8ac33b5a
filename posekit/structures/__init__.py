"""Samples, batches, boxes and keypoints as data."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posekit.structures.bbox import *  # noqa: F403
    from posekit.structures.instance_data import InstanceData as InstanceData
    from posekit.structures.keypoint import *  # noqa: F403
    from posekit.structures.pixel_data import MultilevelPixelData as MultilevelPixelData
    from posekit.structures.pixel_data import PixelData as PixelData
    from posekit.structures.pose_batch import PoseBatch as PoseBatch
    from posekit.structures.pose_data_sample import PoseDataSample as PoseDataSample

_HOMES = {
    "InstanceData": "instance_data",
    "MultilevelPixelData": "pixel_data",
    "PixelData": "pixel_data",
    "PoseBatch": "pose_batch",
    "PoseDataSample": "pose_data_sample",
    "bbox_clip_border": "bbox",
    "bbox_corner2xyxy": "bbox",
    "bbox_cs2xywh": "bbox",
    "bbox_cs2xyxy": "bbox",
    "bbox_overlaps": "bbox",
    "bbox_xywh2cs": "bbox",
    "bbox_xywh2xyxy": "bbox",
    "bbox_xyxy2corner": "bbox",
    "bbox_xyxy2cs": "bbox",
    "bbox_xyxy2xywh": "bbox",
    "flip_bbox": "bbox",
    "flip_keypoints": "keypoint",
    "flip_keypoints_custom_center": "keypoint",
    "get_pers_warp_matrix": "bbox",
    "get_udp_warp_matrix": "bbox",
    "get_warp_matrix": "bbox",
    "keypoint_clip_border": "keypoint",
}

__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
