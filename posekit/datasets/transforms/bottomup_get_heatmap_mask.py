"""Where heatmaps may be learned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.results import Results
from posekit.datasets.transforms.warp import Warp, apply_warp, frame_size
from posekit.registry import TRANSFORMS

SUBPIXEL_BITS = 4


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


def segmentation_mask(segmentations: Iterable[Any], size_hw: tuple[int, int]) -> np.ndarray:
    """Return the union of COCO segmentations as a (H, W) bool mask.

    Each is a list of polygons [x1, y1, x2, y2, ...] in continuous pixel coordinates
    (a pixel's centre is at 0.5), or a dict with ``size`` (h, w) and run lengths in
    ``counts``, as a list or in COCO's compressed text.

    Raises:
        ValueError: for run lengths of another image size.
    """
    mask = np.zeros(size_hw, np.uint8)
    for segmentation in segmentations:
        if isinstance(segmentation, dict):
            mask |= decode_runs(segmentation, size_hw)
        else:
            fill_polygons(mask, segmentation)
    return mask.astype(bool)


def fill_polygons(mask: np.ndarray, polygons: Iterable[Any]) -> None:
    """Set the pixels inside any of ``polygons`` to 1."""
    import cv2

    for polygon in polygons:
        points = np.asarray(polygon, np.float64).reshape(-1, 2) - 0.5
        fixed = np.rint(points * 2**SUBPIXEL_BITS).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 1, shift=SUBPIXEL_BITS)  # pyright: ignore[reportCallIssue, reportArgumentType]


def decode_runs(segmentation: dict[str, Any], size_hw: tuple[int, int]) -> np.ndarray:
    """Return a run-length mask as (H, W) uint8; runs alternate between 0 and 1, column by column."""
    counts = segmentation["counts"]
    runs = decompress_counts(counts) if isinstance(counts, (str, bytes)) else list(counts)
    if tuple(segmentation["size"]) != tuple(size_hw) or sum(runs) != size_hw[0] * size_hw[1]:
        raise ValueError(
            f"segmentation: run lengths of {sum(runs)} pixels, size {tuple(segmentation['size'])}, "
            f"for an image of {tuple(size_hw)}"
        )
    values = np.arange(len(runs)) % 2
    return np.repeat(values, runs).astype(np.uint8).reshape(size_hw[::-1]).T


def decompress_counts(text: str | bytes) -> list[int]:
    """Return the run lengths in COCO's text form.

    Every number is written in groups of 5 bits, lowest first, each group as a
    character from '0' on; bit 5 says that more follow, and bit 4 of the last
    group is the sign. From the fourth number on, the difference to the number two
    before is written.
    """
    data = text.encode("ascii") if isinstance(text, str) else text
    runs: list[int] = []
    value = shift = 0
    for character in data:
        group = character - 48
        value |= (group & 0x1F) << shift
        shift += 5
        if group & 0x20:
            continue
        if group & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs
