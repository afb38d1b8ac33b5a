"""How much boxes overlap."""

from __future__ import annotations

from typing import Any

from posekit.array import Array, ArrayT, namespace


def bbox_overlaps(
    bboxes1: ArrayT, bboxes2: ArrayT, mode: str = "iou", is_aligned: bool = False, eps: float = 1e-6
) -> ArrayT:
    """Return the overlap of boxes, every one with every other or pair by pair.

    Args:
        bboxes1: (..., M, 4) xyxy.
        bboxes2: (..., N, 4) xyxy.
        mode: "iou" (over the union), "iof" (over the first box) or "giou" (less the empty share
            of the box around both).
        is_aligned: compare box i with box i only; M and N are equal.
        eps: lower bound of the areas divided by, in square pixels.

    Returns:
        (..., M, N), or (..., M) when aligned.

    Raises:
        ValueError: for another mode, or aligned boxes of unequal number.

    Source: Rezatofighi et al., arXiv 1902.09630, for "giou".
    """
    if mode not in ("iou", "iof", "giou"):
        raise ValueError(f"bbox_overlaps: mode {mode!r}; allowed are iou, iof, giou")
    if is_aligned and bboxes1.shape[-2] != bboxes2.shape[-2]:
        raise ValueError(f"bbox_overlaps: {bboxes1.shape[-2]} boxes cannot be aligned with {bboxes2.shape[-2]}")
    xp = namespace(bboxes1, bboxes2)
    first, second = (bboxes1, bboxes2) if is_aligned else (bboxes1[..., :, None, :], bboxes2[..., None, :, :])

    def area(low: Array, high: Array) -> Any:
        size = (high - low).clip(0, None)
        return size[..., 0] * size[..., 1]

    inner = area(xp.maximum(first[..., :2], second[..., :2]), xp.minimum(first[..., 2:4], second[..., 2:4]))
    area_first = area(first[..., :2], first[..., 2:4]) + 0 * inner
    base = area_first if mode == "iof" else area_first + area(second[..., :2], second[..., 2:4]) - inner
    base = base.clip(eps, None)
    overlap = inner / base
    if mode != "giou":
        return overlap
    outer = area(xp.minimum(first[..., :2], second[..., :2]), xp.maximum(first[..., 2:4], second[..., 2:4]))
    outer = outer.clip(eps, None)
    return overlap - (outer - base) / outer
