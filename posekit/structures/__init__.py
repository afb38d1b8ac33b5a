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

_CONTENTS = {
    "instance_data": "InstanceData",
    "pixel_data": "MultilevelPixelData PixelData",
    "pose_batch": "PoseBatch",
    "pose_data_sample": "PoseDataSample",
    "bbox": """bbox_clip_border bbox_corner2xyxy bbox_cs2xywh bbox_cs2xyxy bbox_overlaps bbox_xywh2cs bbox_xywh2xyxy
        bbox_xyxy2corner bbox_xyxy2cs bbox_xyxy2xywh flip_bbox get_pers_warp_matrix get_udp_warp_matrix
        get_warp_matrix""",
    "keypoint": "flip_keypoints flip_keypoints_custom_center keypoint_clip_border",
}
_HOMES = {name: module for module, names in _CONTENTS.items() for name in names.split()}

__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
