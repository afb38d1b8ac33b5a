"""Mirrored boxes."""

from __future__ import annotations

from posekit.array import Array, namespace

_MIRRORED_AXES = {"horizontal": (0,), "vertical": (1,), "diagonal": (0, 1)}


def flip_bbox(
    bbox: Array, image_size: tuple[int, int], bbox_format: str = "xywh", direction: str = "horizontal"
) -> Array:
    """Return boxes as they lie in the mirrored image.

    Convention: pixel centres at integers, so that x becomes ``width - 1 - x``.

    Args:
        bbox: (..., 4) for "xyxy" and "xywh", (..., 2) for "center".
        image_size: width and height.
        bbox_format: "xywh", "xyxy" or "center". For "xywh" the first two numbers are
            mirrored as a point, which makes them the corner on the other side.
        direction: "horizontal", "vertical" or "diagonal" (both).

    Raises:
        ValueError: for another format or direction.
    """
    if direction not in _MIRRORED_AXES:
        raise ValueError(f"flip_bbox: direction {direction!r}; allowed are {', '.join(_MIRRORED_AXES)}")
    if bbox_format not in ("xywh", "xyxy", "center"):
        raise ValueError(f"flip_bbox: bbox_format {bbox_format!r}; allowed are xywh, xyxy, center")
    xp = namespace(bbox)
    columns = [bbox[..., i] for i in range(bbox.shape[-1])]
    for axis in _MIRRORED_AXES[direction]:
        last = image_size[axis] - 1
        if bbox_format == "xyxy":
            columns[axis], columns[axis + 2] = last - columns[axis + 2], last - columns[axis]
        else:
            columns[axis] = last - columns[axis]
    return xp.stack(columns, axis=-1)
