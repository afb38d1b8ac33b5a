"""Boxes: formats, overlaps, flips and the matrices that cut them out of a picture."""

from posekit.structures.bbox.convert import (
    bbox_clip_border,
    bbox_corner2xyxy,
    bbox_cs2xywh,
    bbox_cs2xyxy,
    bbox_xywh2cs,
    bbox_xywh2xyxy,
    bbox_xyxy2corner,
    bbox_xyxy2cs,
    bbox_xyxy2xywh,
)
from posekit.structures.bbox.flip import flip_bbox
from posekit.structures.bbox.overlaps import bbox_overlaps
from posekit.structures.bbox.warp_matrix import get_pers_warp_matrix, get_udp_warp_matrix, get_warp_matrix

__all__ = [
    "bbox_clip_border",
    "bbox_corner2xyxy",
    "bbox_cs2xywh",
    "bbox_cs2xyxy",
    "bbox_overlaps",
    "bbox_xywh2cs",
    "bbox_xywh2xyxy",
    "bbox_xyxy2corner",
    "bbox_xyxy2cs",
    "bbox_xyxy2xywh",
    "flip_bbox",
    "get_pers_warp_matrix",
    "get_udp_warp_matrix",
    "get_warp_matrix",
]
