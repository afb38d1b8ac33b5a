"""Where heatmaps may be learned."""

from __future__ import annotations

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.coco_mask import segmentation_mask
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import Warp, apply_warp, frame_size
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class BottomupGetHeatmapMask(BaseTransform):
    """Mark the pixels that no unannotated instance (``invalid_segs``) covers, at the size of the heatmaps.

    Args:
        get_invalid: mark the unannotated pixels instead.
    """

    requires = ("ori_shape",)
    provides = ("heatmap_mask",)

    def __init__(self, get_invalid: bool = False) -> None:
        self.get_invalid = get_invalid

    def transform(self, results: Results) -> Results:
        covered = segmentation_mask(results.get("invalid_segs") or (), results["ori_shape"][:2])
        mask = (covered if self.get_invalid else ~covered).astype(np.float32)
        affine = results.get("affine")
        if affine is not None:
            mask = apply_warp(mask, Warp(affine, frame_size(results)))
        heatmaps = results.get("heatmaps")
        if isinstance(heatmaps, list):
            results["heatmap_mask"] = [resize_mask(mask, level.shape[1:3]) for level in heatmaps]
        else:
            results["heatmap_mask"] = resize_mask(mask, mask.shape if heatmaps is None else heatmaps.shape[1:3])
        return results


def resize_mask(mask: np.ndarray, size_hw: tuple[int, ...]) -> np.ndarray:
    """Return a float mask as bool of another size, by bilinear interpolation."""
    import cv2

    if mask.shape != tuple(size_hw):
        mask = cv2.resize(mask, (size_hw[1], size_hw[0]), interpolation=cv2.INTER_LINEAR)
    return mask > 0.5
