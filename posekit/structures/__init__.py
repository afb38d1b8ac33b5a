"""Samples, batches, boxes and keypoints as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posekit.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from posekit.structures.bbox import *  # noqa: F403
    from posekit.structures.instance_data import InstanceData as InstanceData
    from posekit.structures.keypoint import *  # noqa: F403
    from posekit.structures.pixel_data import MultilevelPixelData as MultilevelPixelData
    from posekit.structures.pixel_data import PixelData as PixelData
    from posekit.structures.pose_batch import PoseBatch as PoseBatch
    from posekit.structures.pose_data_sample import PoseDataSample as PoseDataSample

__all__, __getattr__ = lazy_exports(  # pyright: ignore[reportUnsupportedDunderAll]
    __name__,
    {
        "structures.instance_data": "InstanceData",
        "structures.pixel_data": "MultilevelPixelData PixelData",
        "structures.pose_batch": "PoseBatch",
        "structures.pose_data_sample": "PoseDataSample",
        "structures.bbox": """bbox_clip_border bbox_corner2xyxy bbox_cs2xywh bbox_cs2xyxy bbox_overlaps bbox_xywh2cs
            bbox_xywh2xyxy bbox_xyxy2corner bbox_xyxy2cs bbox_xyxy2xywh flip_bbox get_pers_warp_matrix
            get_udp_warp_matrix get_warp_matrix""",
        "structures.keypoint": "flip_keypoints flip_keypoints_custom_center keypoint_clip_border",
    },
)
