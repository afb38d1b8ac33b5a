"""Boxes: formats, overlaps, flips and the matrices that cut them out of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posekit.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from posekit.structures.bbox.overlaps import *  # noqa: F403
    from posekit.structures.bbox.transforms import *  # noqa: F403

__all__, __getattr__ = lazy_exports(  # pyright: ignore[reportUnsupportedDunderAll]
    __name__,
    {
        "structures.bbox.transforms": """bbox_clip_border bbox_corner2xyxy bbox_cs2xywh bbox_cs2xyxy bbox_xywh2cs
            bbox_xywh2xyxy bbox_xyxy2corner bbox_xyxy2cs bbox_xyxy2xywh flip_bbox get_pers_warp_matrix
            get_udp_warp_matrix get_warp_matrix""",
        "structures.bbox.overlaps": "bbox_overlaps",
    },
)
